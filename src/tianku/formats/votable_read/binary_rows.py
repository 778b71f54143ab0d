"""Rows of BINARY and BINARY2 (VOTable 1.4 §5.3, §5.4): numpy lays a record over the decoded bytes.

Where values have lengths of their own, each row begins where the one before ends, and nothing but a walk finds
these places; it looks at the length words only, values are gathered a column at a time.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa

from tianku.formats.votable_read.binary_values import Cells, arrow_column
from tianku.formats.votable_read.columns import ColumnSpec
from tianku.formats.votable_read.encoded import StreamBytes, read_whole
from tianku.formats.votable_read.errors import Damage, beyond, malformed

_BATCH_ROWS = 65_536
_BATCH_BYTES = 8 << 20
#: one row, and one value, may be this long
MAX_ROW = 256 << 20
_WORD = struct.Struct(">I")
_NULLS = "nulls"


@dataclass(frozen=True, slots=True)
class _Layout:
    """Records of fixed columns (by their number), and the columns of variable length between them."""

    groups: list[np.dtype] = field(default_factory=list)
    variable: list[int] = field(default_factory=list)


class BinaryRows:
    """Reads the rows of one table.

    Parameters
    ----------
    flags
        True for BINARY2: a bit per column before each row says which values are null.
    """

    def __init__(self, name: str, columns: Sequence[ColumnSpec], *, flags: bool) -> None:
        self._columns, self._flags = columns, flags
        smallest = sum(4 if c.variable else _fixed_bytes(c) for c in columns)
        if smallest > MAX_ROW:
            raise beyond(name, "the length of its rows in bytes", MAX_ROW)
        if not smallest:
            raise malformed(name, "its rows have no bytes")
        self._layout = _layout(columns, flags)

    def batches(self, stream: StreamBytes) -> Iterator[list[pa.Array]]:
        """Yield the columns of the next rows.

        Raises
        ------
        Damage
            When the bytes end inside a row, or a length is absurd.
        """
        yield from self._walked(stream) if self._layout.variable else self._fixed(stream)
        if stream.damage is not None:
            raise stream.damage

    def _fixed(self, stream: StreamBytes) -> Iterator[list[pa.Array]]:
        dtype = self._layout.groups[0]
        size = max(1, min(_BATCH_ROWS, _BATCH_BYTES // dtype.itemsize)) * dtype.itemsize
        while data := read_whole(stream, size):
            rows = len(data) // dtype.itemsize
            if rows:
                yield self._arrays([np.frombuffer(data, dtype, rows)], {}, rows)
            if len(data) % dtype.itemsize and stream.damage is None:
                raise Damage("truncated file", "its bytes end inside a row")

    def _walked(self, stream: StreamBytes) -> Iterator[list[pa.Array]]:
        rest, ended = b"", False
        while not ended:
            more = read_whole(stream, _BATCH_BYTES)
            ended = len(more) < _BATCH_BYTES
            data = rest + more
            done = 0
            while done < len(data):
                words, used = self._walk(data, done)
                if not len(words):
                    break
                yield self._gathered(data[done : done + used], words - done)
                done += used
            rest = data[done:]
        if rest and stream.damage is None:
            raise Damage("truncated file", "its bytes end inside a row")

    def _walk(self, data: bytes, start: int) -> tuple[np.ndarray, int]:
        """Places of the length words of whole rows, shape (rows, variable columns), and the bytes they take."""
        first, *gaps = (g.itemsize for g in self._layout.groups)
        sizes = [_item_bytes(self._columns[c]) for c in self._layout.variable]
        steps = list(zip(sizes, [gap + 4 for gap in gaps[:-1]] + [gaps[-1] + 4 + first], strict=True))
        unpack, words, place = _WORD.unpack_from, list[int](), start + first
        append = words.append
        try:
            for _ in range(_BATCH_ROWS):
                for size, gap in steps:
                    count = unpack(data, place)[0]
                    append(place)
                    place += gap + (count * size if size else (count + 7) >> 3)
        except struct.error:  # the data end: the next length word is not in them
            pass
        found = np.array(words[: len(words) // len(steps) * len(steps)], np.int64).reshape(-1, len(steps))
        ends = self._stops(np.frombuffer(data, np.uint8), found[:, -1], len(steps) - 1) + gaps[-1]
        whole = int(np.searchsorted(ends, len(data), side="right"))
        end = int(ends[whole - 1]) if whole else start
        if place - end > MAX_ROW:
            raise Damage("damaged file", f"a row claims more than {MAX_ROW >> 20} MB")
        return found[:whole], end - start

    def _stops(self, octets: np.ndarray, words: np.ndarray, index: int) -> np.ndarray:
        """Where the values of a variable column end, given the places of their length words."""
        counts = _big_endian(octets, words)
        size = _item_bytes(self._columns[self._layout.variable[index]])
        return words + 4 + (counts * size if size else (counts + 7) >> 3)

    def _gathered(self, data: bytes, words: np.ndarray) -> list[pa.Array]:
        """Columns of the rows that `data` holds exactly, given the places of their length words."""
        octets = np.frombuffer(data, np.uint8)
        values: dict[int, Cells] = {}
        ends = np.zeros((len(words), 0), np.int64)
        for index, column in enumerate(self._layout.variable):
            spec = self._columns[column]
            counts = _big_endian(octets, words[:, index])
            stop = self._stops(octets, words[:, index], index)
            values[column] = Cells(_slices(data, words[:, index] + 4, stop), counts * spec.per)
            ends = np.column_stack((ends, stop))
        starts = np.column_stack((words - [g.itemsize for g in self._layout.groups[:-1]], ends[:, -1:]))
        groups = [_records(octets, starts[:, i], g) for i, g in enumerate(self._layout.groups)]
        return self._arrays(groups, values, len(words))

    def _arrays(self, groups: list[np.ndarray], values: dict[int, Cells], rows: int) -> list[pa.Array]:
        nulls = None
        if self._flags:
            nulls = np.unpackbits(groups[0][_NULLS], axis=1)[:, : len(self._columns)].astype(bool)
        fixed = {name: group[name] for group in groups for name in group.dtype.names or ()}
        columns = []
        for number, spec in enumerate(self._columns):
            cells = values.get(number)
            if cells is None:
                cells = Cells(fixed[f"c{number}"].reshape(rows, -1), None)
            given = ~nulls[:, number] if nulls is not None else np.ones(rows, dtype=bool)
            columns.append(arrow_column(cells, spec, given))
        return columns


def _layout(columns: Sequence[ColumnSpec], flags: bool) -> _Layout:
    layout = _Layout()
    record: list[tuple[str, str, tuple[int, ...]]] = []
    if flags:
        record.append((_NULLS, "u1", (-(-len(columns) // 8),)))
    for number, spec in enumerate(columns):
        if spec.variable:
            layout.groups.append(np.dtype(record))
            layout.variable.append(number)
            record = []
            continue
        kind = _element(spec)
        record.append((f"c{number}", kind.str, (_fixed_bytes(spec) // kind.itemsize,)))
    layout.groups.append(np.dtype(record))
    return layout


def _element(spec: ColumnSpec) -> np.dtype:
    return np.dtype("u1" if spec.layout == "bit" else spec.layout)


def _fixed_bytes(spec: ColumnSpec) -> int:
    """Bytes of a value of fixed length."""
    if spec.layout == "bit":
        return (spec.count + 7) >> 3
    return spec.count * spec.texts * _element(spec).itemsize


def _item_bytes(spec: ColumnSpec) -> int:
    """Bytes of an item of a value of variable length; 0 for bits."""
    return 0 if spec.layout == "bit" else _element(spec).itemsize * spec.per


def _big_endian(octets: np.ndarray, places: np.ndarray) -> np.ndarray:
    counts = np.zeros(len(places), np.int64)
    for shift in range(4):
        counts = (counts << 8) | octets[places + shift]
    return counts


def _slices(data: bytes, begin: np.ndarray, stop: np.ndarray) -> np.ndarray:
    """The bytes of all slices, joined: odd values of an array laid over the data are what lies between."""
    offsets = np.empty(2 * len(begin) + 1, np.int32)
    offsets[:-1:2], offsets[1::2], offsets[-1] = begin, stop, len(data)
    both = pa.Array.from_buffers(pa.binary(), 2 * len(begin), [None, pa.py_buffer(offsets), pa.py_buffer(data)])
    taken = both.take(pa.array(np.arange(len(begin), dtype=np.int64) * 2))
    buffer = taken.buffers()[2]
    return np.frombuffer(buffer, np.uint8, int((stop - begin).sum())) if buffer else np.empty(0, np.uint8)


def _records(octets: np.ndarray, starts: np.ndarray, dtype: np.dtype) -> np.ndarray:
    if not dtype.itemsize:
        return np.empty(len(starts), dtype)
    windows = np.lib.stride_tricks.sliding_window_view(octets, dtype.itemsize)
    return np.ascontiguousarray(windows[starts]).view(dtype)[:, 0]
