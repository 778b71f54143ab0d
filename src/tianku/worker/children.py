"""Children forked from a server that has everything imported, one of them always in reserve."""

from __future__ import annotations

import logging
import multiprocessing
from multiprocessing import forkserver

from tianku.worker.attempt import Child

log = logging.getLogger(__name__)

#: what a child would import at its first query, and the fork server has for all of them
_PRELOADED = ["tianku.worker.child", "sqlglot.dialects.duckdb", "sqlglot.serde", "pandas"]


class Children:
    """Hands out waiting children; a dead fork server is started again with the next one."""

    def __init__(self) -> None:
        self._context = multiprocessing.get_context("forkserver")
        self._context.set_forkserver_preload(_PRELOADED)
        self._spare: Child | None = None

    def take(self) -> Child:
        """Return a waiting child."""
        spare, self._spare = self._spare, None
        if spare is not None and spare.alive():
            return spare
        if spare is not None:
            spare.kill()
        return self._fork()

    def restock(self) -> None:
        """Have a child in reserve, so that the next job does not wait for one."""
        if self._spare is None or not self._spare.alive():
            self._spare = self.take()

    def close(self) -> None:
        """End the reserve."""
        if self._spare is not None:
            self._spare.kill()

    def _fork(self) -> Child:
        forkserver.ensure_running()
        return Child(self._context, self.server())

    def server(self) -> int:
        """The process that forks."""
        pid: int = forkserver._forkserver._forkserver_pid  # type: ignore[attr-defined]
        return pid
