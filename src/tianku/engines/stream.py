"""A running DuckDB query as a stream of record batches that any thread may stop."""

from __future__ import annotations

import threading
import warnings
from collections.abc import Callable, Iterator, Mapping
from typing import TypeVar

import duckdb
import pyarrow as pa

from tianku.engines import errors
from tianku.engines.base import Cancellation, Limits
from tianku.engines.instance import BATCH_ROWS
from tianku.engines.watch import Alarm, Watchdog
from tianku.model.errors import TiankuError

# said of `_run_small`, where the copy is of a few rows and still the quicker way
warnings.filterwarnings("ignore", message="Arrow output on a DB-API result", category=UserWarning)

T = TypeVar("T")

#: An interrupt that arrives between two calls is lost, so it is repeated until the query has ended.
_INTERRUPT_AGAIN = 0.02


class Stream:
    """`tianku.engines.base.Result` over one DuckDB cursor, which it owns."""

    def __init__(
        self,
        cursor: duckdb.DuckDBPyConnection,
        limits: Limits,
        watchdog: Watchdog,
        on_close: Callable[[], None],
    ) -> None:
        self.cursor = cursor
        self._limits = limits
        self._watchdog = watchdog
        self._on_close = on_close
        self._reader: pa.RecordBatchReader | None = None
        self._schema = pa.schema([])
        self._busy = threading.Lock()  # held while DuckDB works for this stream
        self._state = threading.Lock()
        self._stopped: Callable[[], TiankuError] | None = None
        self._ended = False
        self._alarms: list[Alarm] = []

    def start(
        self,
        sql: str,
        cancellation: Cancellation | None,
        small: bool = False,
        parameters: Mapping[str, int | float] | None = None,
    ) -> None:
        """Run `sql` until its first rows are ready; all of them when the answer is `small`."""
        seconds = self._limits.seconds
        if seconds is not None:
            self._alarms.append(self._watchdog.after(seconds, lambda: self._stop(lambda: errors.timeout(seconds))))
        if cancellation is not None:
            cancellation.attach(self.cancel)
        run = self._run_small if small else self._run
        self._reader = self._guarded(lambda: run(sql, dict(parameters or {})))
        self._schema = self._reader.schema

    def _run(self, sql: str, parameters: dict[str, int | float]) -> pa.RecordBatchReader:
        return self.cursor.sql(sql, params=parameters or None).to_arrow_reader(BATCH_ROWS)

    def _run_small(self, sql: str, parameters: dict[str, int | float]) -> pa.RecordBatchReader:
        # holds the whole result, unlike the reader of a relation, but is there in half the time
        table: pa.Table = self.cursor.execute(sql, parameters or None).to_arrow_table()
        return table.to_reader(BATCH_ROWS)

    @property
    def schema(self) -> pa.Schema:
        """Schema of the batches."""
        return self._schema

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        try:
            while (batch := self._guarded(self._next)) is not None:
                yield batch
        finally:
            self.close()

    def cancel(self) -> None:
        """Stop the query; the iterator raises ``query.cancelled``."""
        self._stop(errors.cancelled)

    def close(self) -> None:
        """Stop what still runs and give back the cursor; idempotent."""
        self._stop(errors.cancelled)
        with self._busy:
            with self._state:
                ended, self._ended = self._ended, True
            if ended:
                return
            for alarm in self._alarms:
                alarm.stop()
            self._reader = None
            self.cursor.close()
        self._on_close()

    def __enter__(self) -> Stream:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def _next(self) -> pa.RecordBatch | None:
        if self._reader is None:
            return None
        try:
            return self._reader.read_next_batch()
        except StopIteration:
            return None

    def _guarded(self, step: Callable[[], T]) -> T:
        with self._busy:
            if self._stopped is not None:
                raise self._stopped()
            try:
                return step()
            except (duckdb.Error, OSError, pa.ArrowException) as error:
                if self._stopped is not None:
                    raise self._stopped() from error
                raise errors.translate(str(error)) from error

    def _stop(self, why: Callable[[], TiankuError]) -> None:
        with self._state:
            if self._ended:
                return
            self._stopped = self._stopped or why
        self._interrupt()

    def _interrupt(self) -> None:
        with self._state:
            if self._ended or not self._busy.locked():
                return
            self.cursor.interrupt()
            self._alarms.append(self._watchdog.after(_INTERRUPT_AGAIN, self._interrupt))
