"""Turn columns of text into typed columns, naming the values that are not of the type."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tianku.model.types import TYPES, DataType

_FLOAT = r"^[+-]?(([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?|(?i:nan|inf|infinity))$"
_INTEGER = r"^[+-]?[0-9]{1,38}(\.0*)?$"
_PADDED = r"^0[0-9]+$"  # 007 is a name: as a number it would lose its zeros
_TIME = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}([T ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?)?$"
_TRUE = ("true", "t", "yes", "y", "1")
_FALSE = ("false", "f", "no", "n", "0")

_BOUNDS = {
    DataType.UINT8: (0, 2**8 - 1),
    DataType.INT16: (-(2**15), 2**15 - 1),
    DataType.INT32: (-(2**31), 2**31 - 1),
    DataType.INT64: (-(2**63), 2**63 - 1),
}


def blank_to_null(text: pa.Array) -> pa.Array:
    """Trim white space from a string column; blank values become null."""
    text = pc.utf8_trim_whitespace(text)
    return pc.if_else(pc.equal(pc.binary_length(text), 0), pa.scalar(None, text.type), text)


def parse(text: pa.Array, kind: DataType) -> tuple[pa.Array, pa.BooleanArray | None]:
    """Convert trimmed strings to a type.

    Parameters
    ----------
    text
        String array; nulls stay null.
    kind
        The wanted type.

    Returns
    -------
    values, bad
        `values` is null where `bad` is true; `bad` is None when every value is of the type.
        Fortran exponents (``1.5D+03``), ``+5``, and ``12.0`` for integers are accepted.
    """
    if kind is DataType.STRING:
        return text, None
    try:
        return pc.cast(text, TYPES[kind].arrow), None
    except pa.ArrowInvalid:
        return _SLOW[kind](text, kind)


def parse_lists(text: pa.Array, kind: DataType, separator: str) -> tuple[pa.ListArray, pa.BooleanArray | None]:
    """Convert strings of values joined by a separator to lists of a type; an empty string is an empty list.

    Returns
    -------
    values, bad
        As `parse`; `bad` marks the strings with an element that is not of the type.
    """
    lists = pc.split_pattern(text, separator)
    empty = np.asarray(pc.fill_null(pc.equal(pc.binary_length(text), 0), False))
    counts = np.where(empty, 0, pc.fill_null(pc.list_value_length(lists), 0).to_numpy())
    items = lists.flatten().filter(pa.array(~np.repeat(empty, np.maximum(counts, empty))))
    values, bad = parse(blank_to_null(items), kind)
    offsets = np.concatenate([[0], np.cumsum(counts)]).astype(np.int32)
    mask = pc.is_null(text) if text.null_count else None
    made = pa.ListArray.from_arrays(offsets, values.cast(TYPES[kind].arrow), mask=mask)
    if bad is None:
        return made, None
    wrong = np.zeros(len(text), dtype=bool)
    marks = np.asarray(pc.fill_null(bad, False).to_numpy(zero_copy_only=False), dtype=bool)
    wrong[np.repeat(np.arange(len(text)), counts)[marks]] = True
    return made, pa.array(wrong)


def infer(text: pa.Array, so_far: DataType | None) -> DataType | None:
    """Widen a guess of a column's type so that it also holds `text` (None: nothing seen yet).

    Order: int64, float64, timestamp (ISO 8601), string. An all-null column leaves the guess.
    """
    text = pc.drop_null(text)
    if len(text) == 0 or so_far is DataType.STRING:
        return so_far
    if pc.any(pc.match_substring_regex(text, _PADDED)).as_py():
        return DataType.STRING
    for kind in _WIDENING[so_far]:
        if not (kind is DataType.INT64 and _has_point(text)) and parse(text, kind)[1] is None:
            return kind
    return DataType.STRING


_WIDENING: dict[DataType | None, tuple[DataType, ...]] = {
    None: (DataType.INT64, DataType.FLOAT64, DataType.TIMESTAMP, DataType.BOOLEAN),
    DataType.INT64: (DataType.INT64, DataType.FLOAT64),
    DataType.FLOAT64: (DataType.FLOAT64,),
    DataType.TIMESTAMP: (DataType.TIMESTAMP,),
    DataType.BOOLEAN: (DataType.BOOLEAN,),
}


def _has_point(text: pa.Array) -> bool:
    return bool(pc.any(pc.match_substring(text, ".")).as_py())


def _mark(text: pa.Array, good: pa.Array) -> tuple[pa.Array, pa.BooleanArray | None]:
    bad = pc.and_(pc.invert(pc.fill_null(good, False)), pc.is_valid(text))
    if not pc.any(bad).as_py():
        return text, None
    return pc.if_else(bad, pa.scalar(None, text.type), text), bad


def _floats(text: pa.Array, kind: DataType) -> tuple[pa.Array, pa.BooleanArray | None]:
    text = pc.replace_substring_regex(text, r"([0-9.])[dD]([+-]?[0-9]+)$", r"\1e\2")
    text, bad = _mark(text, pc.match_substring_regex(text, _FLOAT))
    return pc.cast(text, TYPES[kind].arrow), bad


def _integers(text: pa.Array, kind: DataType) -> tuple[pa.Array, pa.BooleanArray | None]:
    text, bad = _mark(text, pc.match_substring_regex(text, _INTEGER))
    text = pc.replace_substring_regex(pc.ascii_ltrim(text, "+"), r"\.0*$", "")
    wide = pc.cast(text, pa.decimal128(38, 0))
    low, high = (pa.scalar(bound).cast(pa.decimal128(38, 0)) for bound in _BOUNDS[kind])
    _, beyond = _mark(text, pc.and_(pc.greater_equal(wide, low), pc.less_equal(wide, high)))
    if beyond is not None:
        wide = pc.if_else(beyond, pa.scalar(None, wide.type), wide)
        bad = beyond if bad is None else pc.or_(bad, beyond)
    return pc.cast(wide, TYPES[kind].arrow), bad


def _booleans(text: pa.Array, _: DataType) -> tuple[pa.Array, pa.BooleanArray | None]:
    lower = pc.utf8_lower(text)
    true = pc.is_in(lower, pa.array(_TRUE, lower.type))
    false = pc.is_in(lower, pa.array(_FALSE, lower.type))
    lower, bad = _mark(lower, pc.or_(true, false))
    return pc.if_else(pc.is_valid(lower), true, pa.scalar(None, pa.bool_())), bad


def _timestamps(text: pa.Array, kind: DataType) -> tuple[pa.Array, pa.BooleanArray | None]:
    plain = pc.replace_substring_regex(pc.replace_substring(text, "/", "-"), r"Z$", "")
    plain, bad = _mark(plain, pc.match_substring_regex(plain, _TIME))
    unique = pc.drop_null(pc.unique(plain))
    wrong = [value for value in unique if not _is_time(value)]
    if wrong:
        plain, impossible = _mark(plain, pc.invert(pc.is_in(plain, pa.array(wrong, plain.type))))
        bad = impossible if bad is None or impossible is None else pc.or_(bad, impossible)
    return pc.cast(plain, TYPES[kind].arrow), bad


def _is_time(value: pa.Scalar) -> bool:
    try:
        value.cast(TYPES[DataType.TIMESTAMP].arrow)
    except pa.ArrowInvalid:
        return False
    return True


_SLOW = {
    DataType.BOOLEAN: _booleans,
    DataType.UINT8: _integers,
    DataType.INT16: _integers,
    DataType.INT32: _integers,
    DataType.INT64: _integers,
    DataType.FLOAT32: _floats,
    DataType.FLOAT64: _floats,
    DataType.TIMESTAMP: _timestamps,
}
