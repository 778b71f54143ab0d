"""Columns of binary values as Arrow arrays; kernels only, but for arrays of texts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tianku.formats.layout import decode
from tianku.formats.text_values import blank_to_null
from tianku.formats.votable_read.cells import Marks, as_column, cut_texts, without_value
from tianku.formats.votable_read.columns import ColumnSpec
from tianku.model.types import TYPES, DataType

_TRUE, _FALSE = np.frombuffer(b"Tt1", np.uint8), np.frombuffer(b"Ff0", np.uint8)


@dataclass(frozen=True, slots=True)
class Cells:
    """The values of a column.

    Attributes
    ----------
    raw
        Of fixed length: shape (rows, elements) in the layout of the file. Of variable length: all octets.
    counts
        Elements per row of values of variable length.
    """

    raw: np.ndarray
    counts: np.ndarray | None


def arrow_column(cells: Cells, spec: ColumnSpec, given: Marks) -> pa.Array:
    """Return a column; null where not `given` or where the value stands for null."""
    counts = cells.counts
    if counts is None:
        counts = np.full(len(cells.raw), spec.count * spec.texts, np.int64)
    if spec.kind is DataType.STRING:
        return _text(cells, counts, spec, given)
    values = _bits(cells, counts, spec) if spec.layout == "bit" else _elements(cells, spec)
    if not spec.array:
        return _masked(values, given)
    if not given.all() and not pa.types.is_fixed_size_list(spec.arrow):
        counts, values = np.where(given, counts, 0), values.filter(pa.array(np.repeat(given, counts)))
    if pa.types.is_fixed_size_list(spec.arrow):
        mask = None if given.all() else pa.array(~given)
        return pa.FixedSizeListArray.from_arrays(values, type=spec.arrow, mask=mask)
    return as_column(values, counts, given, spec)


def _masked(values: pa.Array, given: Marks) -> pa.Array:
    return values if given.all() else pc.if_else(pa.array(given), values, pa.scalar(None, values.type))


def _elements(cells: Cells, spec: ColumnSpec) -> pa.Array:
    flat = np.ascontiguousarray(cells.raw).reshape(-1)
    if cells.counts is not None:
        flat = flat.view(np.dtype(spec.layout))
    if spec.kind is DataType.BOOLEAN:
        true = np.isin(flat, _TRUE)
        return pa.array(true, mask=~(true | np.isin(flat, _FALSE)))
    native = pa.array(flat.astype(flat.dtype.newbyteorder("=")), TYPES[spec.kind].arrow)
    return without_value(native, spec.meta.null)


def _bits(cells: Cells, counts: np.ndarray, spec: ColumnSpec) -> pa.Array:
    if not spec.array:  # the standard's bit is the highest one, astropy writes 0x08
        return pa.array(cells.raw[:, 0] != 0)
    if cells.counts is None:
        return pa.array(np.unpackbits(cells.raw, axis=1)[:, : spec.count].astype(bool).ravel())
    octets = (counts + 7) >> 3
    place = np.arange(8 * int(octets.sum())) - np.repeat(8 * (np.cumsum(octets) - octets), 8 * octets)
    return pa.array(np.unpackbits(cells.raw).astype(bool)[place < np.repeat(counts, 8 * octets)])


def _text(cells: Cells, counts: np.ndarray, spec: ColumnSpec, given: Marks) -> pa.Array:
    flat = np.ascontiguousarray(cells.raw).reshape(-1)
    offsets = np.concatenate(([0], np.cumsum(counts)))
    if spec.layout == ">u2":
        text = _utf16(flat.view(">u2"), offsets)
    else:
        buffers = [None, pa.py_buffer(offsets.astype(np.int32)), pa.py_buffer(flat)]
        text = decode(_before_nul(pa.Array.from_buffers(pa.binary(), len(counts), buffers), flat))
    if spec.array:
        return cut_texts(_masked(text, given).to_pylist(), spec)
    text = blank_to_null(text)
    if spec.meta.null:
        text = pc.if_else(pc.equal(text, spec.meta.null), pa.scalar(None, text.type), text)
    return _masked(text, given)


def _before_nul(raw: pa.Array, octets: np.ndarray) -> pa.Array:
    """Texts end at their first NUL (VOTable 1.4 §6)."""
    if octets.size and not octets.all():
        return pc.list_element(pc.split_pattern(raw, b"\0", max_splits=1), 0)
    return raw


def _utf16(units: np.ndarray, offsets: np.ndarray) -> pa.StringArray:
    """UTF-16 units of all rows as texts; a surrogate without its pair becomes U+FFFD."""
    units = units.astype(np.uint16)
    high, low = (units & 0xFC00) == 0xD800, (units & 0xFC00) == 0xDC00
    begins = np.zeros(len(units), dtype=bool)
    begins[offsets[:-1][offsets[:-1] < len(units)]] = True
    paired = high[:-1] & low[1:] & ~begins[1:] if len(units) else high
    high_ok, low_ok = np.append(paired, False)[: len(units)], np.insert(paired, 0, False)[: len(units)]
    units[(high & ~high_ok) | (low & ~low_ok)] = 0xFFFD
    width = np.where(units < 0x80, 1, np.where(units < 0x800, 2, 3))
    width[high_ok], width[low_ok] = 4, 0
    ends = np.concatenate(([0], np.cumsum(width)))[offsets].astype(np.int32)
    data = units.astype(">u2").tobytes().decode("utf-16-be").encode()
    text = pa.Array.from_buffers(pa.string(), len(offsets) - 1, [None, pa.py_buffer(ends), pa.py_buffer(data)])
    if len(units) and not units.all():
        return pc.list_element(pc.split_pattern(text, "\0", max_splits=1), 0)
    return text
