"""How the types of PostgreSQL are read: the SQL of every column, and what is not read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tianku.model.types import DataType

_AS_IT_IS = {"bool", "int2", "int4", "int8", "float4", "float8", "text", "varchar"}
_INTEGERS = {"oid": "int8", "xid": "int8"}
_REFUSED = {"bytea": "bytes are no values of a column"}
#: digits that a double keeps
_DOUBLE_DIGITS = 15
_INT64_DIGITS = 18
_HEADER = 4  # of the number that says precision and scale


@dataclass(frozen=True, slots=True)
class Attribute:
    """A column as the database's catalogue tells it; `kind` is the type of an array's elements."""

    name: str
    kind: str
    is_array: bool
    modifier: int
    description: str | None


@dataclass(frozen=True, slots=True)
class Selected:
    """A column that is read."""

    name: str
    expression: str
    description: str = ""

    @property
    def metadata(self) -> dict[str, str]:
        """What the field says of itself."""
        return {"description": self.description} if self.description else {}


def quoted(name: str) -> str:
    """An identifier of SQL, whatever it holds."""
    return '"' + name.replace('"', '""') + '"'


def selected(
    attributes: Sequence[Attribute], declared: Mapping[str, DataType]
) -> tuple[list[Selected], list[str]]:
    """Return the columns that are read, and remarks on those that are not, or not digit by digit.

    Parameters
    ----------
    declared
        Types that the configuration gives, by name: they decide how ``numeric`` is read.
    """
    columns: list[Selected] = []
    notes: list[str] = []
    for one in attributes:
        if one.kind in _REFUSED:
            notes.append(f"{one.name}: {_REFUSED[one.kind]}")
        elif one.kind == "spoint" and not one.is_array:
            columns += _point(one)
        else:
            columns.append(Selected(one.name, _read(one, declared, notes), one.description or ""))
    return columns, notes


def _point(one: Attribute) -> list[Selected]:
    """A point of pgSphere, in radians there: two columns, in degrees."""
    column = quoted(one.name)
    return [
        Selected(f"{one.name}_{end}", f"degrees({function}({column}))::float8", one.description or "")
        for end, function in (("ra", "long"), ("dec", "lat"))
    ]


def _read(one: Attribute, declared: Mapping[str, DataType], notes: list[str]) -> str:
    column, array = quoted(one.name), "[]" if one.is_array else ""
    if one.kind in _AS_IT_IS:
        return column
    if one.kind in _INTEGERS:
        # xid has no cast of its own
        return f"{column}::text{array}::{_INTEGERS[one.kind]}{array}"
    if one.kind == "numeric":
        return f"{column}::{_numeric(one, declared.get(one.name), notes)}{array}"
    if one.kind in ("timestamp", "timestamptz", "date") and not one.is_array:
        # an infinite instant is no instant
        finite = f"CASE WHEN isfinite({column}) THEN {column} END"
        return f"({finite}) AT TIME ZONE 'UTC'" if one.kind == "timestamptz" else f"({finite})::timestamp"
    if one.kind == "bpchar":
        return f"{column}::text{array}"
    return f"{column}::text"


def _numeric(one: Attribute, wanted: DataType | None, notes: list[str]) -> str:
    """The type that holds a ``numeric``: as declared, else by its precision and scale."""
    if wanted is DataType.STRING:
        return "text"
    if wanted in (DataType.INT16, DataType.INT32, DataType.INT64, DataType.UINT8):
        return "int8"
    if one.modifier < _HEADER:
        precision, scale = None, None
    else:
        precision, scale = (one.modifier - _HEADER) >> 16 & 0xFFFF, (one.modifier - _HEADER) & 0x7FF
    if scale == 0 and precision is not None and precision <= _INT64_DIGITS:
        return "int8"
    if wanted is None and (precision is None or precision > _DOUBLE_DIGITS):
        notes.append(f"{one.name}: of numeric, a double keeps {_DOUBLE_DIGITS} digits; `type: string` keeps all")
    return "float8"
