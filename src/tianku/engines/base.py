"""The engine contract: a checked tree in, Arrow record batches out.

The planner hands an engine a sqlglot tree whose table nodes are bare keys of `relations`;
an engine binds each key to storage (a serving copy, Parquet files, or Arrow batches of an
upload) and runs it. Nothing above this layer writes SQL text or knows how bytes are read.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Protocol

import pyarrow as pa
from sqlglot import exp


@dataclass(frozen=True, slots=True)
class Read:
    """How a column is read from files that are not ours: its name there, and whether NaN means null."""

    source: str
    nan: bool = False


@dataclass(frozen=True, slots=True)
class Relation:
    """One physical table, possibly pruned for one reference of one query.

    Attributes
    ----------
    uid
        Identity of the immutable segment set, e.g. ``lamost_dr10_v2_0.stellar@3``; an engine
        attaches it once however many queries name it.
    files
        Absolute paths of the Parquet master files to read (already pruned; all when unpruned).
    serving
        Absolute path of the DuckDB serving copy (its table is ``data``), or None.
    table
        In-memory rows (uploads, small system tables); excludes the other two.
    reads
        By published name, where files differ from `schema`: each column is renamed and cast to its type there.
    """

    uid: str
    schema: pa.Schema
    files: tuple[str, ...] = ()
    serving: str | None = None
    table: pa.Table | None = None
    reads: Mapping[str, Read] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of one run. `rows` is enforced by the planner's LIMIT, the others by the engine."""

    seconds: float | None = None
    memory_bytes: int | None = None
    spill_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class EngineQuery:
    """A tree in canonical form (sqlglot, dialect-free), and what its table names stand for."""

    tree: exp.Expression
    relations: dict[str, Relation] = field(default_factory=dict)
    limits: Limits = Limits()
    #: at most a few thousand rows will be read: an engine may hold the whole answer, which is quicker
    small: bool = False
    #: values of the tree's placeholders, by name
    parameters: Mapping[str, int | float] = field(default_factory=dict)
    #: equal keys mean equal trees over the same tables: an engine may keep the text that it made of one
    text_key: Hashable | None = None


class Cancellation:
    """A wish to stop that may come before the `Result` exists (the caller left while `run` blocks)."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._action: Callable[[], None] | None = None
        self._cancelled = False

    @property
    def cancelled(self) -> bool:
        """True once `cancel` was called."""
        return self._cancelled

    def cancel(self) -> None:
        """Stop the query from any thread; harmless before it starts and after it ended."""
        with self._lock:
            self._cancelled = True
            action = self._action
        if action is not None:
            action()

    def attach(self, action: Callable[[], None]) -> None:
        """Set what `cancel` does; called by the engine, at once when already cancelled."""
        with self._lock:
            self._action = action
            cancelled = self._cancelled
        if cancelled:
            action()


class Result(Protocol):
    """A running query. Iterate once; always close (it is a context manager)."""

    @property
    def schema(self) -> pa.Schema:
        """Schema of the batches, known before the first batch."""
        ...

    def __iter__(self) -> Iterator[pa.RecordBatch]: ...

    def cancel(self) -> None:
        """Stop the query from any thread; the iterator then raises `UsageError` ``query.cancelled``."""
        ...

    def close(self) -> None:
        """Release cursor, child, memory and files; idempotent."""
        ...

    def __enter__(self) -> Result: ...

    def __exit__(self, *exc: object) -> None: ...


class Engine(Protocol):
    """Runs queries. Safe to call from many threads."""

    def run(self, query: EngineQuery, cancellation: Cancellation | None = None) -> Result:
        """Start `query` and wait for its first rows; `cancellation` stops it from then on.

        Raises
        ------
        UsageError
            ``query.timeout``, ``query.memory``, ``query.arithmetic`` …: the caller's query did it.
        TransientError
            ``engine.busy``: no place in the lane in time.
        FatalError
            ``engine.failed``: ours; the engine's own words go to the log only.
        """
        ...

    def close(self) -> None:
        """Release everything."""
        ...
