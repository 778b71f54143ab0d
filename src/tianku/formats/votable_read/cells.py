"""Texts of TABLEDATA cells as typed columns; kernels only."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from tianku.formats.text_values import blank_to_null, parse
from tianku.formats.votable_read.columns import ColumnSpec
from tianku.model.types import TYPES, DataType

Marks = npt.NDArray[np.bool_]


def typed_cells(text: pa.StringArray, spec: ColumnSpec) -> tuple[pa.Array, Marks | None]:
    """Convert the cells of one column.

    Parameters
    ----------
    text
        As in the document, entities resolved; an empty cell is null or the empty text.

    Returns
    -------
    values, bad
        `values` is null where `bad` is true; `bad` is None when all is well.
    """
    if spec.array:
        return _texts(text, spec) if spec.kind is DataType.STRING else _arrays(text, spec)
    if spec.kind is DataType.STRING:
        text = blank_to_null(text)
        return _without(text, spec.meta.null), None
    return _scalars(text, spec)


def _scalars(text: pa.Array, spec: ColumnSpec) -> tuple[pa.Array, Marks | None]:
    null = (spec.meta.null or "").strip()
    try:
        values = pc.cast(text, TYPES[spec.kind].arrow)
    except pa.ArrowInvalid:
        text = _without(blank_to_null(text), null)
        if spec.kind is DataType.BOOLEAN:
            text = _without(text, "?")
        values, bad = parse(text, spec.kind)
        return without_value(values, null), None if bad is None else _marks(bad)
    return without_value(values, null), None


def without_value(values: pa.Array, null: str | None) -> pa.Array:
    """Null for the numbers that `null` (a VALUES null) stands for."""
    kind = values.type
    if not null or not len(values) or not (pa.types.is_integer(kind) or pa.types.is_floating(kind)):
        return values
    try:
        sign = pc.cast(pa.scalar(null.strip()), kind)
    except pa.ArrowInvalid:
        return values  # a word, or out of range: no value can be equal to it
    if pa.types.is_floating(kind) and np.isnan(sign.as_py()):
        hit = pc.is_nan(values)
    else:
        hit = pc.equal(values, sign)
    return pc.if_else(hit, pa.scalar(None, kind), values) if pc.any(hit).as_py() else values


def _without(text: pa.Array, null: str | None) -> pa.Array:
    if not null:
        return text
    return pc.if_else(pc.equal(text, null), pa.scalar(None, text.type), text)


def _arrays(text: pa.Array, spec: ColumnSpec) -> tuple[pa.Array, Marks | None]:
    """Arrays of numbers, separated by white space; bits may be written without."""
    text = blank_to_null(text)
    if spec.layout == "bit":
        text = pc.replace_substring_regex(pc.replace_substring_regex(text, r"\s+", ""), r"(.)", r"\1 ")
        text = pc.utf8_trim_whitespace(text)
    lists = pc.ascii_split_whitespace(text)
    items = lists.flatten()
    element = ColumnSpec(spec.meta, spec.kind, spec.layout)
    values, wrong = _scalars(items, element)
    rows = np.repeat(np.arange(len(text)), lengths := pc.fill_null(pc.list_value_length(lists), 0).to_numpy())
    bad = np.zeros(len(text), dtype=bool)
    if wrong is not None:
        bad[rows[wrong]] = True
    given = np.asarray(text.is_valid())
    if spec.variable:
        bad |= given & (lengths % spec.count != 0)
    else:
        bad |= given & (lengths != spec.count)
    if not bad.any():
        return as_column(values, lengths, given, spec), None
    values = values.filter(pa.array(~bad[rows]))
    return as_column(values, np.where(bad, 0, lengths), given & ~bad, spec), bad


def _texts(text: pa.Array, spec: ColumnSpec) -> tuple[pa.Array, Marks | None]:
    values = text.to_pylist()
    column = cut_texts(values, spec)
    bad = np.array([bool(v) for v in values]) & np.asarray(column.is_null())
    return column, bad if bad.any() else None


def cut_texts(values: list[str | None], spec: ColumnSpec) -> pa.Array:
    """Arrays of texts from texts that hold them one after the other, `spec.count` letters each.

    The last ones of a fixed number may be left out; a value with too many is null. Arrays of texts are
    rare enough for a loop.
    """
    size, kind = max(1, spec.count), spec.arrow
    number = kind.list_size if pa.types.is_fixed_size_list(kind) else None
    most = None if spec.variable else spec.texts
    column: list[list[str | None] | None] = []
    for value in values:
        pieces: list[str | None] = [value[i : i + size].strip() for i in range(0, len(value or ""), size)]  # type: ignore[index]
        pieces = [None if p in ("", spec.meta.null) else p for p in pieces]
        if not pieces or (most is not None and len(pieces) > most):
            column.append(None)
        else:
            column.append(pieces + [None] * (number - len(pieces)) if number else pieces)
    return pa.array(column, kind)


def as_column(values: pa.Array, lengths: np.ndarray, given: Marks, spec: ColumnSpec) -> pa.Array:
    """Lists of `lengths` elements each, null where not `given`, in the type of the column."""
    offsets = np.concatenate(([0], np.cumsum(lengths)))
    mask = None if given.all() else pa.array(~given)
    kind = spec.arrow
    if not pa.types.is_fixed_size_list(kind):
        return pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), values, type=kind, mask=mask)
    if mask is None:
        return pa.FixedSizeListArray.from_arrays(values, type=kind)
    size = kind.list_size
    index = (offsets[:-1, None] + np.arange(size)).ravel()
    filled = values.take(pa.array(index, mask=np.repeat(~given, size)))
    return pa.FixedSizeListArray.from_arrays(filled, type=kind, mask=mask)


def _marks(values: pa.Array) -> Marks:
    return np.asarray(values.to_numpy(zero_copy_only=False), dtype=bool)
