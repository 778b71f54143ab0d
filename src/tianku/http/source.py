"""The thread side of a stream: pieces pulled by one thread at a time, stopped by any."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

#: chunks handed to the server are at least this long, but for the first and the last
CHUNK = 1 << 20


def _nothing() -> None:
    """Stand in for a source that needs no stopping or releasing."""


@dataclass(frozen=True, slots=True)
class Source:
    """Bytes in order, how to interrupt their making, and how to release what makes them.

    `cancel` may be called from any thread while `pieces` is being pulled; `close` only
    when nobody pulls. Both may be called more than once.
    """

    pieces: Iterable[bytes]
    cancel: Callable[[], None] = _nothing
    close: Callable[[], None] = _nothing


@dataclass(slots=True)
class Pull:
    """Takes chunks from a source, and closes it exactly once, whoever comes first."""

    source: Source
    finished: bool = False
    _pieces: Iterator[bytes] = field(init=False)
    _lock: threading.Lock = field(init=False, default_factory=threading.Lock)
    _released: bool = field(init=False, default=False)

    def __post_init__(self) -> None:
        self._pieces = iter(self.source.pieces)

    @property
    def released(self) -> bool:
        """True once the source was closed."""
        return self._released

    def take(self, least: int = CHUNK, patience: float = 1.0) -> bytes:
        """Return the next chunk: `least` bytes, or what came in `patience` seconds; b"" at the end.

        The source is closed as soon as it ends or fails, not when its reader is done.
        """
        parts: list[bytes] = []
        size = 0
        with self._lock:
            if self._released:
                return b""
            deadline = time.monotonic() + patience
            try:
                for piece in self._pieces:
                    parts.append(piece)
                    size += len(piece)
                    if size and (size >= least or time.monotonic() > deadline):
                        return parts[0] if len(parts) == 1 else b"".join(parts)
                self.finished = True
                self._release()
            except BaseException:
                self._release()
                raise
        return b"".join(parts)

    def stop(self) -> None:
        """Interrupt the source and close it; waits for the thread that pulls."""
        if not self._released:
            self.source.cancel()
        with self._lock:
            self._release()

    def _release(self) -> None:
        if not self._released:
            self._released = True
            self.source.close()
