"""Which VOTable text columns need ``unicodeChar``, and its encoding.

``char`` is ASCII for every client of today (astropy refuses anything else in BINARY2), so a
column is declared ``char`` only when none of its values can leave ASCII.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence

import numpy as np
import pyarrow as pa

from tianku.formats.cells import payload
from tianku.model.metadata import Column
from tianku.model.types import DataType

#: Slices of a result, each the arrays of its columns.
Slices = Iterable[list[pa.Array]]


def wide_columns(columns: Sequence[Column], slices: Slices) -> tuple[frozenset[int], Iterator[list[pa.Array]]]:
    """Return the numbers of the columns that must be ``unicodeChar``, and `slices` from their start.

    A column that ingest found to be ASCII is trusted. Of the others the first slice decides when
    it is the whole result; in a longer one they are wide, as later rows cannot be foreseen.
    """
    stream = iter(slices)
    unknown = [i for i, c in enumerate(columns) if c.type is DataType.STRING and not c.ascii]
    seen = list(itertools.islice(stream, 1)) if unknown else []
    wide = {i for i in unknown if columns[i].ascii is False or any(not is_ascii(s[i]) for s in seen)}
    if seen and len(wide) < len(unknown):
        seen += itertools.islice(stream, 1)
        wide = set(unknown) if len(seen) > 1 else wide
    return frozenset(wide), itertools.chain(seen, stream)


def is_ascii(array: pa.Array) -> bool:
    """True when no text of `array` leaves ASCII."""
    while pa.types.is_nested(array.type):
        array = array.flatten()
    data = np.frombuffer(payload(array), np.uint8)
    return not data.size or int(data.max()) < 0x80


def utf16(array: pa.Array) -> tuple[np.ndarray, pa.Array]:
    """Big-endian UTF-16 of a text column without nulls: counts of 2-byte units, and the bytes of each row."""
    view = payload(array)
    data = np.frombuffer(view, np.uint8)
    edges = np.frombuffer(array.buffers()[1], np.int32)[array.offset : array.offset + len(array) + 1]
    # units per byte: one at the first byte of a character, one more where that begins a surrogate pair
    units = ((data & 0xC0) != 0x80).astype(np.int64) + (data >= 0xF0)
    ends = np.concatenate(([0], np.cumsum(units)))[edges - edges[0]]
    encoded = bytes(view).decode("utf-8").encode("utf-16-be")
    offsets = pa.py_buffer((ends * 2).astype(np.int32))
    values = pa.Array.from_buffers(pa.binary(), len(array), [None, offsets, pa.py_buffer(encoded)])
    return np.diff(ends), values
