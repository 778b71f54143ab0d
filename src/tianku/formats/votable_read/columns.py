"""Which Arrow column a FIELD becomes, and how its values are laid out in binary serialisations."""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass

import pyarrow as pa

from tianku.formats.votable_read.errors import beyond, unsupported
from tianku.formats.votable_read.meta import FieldMeta, TableMeta
from tianku.model.types import TYPES, DataType

#: elements of one value
MAX_ELEMENTS = 10**9
#: longer arrays of fixed length become lists, so that an empty one takes no room
_FIXED_LIST = 4096
_SIZE = re.compile(r"\s*((?:\d{1,12}x)*)(\d{0,12})(\*?)\s*")

#: VOTable datatype -> (type, numpy layout of one element, elements per value)
_NUMBERS: dict[str, tuple[DataType, str, int]] = {
    "unsignedByte": (DataType.UINT8, "u1", 1),
    "short": (DataType.INT16, ">i2", 1),
    "int": (DataType.INT32, ">i4", 1),
    "long": (DataType.INT64, ">i8", 1),
    "float": (DataType.FLOAT32, ">f4", 1),
    "double": (DataType.FLOAT64, ">f8", 1),
    "floatComplex": (DataType.FLOAT32, ">f4", 2),
    "doubleComplex": (DataType.FLOAT64, ">f8", 2),
    "boolean": (DataType.BOOLEAN, "u1", 1),
    "bit": (DataType.BOOLEAN, "bit", 1),
}
_TEXTS = {"char": "u1", "unicodeChar": ">u2"}


@dataclass(frozen=True, slots=True)
class ColumnSpec:
    """One column.

    Attributes
    ----------
    kind
        Type of an element.
    layout
        Numpy layout of an element, ``bit``, or None when only TABLEDATA can hold it.
    count
        Elements of a value of fixed length: 1 for scalars, 2 for a complex number, the letters of a text.
    per
        Elements of one item: 2 for complex numbers.
    texts
        In arrays of texts of `count` letters each: how many there are.
    variable
        True when the last dimension is ``*``.
    array
        True for arrays; a text is none, an array of texts is.
    """

    meta: FieldMeta
    kind: DataType
    layout: str | None
    count: int = 1
    per: int = 1
    texts: int = 1
    variable: bool = False
    array: bool = False

    @property
    def arrow(self) -> pa.DataType:
        """Type of the column."""
        scalar = TYPES[self.kind].arrow
        if not self.array:
            return scalar
        size = self.texts if self.kind is DataType.STRING else self.count
        return pa.list_(scalar) if self.variable or size > _FIXED_LIST else pa.list_(scalar, size)

    @property
    def field(self) -> pa.Field:
        """The column as a schema field; metadata keys are those of table readers, and more."""
        meta = self.meta
        said = {
            key: getattr(meta, key) for key in ("unit", "ucd", "utype", "xtype", "description", "null", "id")
        } | dict(meta.system)
        if meta.arraysize and "x" in meta.arraysize:
            said["shape"] = meta.arraysize
        return pa.field(meta.name, self.arrow, metadata={k: v for k, v in said.items() if v})


def column_specs(table: TableMeta, name: str) -> list[ColumnSpec]:
    """Return the columns of a table.

    Raises
    ------
    UsageError
        ``votable.unsupported`` for a datatype that nobody knows the bytes of, ``votable.limit`` for sizes.
    """
    return [_spec(field, table, name) for field in table.fields]


def _spec(meta: FieldMeta, table: TableMeta, name: str) -> ColumnSpec:
    found = _SIZE.fullmatch(meta.arraysize or "")
    if found is None:
        raise unsupported(name, f"field {meta.name!r} has arraysize {meta.arraysize!r}", "write 3, 3x2, * or 3x*")
    head = [int(n) for n in found[1].split("x")[:-1]]
    variable = found[3] == "*"
    last = int(found[2]) if found[2] and not variable else 1
    elements = math.prod([*head, last])
    if elements > MAX_ELEMENTS or (found[2] and int(found[2]) > MAX_ELEMENTS):
        raise beyond(name, f"the arraysize {meta.arraysize} of field {meta.name!r}", MAX_ELEMENTS)
    if meta.datatype in _TEXTS:
        return _text(meta, head, last, variable)
    if meta.datatype not in _NUMBERS:
        if table.serialisation not in ("TABLEDATA", None):
            raise unsupported(name, f"field {meta.name!r} has datatype {meta.datatype!r}", "use one of VOTable's")
        return ColumnSpec(meta, DataType.STRING, None, variable=True)
    kind, layout, per = _NUMBERS[meta.datatype]
    array = variable or elements != 1 or per > 1
    return ColumnSpec(meta, kind, layout, elements * per, per, variable=variable, array=array)


def _text(meta: FieldMeta, head: list[int], last: int, variable: bool) -> ColumnSpec:
    """A text: its first dimension is its length, further ones make an array of texts."""
    layout = _TEXTS[meta.datatype]
    if not head:
        return ColumnSpec(meta, DataType.STRING, layout, count=last, variable=variable)
    texts = math.prod([*head[1:], last])
    return ColumnSpec(meta, DataType.STRING, layout, head[0], texts=texts, variable=variable, array=True)


def schema_of(table: TableMeta, columns: list[ColumnSpec]) -> pa.Schema:
    """The schema of a table; its metadata hold name, description, params and infos (as JSON)."""
    scopes = (table, *table.scopes)
    params = [_param(p) for scope in scopes for p in scope.params]
    said = {
        "name": table.name,
        "description": next((s.description for s in scopes if s.description), ""),
        "utype": table.utype or "",
        "params": json.dumps(params, ensure_ascii=False) if params else "",
        "infos": json.dumps([i for s in scopes for i in s.infos], ensure_ascii=False),
    }
    return pa.schema([c.field for c in columns], metadata={k: v for k, v in said.items() if v and v != "[]"})


def _param(param: FieldMeta) -> dict[str, str]:
    keys = ("name", "value", "datatype", "arraysize", "unit", "ucd", "utype", "description")
    return {key: value for key in keys if (value := getattr(param, key))}
