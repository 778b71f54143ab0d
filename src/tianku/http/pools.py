"""Where coroutines cross into threads: a few named, bounded pools, and nothing else."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from tianku.model.errors import TransientError

T = TypeVar("T")


class Pool:
    """Threads of one purpose; a caller beyond `waiting` queued ones is asked to come back.

    Parameters
    ----------
    name
        Shown in thread names, metrics and the error.
    size
        Threads.
    waiting
        Calls that may wait for a thread.
    """

    def __init__(self, name: str, size: int, waiting: int = 512) -> None:
        self.name = name
        self.size = size
        self._most = size + waiting
        self._pending = 0
        self._lock = threading.Lock()
        self._executor = ThreadPoolExecutor(size, thread_name_prefix=f"tianku-{name}")

    @property
    def pending(self) -> int:
        """Calls running or waiting; read by ``/metrics``."""
        return self._pending

    async def run(self, call: Callable[[], T]) -> T:
        """Return ``call()``, run in a thread of this pool.

        A cancelled caller leaves a call that has begun running to its end: whoever may be
        cancelled must stop the work itself.

        Raises
        ------
        TransientError
            ``http.busy`` when too many calls are waiting.
        """
        with self._lock:
            if self._pending >= self._most:
                raise TransientError(
                    "http.busy", "The server is busy ({pool}); try again in a few seconds.", pool=self.name
                )
            future = self._executor.submit(call)
            self._pending += 1
        future.add_done_callback(self._finished)
        return await asyncio.wrap_future(future)

    def _finished(self, _: object) -> None:
        with self._lock:
            self._pending -= 1

    def close(self) -> None:
        """Refuse new calls and forget those that have not begun."""
        self._executor.shutdown(wait=False, cancel_futures=True)


class Pools:
    """The pools of one server process.

    `engine` runs what is short by construction (cones, metadata), `long` what may wait for a
    query child, `files` reads files, `state` may touch the state database, and `closing`
    releases sources, so that no release waits behind the work that made it necessary.
    """

    def __init__(self, cores: int | None = None) -> None:
        cores = cores or os.cpu_count() or 1
        self.engine = Pool("engine", max(2, cores))
        self.long = Pool("long", 32)
        self.files = Pool("files", 64)
        self.state = Pool("state", 8)
        self.closing = Pool("closing", 16, waiting=100_000)

    def all(self) -> tuple[Pool, ...]:
        """Every pool, for metrics."""
        return (self.engine, self.long, self.files, self.state, self.closing)

    def close(self) -> None:
        """Close every pool."""
        for pool in self.all():
            pool.close()
