"""The short lane: DuckDB in this process, over read-only serving copies and Parquet files."""

from __future__ import annotations

import itertools
import os
import tempfile
import threading
from collections.abc import Iterable
from pathlib import Path

import duckdb
from sqlglot import exp

from tianku.engines import errors
from tianku.engines.base import Cancellation, EngineQuery, Relation
from tianku.engines.bind import attached, read_parquet, to_sql
from tianku.engines.generation import Generation
from tianku.engines.instance import Settings, Source
from tianku.engines.places import Places
from tianku.engines.stream import Stream
from tianku.engines.watch import Watchdog
from tianku.model.errors import TiankuError


class DuckDBEngine:
    """Runs queries on a bounded number of cursors of one locked instance.

    Parameters
    ----------
    relations
        What the instance holds; `replace` changes it. A query over a relation that it does not
        hold (a pinned older snapshot) gets an instance of its own.
    threads, memory_bytes, spill_bytes
        Resources that all queries share.
    temp_dir
        Where sorts and joins spill; a folder of this instance's own is made in it.
    cursors
        Queries that run at the same time; more than the cores only makes each slower.
    wait_seconds
        How long `run` waits for a cursor before it says busy.
    """

    def __init__(
        self,
        relations: Iterable[Relation] = (),
        *,
        threads: int,
        memory_bytes: int,
        temp_dir: Path,
        spill_bytes: int | None = None,
        cursors: int | None = None,
        wait_seconds: float = 10.0,
    ) -> None:
        temp_dir.mkdir(parents=True, exist_ok=True)
        self._temp = tempfile.TemporaryDirectory(prefix="engine-", dir=temp_dir)
        self._settings = Settings(threads, memory_bytes, self._temp.name, spill_bytes)
        self._places = Places(cursors or os.cpu_count() or 1, wait_seconds)
        self._watchdog = Watchdog("tianku-engine-watchdog")
        self._lock = threading.Lock()
        self._serial = itertools.count()
        self._streams: set[Stream] = set()
        self._generation = self._open(relations)

    def run(self, query: EngineQuery, cancellation: Cancellation | None = None) -> Stream:
        """Start `query`; see `tianku.engines.base.Engine.run`."""
        self._places.take(cancellation)
        try:
            generation = self._hold(query)
        except BaseException:
            self._places.give_back()
            raise
        stream = Stream(generation.cursor(), query.limits, self._watchdog, lambda: self._done(stream, generation))
        with self._lock:
            self._streams.add(stream)
        try:
            stream.start(_text(query, generation, stream.cursor), cancellation, query.small, query.parameters)
        except BaseException:
            stream.close()
            raise
        return stream

    def replace(self, relations: Iterable[Relation]) -> None:
        """Swap in a new instance over `relations`; running queries keep the old one until they end."""
        fresh = self._open(relations)
        with self._lock:
            old, self._generation = self._generation, fresh
        old.retire()

    def active(self) -> int:
        """Number of queries that hold a cursor now."""
        with self._lock:
            return len(self._streams)

    def close(self) -> None:
        """Stop running queries, then release instances, threads and spill files."""
        with self._lock:
            streams = list(self._streams)
        for stream in streams:
            stream.cancel()
        for stream in streams:
            stream.close()
        self._generation.retire()
        self._watchdog.close()
        self._temp.cleanup()

    def _open(self, relations: Iterable[Relation]) -> Generation:
        # a spill folder each: two instances in one would overwrite each other's files
        folder = str(Path(self._temp.name) / str(next(self._serial)))
        settings = Settings(
            self._settings.threads, self._settings.memory_bytes, folder, self._settings.spill_bytes
        )
        return Generation(settings, [Source(r.uid, r.serving, r.files) for r in relations])

    def _hold(self, query: EngineQuery) -> Generation:
        with self._lock:
            current = self._generation
            if current.covers(query.relations.values()):
                return current.hold()
        own = self._open(query.relations.values())
        own.hold()
        own.retire()  # closes with its only query
        return own

    def _done(self, stream: Stream, generation: Generation) -> None:
        with self._lock:
            self._streams.discard(stream)
        generation.release()
        self._places.give_back()


def _text(query: EngineQuery, generation: Generation, cursor: duckdb.DuckDBPyConnection) -> str:
    """Return the SQL of `query`; that of a query with a key is made once per generation and set of files."""
    stored = all(r.table is None and (r.files or r.serving) for r in query.relations.values())
    if query.text_key is None or not stored:  # rows in memory get a name in each cursor
        return _prepare(query, generation, cursor)
    key = (query.text_key, *((r.uid, r.files) for r in query.relations.values()))
    found = generation.texts.get(key)
    if found is None:
        found = _prepare(query, generation, cursor)
        generation.texts.keep(key, found)
    return found


def _prepare(query: EngineQuery, generation: Generation, cursor: duckdb.DuckDBPyConnection) -> str:
    names = itertools.count()

    def locate(key: str, relation: Relation) -> exp.Expression:
        if relation.table is None and relation.uid in generation.instance.attached:
            return attached(relation.uid)
        if relation.table is None and relation.files:
            return read_parquet(relation)
        name = f"memory_{next(names)}"
        table = relation.table if relation.table is not None else relation.schema.empty_table()
        cursor.register(name, table)
        return exp.table_(name, quoted=True)

    try:
        return to_sql(query, locate)
    except TiankuError:
        raise
    except duckdb.Error as error:
        raise errors.translate(str(error)) from error
