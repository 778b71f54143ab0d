"""gzip (RFC 1952) on several cores: one member, whose bytes depend on nothing but the input."""

from __future__ import annotations

import struct
import zlib
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor

#: no name and no time, so that equal data give equal files
_HEADER = b"\x1f\x8b\x08\x00\0\0\0\0\0\xff"
#: an empty last block
_END = b"\x03\x00"
_WINDOW = 1 << 15


def gzipped(pieces: Iterable[bytes], level: int = 6, threads: int = 2) -> Iterator[bytes]:
    """Compress `pieces`, best of 1 MiB or so each, in threads; yields in order.

    Each piece ends on a byte and may look back into the one before it, so the result is one member,
    which readers that know no others take too.
    """
    checksum, length, before = 0, 0, b""
    waiting: deque[Future[bytes]] = deque()
    yield _HEADER
    with ThreadPoolExecutor(threads) as pool:
        try:
            for piece in pieces:
                checksum, length = zlib.crc32(piece, checksum), length + len(piece)
                waiting.append(pool.submit(_deflated, piece, before, level))
                before = (before + piece)[-_WINDOW:] if len(piece) < _WINDOW else piece[-_WINDOW:]
                if len(waiting) > 2 * threads:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()
    yield _END + struct.pack("<II", checksum, length & 0xFFFFFFFF)


def _deflated(piece: bytes, before: bytes, level: int) -> bytes:
    deflate = zlib.compressobj(level, zlib.DEFLATED, -zlib.MAX_WBITS, 8, zlib.Z_DEFAULT_STRATEGY, before)
    return deflate.compress(piece) + deflate.flush(zlib.Z_SYNC_FLUSH)
