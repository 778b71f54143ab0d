"""ZIP archives of stored (not compressed) members, zip64 where needed, whose every length is known beforehand."""

from __future__ import annotations

import struct
from datetime import UTC, datetime

import numpy as np
import numpy.typing as npt

Integers = npt.NDArray[np.int64]

#: what the classic fields hold; their greatest values say "see zip64"
MOST, MOST_MEMBERS = 0xFFFFFFFF, 0xFFFF
_UTF8, _PLAIN, _ZIP64 = 0x800, 20, 45
_LOCAL, _CENTRAL = struct.Struct("<4s5H3I2H"), struct.Struct("<4s6H3I5H2I")
_END, _END64, _LOCATOR = struct.Struct("<4s4H2IH"), struct.Struct("<4sQ2H2I4Q"), struct.Struct("<4sIQI")
_REGULAR = 0o100644 << 16
_UNIX = 3 << 8


def local_lengths(octets: Integers, sizes: Integers) -> Integers:
    """Return the bytes before the data of each member, whose name has `octets` bytes."""
    return _LOCAL.size + octets + np.where(sizes >= MOST, 20, 0)


def central_lengths(octets: Integers, sizes: Integers, offsets: Integers) -> Integers:
    """Return the bytes of each member's entry in the directory; `offsets` are those of the local headers."""
    more = np.where(sizes >= MOST, 16, 0) + np.where(offsets >= MOST, 8, 0)
    return _CENTRAL.size + octets + np.where(more > 0, 4 + more, 0)


def local_header(name: str, size: int, crc32: int, mtime: float | None) -> bytes:
    """Return what stands before the data of a member."""
    encoded = name.encode()
    extra = struct.pack("<HHQQ", 1, 16, size, size) if size >= MOST else b""
    version, shown = (_ZIP64, MOST) if extra else (_PLAIN, size)
    time, date = _dos(mtime)
    fixed = _LOCAL.pack(b"PK\3\4", version, _UTF8, 0, time, date, crc32, shown, shown, len(encoded), len(extra))
    return fixed + encoded + extra


def central_header(name: str, size: int, crc32: int, mtime: float | None, offset: int) -> bytes:
    """Return a member's entry in the directory."""
    encoded = name.encode()
    values = ([size, size] if size >= MOST else []) + ([offset] if offset >= MOST else [])
    extra = struct.pack(f"<HH{len(values)}Q", 1, 8 * len(values), *values) if values else b""
    version = _ZIP64 if extra else _PLAIN
    time, date = _dos(mtime)
    shown = min(size, MOST)
    fixed = _CENTRAL.pack(
        b"PK\1\2", _UNIX | version, version, _UTF8, 0, time, date, crc32, shown, shown,
        len(encoded), len(extra), 0, 0, 0, _REGULAR, min(offset, MOST),
    )  # fmt: skip
    return fixed + encoded + extra


def ending(members: int, begin: int, length: int) -> bytes:
    """Return the end of an archive whose directory begins at byte `begin`."""
    count = min(members, MOST_MEMBERS)
    classic = _END.pack(b"PK\5\6", 0, 0, count, count, min(length, MOST), min(begin, MOST), 0)
    if members < MOST_MEMBERS and begin < MOST and length < MOST:
        return classic
    wide = _END64.pack(b"PK\6\6", _END64.size - 12, _UNIX | _ZIP64, _ZIP64, 0, 0, members, members, length, begin)
    return wide + _LOCATOR.pack(b"PK\6\7", 0, begin + length, 1) + classic


def _dos(mtime: float | None) -> tuple[int, int]:
    """Time and date as MS-DOS has them: of 1980 to 2107, in steps of two seconds, here UTC."""
    moment = datetime.fromtimestamp(min(max(mtime or 0.0, 315532800.0), 4354819198.0), UTC)
    time = moment.hour << 11 | moment.minute << 5 | moment.second // 2
    return time, (moment.year - 1980) << 9 | moment.month << 5 | moment.day
