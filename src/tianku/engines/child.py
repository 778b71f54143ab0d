"""The long lane: every query in a process of its own, so that its death frees all it held."""

from __future__ import annotations

import tempfile
import threading
from pathlib import Path

from sqlglot import exp

from tianku.engines import errors
from tianku.engines.base import Cancellation, EngineQuery, Relation
from tianku.engines.bind import attached, read_parquet, to_sql
from tianku.engines.places import Places
from tianku.engines.process import ChildProcess, ChildStream, Request
from tianku.engines.watch import Watchdog

#: Children kept waiting: the warm one, and one that has just answered.
_MOST_IDLE = 2


class ChildEngine:
    """Runs each query in a query child with quotas of its own.

    Parameters
    ----------
    threads, memory_bytes, spill_bytes
        Quotas of one child; `Limits` of a query may lower memory and spill.
    temp_dir
        Spill folders are made in it, one per query.
    children
        Queries that run at the same time. At least one more process is kept warm when `warm`.
    wait_seconds
        How long `run` waits for a place before it says busy.
    """

    def __init__(
        self,
        *,
        threads: int,
        memory_bytes: int,
        temp_dir: Path,
        spill_bytes: int | None = None,
        children: int = 2,
        warm: bool = True,
        wait_seconds: float = 30.0,
    ) -> None:
        temp_dir.mkdir(parents=True, exist_ok=True)
        self._temp_dir = temp_dir
        self._threads, self._memory, self._spill = threads, memory_bytes, spill_bytes
        self._places = Places(children, wait_seconds)
        self._watchdog = Watchdog("tianku-child-watchdog")
        self._lock = threading.Lock()
        self._streams: set[ChildStream] = set()
        self._warm = warm
        self._closed = False
        self._idle: list[ChildProcess] = [ChildProcess()] if warm else []

    def run(self, query: EngineQuery, cancellation: Cancellation | None = None) -> ChildStream:
        """Start `query`; see `tianku.engines.base.Engine.run`."""
        request = self._request(query)
        self._places.take(cancellation)
        try:
            child = self._take()
        except BaseException:
            self._places.give_back()
            raise
        # one folder for the child's life: an instance that it keeps spills where it always did
        folder = child.folder = child.folder or tempfile.mkdtemp(prefix="child-", dir=self._temp_dir)
        stream = ChildStream(child, folder, query.limits, self._watchdog, self._done)
        with self._lock:
            self._streams.add(stream)
        try:
            stream.start(request.in_folder(folder), cancellation)
        except BaseException:
            stream.close()
            raise
        return stream

    def active(self) -> int:
        """Number of queries running now."""
        with self._lock:
            return len(self._streams)

    def children(self) -> int:
        """Number of child processes alive, idle ones included."""
        with self._lock:
            return len(self._streams) + sum(child.alive() for child in self._idle)

    def close(self) -> None:
        """End all children."""
        with self._lock:
            self._closed = True
            streams, idle, self._idle = list(self._streams), self._idle, []
        for stream in streams:
            stream.cancel()
            stream.close()
        for child in idle:
            child.kill()
        self._watchdog.close()

    def _take(self) -> ChildProcess:
        """An idle child or a new one; one more is started when that leaves none idle."""
        with self._lock:
            if self._closed:
                raise errors.failed("the engine is closed")
            child = self._idle.pop() if self._idle else None
            empty = not self._idle
        if child is not None and not child.alive():
            child.kill()
            child = None
        child = child or ChildProcess()
        if self._warm and empty:
            self._keep(ChildProcess())
        return child

    def _keep(self, child: ChildProcess) -> None:
        with self._lock:
            keep = not self._closed and len(self._idle) < (_MOST_IDLE if self._warm else 0)
            if keep:
                self._idle.append(child)
        if not keep:
            child.kill()

    def _done(self, stream: ChildStream, child: ChildProcess | None) -> None:
        if child is not None:
            self._keep(child)
        with self._lock:
            self._streams.discard(stream)
        self._places.give_back()

    def _request(self, query: EngineQuery) -> Request:
        request = Request(
            threads=self._threads,
            memory_bytes=_least(self._memory, query.limits.memory_bytes) or self._memory,
            spill_bytes=_least(self._spill, query.limits.spill_bytes),
        )
        request.parameters = dict(query.parameters)
        request.sql = to_sql(query, lambda key, relation: _locate(request, key, relation, serving=True))
        # the child finds out whether the serving copies, which are a cache, can be used
        request.fallback = to_sql(query, lambda key, relation: _locate(request, key, relation, serving=False))
        return request


def _locate(request: Request, key: str, relation: Relation, *, serving: bool) -> exp.Expression:
    if relation.table is None and serving and relation.serving is not None:
        return attached(request.source(key, relation).uid)
    if relation.table is None and relation.files:
        return read_parquet(request.source(key, relation))
    return exp.table_(request.upload(f"memory_{key}", relation), quoted=True)


def _least(*values: int | None) -> int | None:
    known = [value for value in values if value is not None]
    return min(known) if known else None
