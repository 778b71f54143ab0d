"""Where the fields of a record are, once the lengths of its arrays are known."""

from __future__ import annotations

from collections.abc import Mapping
from mmap import mmap
from typing import Literal

import numpy as np

from tianku.model.config.formats import FieldLayout, RecordFormat
from tianku.model.errors import UsageError

Buffer = bytes | mmap
Lengths = tuple[int, ...]
SYNC, TRAILER = "_sync", "_trailer"
_CHECKSUM = {"crc16": "u2", "crc32": "u4"}
_SIMPLE = {"bool": "?", "int": "i8", "float": "f8"}


class RecordPlan:
    """The record of a layout, with the lengths that the file header gives.

    Attributes
    ----------
    sync
        Bytes that begin each record; empty where there are none.
    lengths
        Fields of the record that hold lengths of its arrays, in the order of a `Lengths` tuple.
    """

    def __init__(self, layout: RecordFormat, header: Mapping[str, object]) -> None:
        self.layout = layout
        self.order: Literal["<", ">"] = "<" if layout.byte_order == "little" else ">"
        self.sync = bytes.fromhex(layout.repeat.sync.bytes) if layout.repeat.sync else b""
        self.fields = {field.name: field for field in layout.repeat.fields}
        named = dict.fromkeys(n for f in layout.repeat.fields for n in f.shape if isinstance(n, str))
        self.lengths = tuple(name for name in named if name in self.fields)
        self._given = {n: _length(n, header.get(n)) for n in named if n not in self.fields}
        self._dtypes: dict[Lengths, np.dtype] = {}
        self.prefix = self._prefix()

    def shape(self, field: FieldLayout, lengths: Lengths) -> tuple[int, ...]:
        """Return the shape of an array field of a record with these lengths; empty for a scalar."""
        known = {**self._given, **dict(zip(self.lengths, lengths, strict=True))}
        shape = tuple(known[n] if isinstance(n, str) else n for n in field.shape)
        return shape or ((field.count,) if field.count > 1 else ())

    def size(self, lengths: Lengths) -> int:
        """Return the bytes of a record with these lengths, without building its type (a length may be absurd)."""
        place = end = 0
        for field in self.layout.repeat.fields:
            place = field.start - 1 if field.start is not None else place
            place += self._bytes(field, lengths)
            end = max(end, place)
        return max(1, len(self.sync) + max(self.layout.repeat.size or 0, end) + self._trailer)

    def dtype(self, lengths: Lengths) -> np.dtype:
        """Return the structured type of a record with these lengths: packed fields and times as bytes."""
        found = self._dtypes.get(lengths)
        if found is None:
            found = self._dtypes[lengths] = self._record(self.layout.repeat.fields, lengths, self.size(lengths))
        return found

    @property
    def checksum(self) -> np.dtype | None:
        """Type of the checksum that begins the trailer, if there is one."""
        trailer = self.layout.repeat.trailer
        return np.dtype(self.order + _CHECKSUM[trailer.checksum]) if trailer and trailer.checksum else None

    @property
    def _trailer(self) -> int:
        return self.layout.repeat.trailer.skip if self.layout.repeat.trailer else 0

    def _prefix(self) -> np.dtype:
        """The type of what comes before the first array whose length is in the record."""
        own = set(self.lengths)
        fields: list[FieldLayout] = []
        for field in self.layout.repeat.fields:
            if own & set(field.shape):
                break
            fields.append(field)
        if missing := own - {f.name for f in fields}:
            raise UsageError(
                "records.length_after_array",
                "{field} holds the length of an array but does not come before all such arrays",
                field=sorted(missing)[0],
            )
        return self._record(tuple(fields), (0,) * len(self.lengths), None)

    def _record(self, fields: tuple[FieldLayout, ...], lengths: Lengths, size: int | None) -> np.dtype:
        names, formats, offsets, place = [], [], [], len(self.sync)
        if self.sync:
            names, formats, offsets = [SYNC], [_word(self.sync)], [0]
        for field in fields:
            place = len(self.sync) + field.start - 1 if field.start is not None else place
            kind = self._raw(field, lengths)
            names.append(field.name)
            formats.append(kind)
            offsets.append(place)
            place += kind.itemsize
        if size is not None and self.checksum is not None:
            names.append(TRAILER)
            formats.append(self.checksum)
            offsets.append(size - self._trailer)
        ends = [offset + kind.itemsize for offset, kind in zip(offsets, formats, strict=True)]
        return np.dtype(
            {"names": names, "formats": formats, "offsets": offsets, "itemsize": size or max(ends, default=1)}
        )

    def _raw(self, field: FieldLayout, lengths: Lengths) -> np.dtype:
        if coded(field):
            return np.dtype(("u1", (self._bytes(field, lengths),)))
        kind, shape = self._scalar(field), self.shape(field, lengths)
        return np.dtype((kind, shape)) if shape else kind

    def _scalar(self, field: FieldLayout) -> np.dtype:
        if field.type == "string" or field.type.startswith("s"):
            return np.dtype(f"S{field.type[1:] if field.type != 'string' else field.width or field.bytes or 1}")
        return np.dtype(_SIMPLE.get(field.type, field.type)).newbyteorder(self.order)

    def _bytes(self, field: FieldLayout, lengths: Lengths) -> int:
        if field.type in ("bcd", "bits"):
            per_byte = 2 if field.type == "bcd" else 8
            return field.bytes or -(-len(field.layout or "") // per_byte)
        count = 1
        for length in self.shape(field, lengths):
            count *= length
        if bits := packed_bits(field):
            return -(-count * bits // 8)
        return count * self._scalar(field).itemsize


def packed_bits(field: FieldLayout) -> int:
    """Return the bits of each number of a packed field, 0 for any other."""
    return int(field.type[1:].removesuffix("-packed")) if field.type.endswith("-packed") else 0


def coded(field: FieldLayout) -> bool:
    """Whether a field is kept as bytes until `field_values` or `instants` decode it."""
    return field.type in ("bcd", "bits") or bool(packed_bits(field))


def _word(sync: bytes) -> np.dtype:
    """Compare a sync word as one number where numpy has one of its size."""
    return np.dtype(f"u{len(sync)}") if len(sync) in (1, 2, 4, 8) else np.dtype(("u1", (len(sync),)))


def _length(name: str, value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or not 0 <= int(value) <= 1 << 31:
        raise UsageError(
            "records.no_length",
            "an array is {name} long, but neither its record nor the file header holds such a number ({value!r})",
            name=name,
            value=value,
        )
    return int(value)


__all__ = ["SYNC", "TRAILER", "Buffer", "Lengths", "RecordPlan", "coded", "packed_bits"]
