"""The column types, and their names in every system that Tianku speaks to (one table)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import pyarrow as pa


class DataType(StrEnum):
    """A column's scalar type; an array of it is said by `Column.arraysize`."""

    BOOLEAN = "boolean"
    UINT8 = "uint8"
    INT16 = "int16"
    INT32 = "int32"
    INT64 = "int64"
    FLOAT32 = "float32"
    FLOAT64 = "float64"
    STRING = "string"
    TIMESTAMP = "timestamp"


@dataclass(frozen=True, slots=True)
class TypeNames:
    """One row of the type table."""

    arrow: pa.DataType
    duckdb: str
    adql: str  # TAP_SCHEMA/ADQL name
    votable: str
    fits: str  # TFORM letter


TYPES: dict[DataType, TypeNames] = {
    DataType.BOOLEAN: TypeNames(pa.bool_(), "BOOLEAN", "BOOLEAN", "boolean", "L"),
    DataType.UINT8: TypeNames(pa.uint8(), "UTINYINT", "SMALLINT", "unsignedByte", "B"),
    DataType.INT16: TypeNames(pa.int16(), "SMALLINT", "SMALLINT", "short", "I"),
    DataType.INT32: TypeNames(pa.int32(), "INTEGER", "INTEGER", "int", "J"),
    DataType.INT64: TypeNames(pa.int64(), "BIGINT", "BIGINT", "long", "K"),
    DataType.FLOAT32: TypeNames(pa.float32(), "FLOAT", "REAL", "float", "E"),
    DataType.FLOAT64: TypeNames(pa.float64(), "DOUBLE", "DOUBLE", "double", "D"),
    DataType.STRING: TypeNames(pa.string(), "VARCHAR", "VARCHAR", "char", "A"),
    DataType.TIMESTAMP: TypeNames(pa.timestamp("us"), "TIMESTAMP", "TIMESTAMP", "char", "A"),
}


def arrow_to_datatype(kind: pa.DataType) -> tuple[DataType, str | None]:
    """Return the (type, arraysize) that stands for an Arrow type.

    `arraysize` is ``None`` for scalars, ``"*"`` or ``"n"`` for lists. Wider unsigned and
    decimal types map to the signed or floating type that holds them; dates become timestamps.
    """
    if pa.types.is_dictionary(kind):
        return arrow_to_datatype(kind.value_type)
    if pa.types.is_fixed_size_list(kind):
        return arrow_to_datatype(kind.value_type)[0], str(kind.list_size)
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        return arrow_to_datatype(kind.value_type)[0], "*"
    for name, row in TYPES.items():
        if row.arrow == kind:
            return name, None
    if pa.types.is_int8(kind):
        return DataType.INT16, None
    if pa.types.is_uint16(kind):
        return DataType.INT32, None
    if pa.types.is_integer(kind):
        return DataType.INT64, None
    if pa.types.is_floating(kind):
        return (DataType.FLOAT32 if kind.bit_width <= 32 else DataType.FLOAT64), None
    if pa.types.is_decimal(kind):
        return DataType.FLOAT64, None
    if pa.types.is_timestamp(kind) or pa.types.is_date(kind):
        return DataType.TIMESTAMP, None
    return DataType.STRING, None
