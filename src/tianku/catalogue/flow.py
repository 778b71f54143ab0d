"""Read many files at once, and hand their batches on in order, with bounded memory."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Generic, TypeVar

T = TypeVar("T")
_AHEAD = 4  # batches of one file that may wait


class _Lane(Generic[T]):
    """One source read by one thread into a bounded queue."""

    def __init__(self, source: Callable[[], Iterator[T]], stop: threading.Event) -> None:
        self._source, self._stop = source, stop
        self._items: queue.Queue[tuple[str, T | BaseException | None]] = queue.Queue(_AHEAD)
        self._thread = threading.Thread(target=self._run, name="ingest-read", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def _put(self, kind: str, item: T | BaseException | None) -> bool:
        while not self._stop.is_set():
            try:
                self._items.put((kind, item), timeout=0.2)
                return True
            except queue.Full:
                continue
        return False

    def _run(self) -> None:
        try:
            for item in self._source():
                if not self._put("item", item):
                    return
            self._put("end", None)
        except BaseException as error:
            self._put("error", error)

    def drain(self) -> Iterator[T]:
        while True:
            kind, item = self._items.get()
            if kind == "end":
                return
            if kind == "error":
                assert isinstance(item, BaseException)
                raise item
            yield item  # type: ignore[misc]

    def join(self) -> None:
        self._thread.join()


def in_order(sources: Sequence[Callable[[], Iterator[T]]], threads: int) -> Iterator[T]:
    """Yield the items of all sources, source after source, while up to `threads` are read ahead.

    An error of a source is raised in its turn; closing the iterator stops every reader.
    """
    stop = threading.Event()
    lanes = [_Lane(source, stop) for source in sources]
    started = 0
    try:
        for at, lane in enumerate(lanes):
            while started < min(len(lanes), at + max(1, threads)):
                lanes[started].start()
                started += 1
            yield from lane.drain()
            lanes[at].join()
    finally:
        stop.set()
        for lane in lanes[:started]:
            lane.join()
