"""Tab-separated answers of VizieR: columns described in comments, a line of units, a line of dashes."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from tianku.catalogue.names import unique_names
from tianku.catalogue.readers.base import TableSource, unreadable
from tianku.catalogue.readers.csv import CsvReader, Dialect, StatedColumn
from tianku.catalogue.readers.text_head import head_lines
from tianku.model.types import DataType

_COLUMN = re.compile(r"^#Column\t(?P<name>[^\t]+)\t\((?P<format>[AIFED])[^)]*\)\t?(?P<text>.*)$")
_UCD = re.compile(r"\s*\[ucd=([^\]]*)\]\s*$")
_CONDITION = re.compile(r"^(?:[\[\]][^\[\]]*[\[\]])?\s*[?+!]*\s+|^\?\s*")
_TYPES = {"A": DataType.STRING, "I": DataType.INT64, "F": DataType.FLOAT64, "E": DataType.FLOAT64}


def open_vizier(source: TableSource) -> CsvReader:
    """Open the first table of an answer of VizieR's ``asu-tsv``."""
    lines = head_lines(source.path)
    plain = [line for line in lines if line.strip() and not line.startswith("#")]
    rule = next((n for n, line in enumerate(plain) if n and re.fullmatch(r"[-\t;|, ]+", line)), None)
    if rule is None or rule > 2:
        problem = "no line of dashes below the names and units of its columns"
        raise unreadable(source.path, "a table of VizieR", problem)
    delimiter = source.config.delimiter or next((m for m in "\t;|," if m in plain[0]), "\t")
    names = unique_names(plain[0].split(delimiter))
    units = [u.strip() for u in plain[1].split(delimiter)] if rule == 2 else []
    stated = _stated(lines, names, units)
    skip = sum(1 for line in _until(lines, plain[rule]) if not line.startswith("#"))
    return CsvReader(source, Dialect(delimiter, names, skip, comment="#", stated=stated))


def _until(lines: Sequence[str], last: str) -> Sequence[str]:
    return lines[: lines.index(last) + 1]


def _stated(lines: Sequence[str], names: Sequence[str], units: Sequence[str]) -> Mapping[str, StatedColumn]:
    found = {m["name"].strip(): m for line in lines if (m := _COLUMN.match(line)) is not None}
    return {
        name: _column(found[name], units[number] if number < len(units) else "")
        for number, name in enumerate(names)
        if name in found
    }


def _column(match: re.Match[str], unit: str) -> StatedColumn:
    text = match["text"].strip()
    ucd = _UCD.search(text)
    said = _CONDITION.sub("", _UCD.sub("", text)).strip()
    sexagesimal = ":" in unit  # "h:m:s" is a way of writing, no unit
    metadata = {"unit": "" if sexagesimal else unit, "ucd": ucd[1] if ucd else "", "description": said}
    type_ = DataType.STRING if sexagesimal else _TYPES.get(match["format"], DataType.FLOAT64)
    return StatedColumn(type_, metadata)
