"""The server that forks children: it imports what they need, while the worker imports what it needs."""

from __future__ import annotations

import multiprocessing
from multiprocessing import forkserver
from multiprocessing.context import ForkServerContext

#: what a child would import at its first query, and the fork server has for all of them
_PRELOADED = ["tianku.worker.child", "sqlglot.dialects.duckdb", "sqlglot.serde", "pandas"]


def fork_server() -> ForkServerContext:
    """Return the context whose processes are forked by the server, which is started unless it runs."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(_PRELOADED)
    forkserver.ensure_running()
    return context


def server_pid() -> int:
    """Return the process that forks."""
    pid: int = forkserver._forkserver._forkserver_pid  # type: ignore[attr-defined]
    return pid
