"""Tar archives (POSIX.1-2001 pax) whose every length is known before a byte is written."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

BLOCK = 512
#: two empty blocks end an archive
END = bytes(2 * BLOCK)
#: what the name and size fields of a header hold; anything beyond goes into a pax record
MOST_NAME = 100
MOST_SIZE = 8**11 - 1

Integers = npt.NDArray[np.int64]


def padded(sizes: Integers) -> Integers:
    """Return sizes rounded up to whole blocks."""
    return -(-sizes // BLOCK) * BLOCK


def head_lengths(octets: Integers, ascii: npt.NDArray[np.bool_], sizes: Integers) -> Integers:
    """Return the bytes before the data of each member, whose name has `octets` bytes."""
    records = np.zeros(len(octets), np.int64)
    named = (octets > MOST_NAME) | ~ascii
    records[named] = _record_lengths(octets[named] + len(" path=\n"))
    large = sizes > MOST_SIZE
    digits = np.char.str_len(sizes[large].astype(str)).astype(np.int64)
    records[large] += _record_lengths(digits + len(" size=\n"))
    return BLOCK + np.where(records > 0, BLOCK + padded(records), 0)


def _record_lengths(rest: Integers) -> Integers:
    """A pax record begins with its own length in decimal: return it for records of `rest` other bytes."""
    total = rest + 1
    for digits in (1, 2, 3, 4, 5):
        total = np.where(rest + digits >= 10 ** (digits - 1), rest + digits, total).astype(np.int64)
    return total


def head(name: str, size: int, mtime: float | None) -> bytes:
    """Return what stands before the data of a member: its header, after a pax header where it needs one."""
    encoded = name.encode()
    records = b""
    if len(encoded) > MOST_NAME or not name.isascii():
        records += _record(b"path", encoded)
    if size > MOST_SIZE:
        records += _record(b"size", b"%d" % size)
    when = min(max(int(mtime or 0), 0), MOST_SIZE)
    own = _header(encoded[:MOST_NAME], size if size <= MOST_SIZE else 0, when, b"0")
    if not records:
        return own
    return _header(b"././@PaxHeader", len(records), when, b"x") + records + padding(len(records)) + own


def padding(size: int) -> bytes:
    """Return what fills the last block of `size` bytes."""
    return bytes(-size % BLOCK)


def _record(key: bytes, value: bytes) -> bytes:
    rest = len(key) + len(value) + 3
    length = int(_record_lengths(np.array([rest], np.int64))[0])
    return b"%d %b=%b\n" % (length, key, value)


def _header(name: bytes, size: int, mtime: int, kind: bytes) -> bytes:
    fields = b"0000644\0000000000\0000000000\000%011o\0%011o\0" % (size, mtime)
    tail = kind + bytes(100) + b"ustar\00000" + bytes(64) + b"0000000\0000000000\000" + bytes(167)
    block = name.ljust(MOST_NAME, b"\0") + fields + b"        " + tail
    checksum = b"%06o\0 " % sum(block)
    return block[:148] + checksum + block[156:]
