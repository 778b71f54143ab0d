"""Many small pieces of output as few large chunks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

#: Smaller chunks cost more in the server than in the writer.
CHUNK_BYTES = 1 << 20


def chunked(pieces: Iterable[bytes | memoryview]) -> Iterator[bytes]:
    """Join `pieces` into chunks of at least `CHUNK_BYTES`; the first piece goes out at once."""
    waiting: list[bytes | memoryview] = []
    size, first = 0, True
    for piece in pieces:
        waiting.append(piece)
        size += len(piece)
        if size >= CHUNK_BYTES or (first and size):
            yield b"".join(waiting)
            waiting, size, first = [], 0, False
    if size:
        yield b"".join(waiting)
