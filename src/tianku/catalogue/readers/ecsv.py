"""ECSV: CSV whose columns are described by YAML in comments before it (astropy's APE 6)."""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterator, Mapping, Sequence
from typing import Any

import yaml

from tianku.catalogue.names import unique_names
from tianku.catalogue.readers.base import TableSource, unreadable
from tianku.catalogue.readers.csv import CsvReader, Dialect, StatedColumn
from tianku.catalogue.readers.text_head import HEAD_BYTES, head_lines
from tianku.model.types import DataType

_TYPES = {
    "bool": DataType.BOOLEAN,
    "int8": DataType.INT16,
    "int16": DataType.INT16,
    "int32": DataType.INT32,
    "int64": DataType.INT64,
    "uint8": DataType.UINT8,
    "uint16": DataType.INT32,
    "uint32": DataType.INT64,
    "uint64": DataType.INT64,
    "float16": DataType.FLOAT32,
    "float32": DataType.FLOAT32,
    "float64": DataType.FLOAT64,
    "float128": DataType.FLOAT64,
    "string": DataType.STRING,
}
_ARRAY = re.compile(r"^(\w+)\[(\d{1,9}|null)\]$")
_MAX_DEPTH = 50


class _Loader(yaml.SafeLoader):
    """SafeLoader that takes values with local tags (`!astropy…`) for plain ones and merges nothing."""

    def flatten_mapping(self, node: yaml.MappingNode) -> None:
        """Merge keys multiply what they merge; a header needs none."""

    def construct_plain(self, suffix: str, node: yaml.Node) -> Any:
        """The value of a node without its tag."""
        if isinstance(node, yaml.MappingNode):
            return self.construct_mapping(node, deep=True)
        if isinstance(node, yaml.SequenceNode):
            return self.construct_sequence(node, deep=True)
        return self.construct_scalar(node)  # type: ignore[arg-type]


_Loader.add_multi_constructor("!", _Loader.construct_plain)


def open_ecsv(source: TableSource) -> CsvReader:
    """Open an ECSV file.

    Arrays of one axis become lists; JSON and arrays of more axes stay text with the xtype ``json``.
    """
    lines = head_lines(source.path)
    count = next((n for n, line in enumerate(lines) if not line.startswith("#")), len(lines))
    if not lines or not lines[0].startswith("# %ECSV") or count >= len(lines):
        raise _broken(source, f"no line of column names within {HEAD_BYTES} bytes")
    said = _header(source, [line[2:] if line.startswith("# ") else line[1:] for line in lines[1:count]])
    delimiter = said.get("delimiter", " ")
    if delimiter not in (" ", ","):
        raise _broken(source, f"its delimiter is {delimiter!r}, not a blank or a comma")
    stated = dict(_columns(source, said.get("datatype")))
    names = tuple(stated)
    written = unique_names(n.strip().strip('"') for n in _split(lines[count], delimiter))
    if len(names) != len(written):
        raise _broken(source, f"its header describes {len(names)} columns, its first line names {len(written)}")
    return CsvReader(source, Dialect(delimiter, names, count + 1, stated=stated))


def _split(line: str, delimiter: str) -> list[str]:
    return re.findall(r'"(?:[^"]|"")*"|[^"\s]\S*', line) if delimiter == " " else line.split(",")


def _header(source: TableSource, lines: Sequence[str]) -> Mapping[Hashable, Any]:
    text = "\n".join(lines)
    try:
        _check_depth(_Loader(text))
        said = _Loader(text).get_single_data()
    except (yaml.YAMLError, ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        what = getattr(error, "problem", None) or str(error) or type(error).__name__
        raise _broken(source, f"its YAML is not valid: {what}") from error
    if not isinstance(said, dict):
        raise _broken(source, "its YAML is no mapping")
    return said


def _check_depth(loader: yaml.SafeLoader) -> None:
    depth = 0
    while loader.check_event():
        event = loader.get_event()
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > _MAX_DEPTH:
            raise ValueError(f"it is nested deeper than {_MAX_DEPTH} levels")


def _columns(source: TableSource, said: object) -> Iterator[tuple[str, StatedColumn]]:
    if not isinstance(said, list) or not all(isinstance(c, dict) and "name" in c for c in said):
        raise _broken(source, "its YAML has no list `datatype` of columns with names")
    names = unique_names(str(c["name"]) for c in said)
    for name, column in zip(names, said, strict=True):
        yield name, _column(source, name, column)


def _column(source: TableSource, name: str, said: Mapping[str, Any]) -> StatedColumn:
    metadata = {k: str(said[k]) for k in ("unit", "description") if said.get(k) is not None}
    kind, subtype = str(said.get("datatype", "string")), said.get("subtype")
    if subtype is None:
        if kind.startswith("complex"):
            return StatedColumn(DataType.STRING, metadata)
        if kind not in _TYPES:
            raise _broken(source, f"column {name} is of the unknown type {kind!r}")
        return StatedColumn(_TYPES[kind], metadata)
    array = _ARRAY.match(str(subtype))
    if array is not None and _TYPES.get(array[1], DataType.STRING) is not DataType.STRING and array[2] != "0":
        size = 0 if array[2] == "null" else int(array[2])
        return StatedColumn(_TYPES[array[1]], metadata, array=size)
    return StatedColumn(DataType.STRING, metadata | {"xtype": "json"})


def _broken(source: TableSource, reason: str) -> Exception:
    return unreadable(source.path, "ECSV", reason)
