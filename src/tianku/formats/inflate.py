"""Decompress gzip of unknown origin as a stream, refusing what grows beyond all measure."""

from __future__ import annotations

import io
import zlib
from typing import BinaryIO

#: tables of one repeated value reach a few hundred; zlib's own limit is about 1030
MAX_RATIO = 500
_FREE = 64 << 20  # small streams may grow as they like
_BLOCK = 256 << 10


class Inflated(io.RawIOBase):
    """A readable stream over a gzip stream (members may follow each other).

    Parameters
    ----------
    raw
        Compressed bytes.
    start
        Bytes that were read from `raw` before.

    Raises
    ------
    OSError
        From `read`: damaged data, an early end, or more than `MAX_RATIO` times as much as was read.
    """

    def __init__(self, raw: BinaryIO, start: bytes = b"") -> None:
        self._raw, self._pending = raw, start
        self._member = zlib.decompressobj(zlib.MAX_WBITS | 16)
        self._read, self._made = len(start), 0
        self._begun = False

    def readable(self) -> bool:
        """Always true."""
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        """Fill `buffer`; 0 at the end."""
        data = self._next(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def _next(self, size: int) -> bytes:
        while True:
            if not self._pending:
                self._pending = self._raw.read(_BLOCK)
                self._read += len(self._pending)
            if not self._pending:
                if self._begun:
                    raise OSError("the compressed data end early")
                return b""
            self._begun = True
            try:
                data = self._member.decompress(self._pending, size)
            except zlib.error as error:
                raise OSError(str(error)) from error
            self._pending = self._member.unconsumed_tail
            if self._member.eof:
                self._pending = self._member.unused_data.lstrip(b"\0")
                self._member = zlib.decompressobj(zlib.MAX_WBITS | 16)
                self._begun = False
            self._made += len(data)
            if self._made > _FREE and self._made > MAX_RATIO * max(self._read, 1):
                raise OSError(f"it grows to more than {MAX_RATIO} times its size")
            if data:
                return data
