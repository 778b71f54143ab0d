"""A query child seen from its parent: the process, what it is asked, and the rows it sends."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import IO, Any

import pyarrow as pa

from tianku.engines import errors
from tianku.engines.base import Cancellation, Limits, Relation
from tianku.engines.query_child import HEADER
from tianku.engines.watch import Alarm, Watchdog
from tianku.model.errors import TiankuError


@dataclass(slots=True)
class Request:
    """What a child is told: SQL text, what it may read, its quotas, and uploads."""

    threads: int
    memory_bytes: int
    spill_bytes: int | None
    sql: str = ""
    fallback: str = ""
    parameters: dict[str, int | float] = field(default_factory=dict)
    sources: dict[str, Relation] = field(default_factory=dict)
    uploads: dict[str, pa.Table] = field(default_factory=dict)
    folder: str = ""

    def source(self, key: str, relation: Relation) -> Relation:
        """Let the child read the files of `relation`."""
        self.sources[key] = relation
        return relation

    def upload(self, name: str, relation: Relation) -> str:
        """Send the rows of `relation` along as table `name`."""
        self.uploads[name] = relation.table if relation.table is not None else relation.schema.empty_table()
        return name

    def in_folder(self, folder: str) -> Request:
        """Spill into `folder`."""
        self.folder = folder
        return self

    def write(self, pipe: IO[bytes]) -> None:
        """Send the request."""
        settings = {
            "threads": self.threads,
            "memory_bytes": self.memory_bytes,
            "temp_dir": self.folder,
            "spill_bytes": self.spill_bytes,
        }
        sources = [{"uid": r.uid, "serving": r.serving, "files": r.files} for r in self.sources.values()]
        document = {
            "sql": self.sql,
            "fallback": self.fallback,
            "parameters": self.parameters,
            "sources": sources,
            "uploads": list(self.uploads),
            "settings": settings,
        }
        header = json.dumps(document).encode()
        pipe.write(HEADER.pack(len(header)) + header)
        for table in self.uploads.values():
            with pa.ipc.new_stream(pipe, table.schema) as writer:
                writer.write_table(table)
        pipe.flush()


class ChildProcess:
    """A started child that waits for its request."""

    def __init__(self) -> None:
        status, theirs = os.pipe()
        try:
            self._process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
                [sys.executable, "-P", "-m", "tianku.engines.query_child", str(theirs)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                pass_fds=(theirs,),
                start_new_session=True,  # the terminal's Ctrl-C is the parent's to handle
            )
        except BaseException:
            os.close(status)
            raise
        finally:
            os.close(theirs)
        self._status = os.fdopen(status, encoding="utf-8")
        #: where its queries spill; there only while one runs
        self.folder: str | None = None
        assert self._process.stdin is not None and self._process.stdout is not None
        self.requests: IO[bytes] = self._process.stdin
        self.rows: IO[bytes] = self._process.stdout

    def alive(self) -> bool:
        """True while the process runs."""
        return self._process.poll() is None

    def outcome(self) -> dict[str, Any]:
        """Return what the child said of its answer, or that it died without a word."""
        text = self._status.readline()
        if text:
            return dict(json.loads(text))
        code = self._process.wait()
        # nobody here killed it, so the kernel did, which it does for memory only
        words = "Out of Memory Error: killed" if code == -9 else f"query child ended with status {code}"
        return {"ok": False, "words": words}

    def stop(self) -> None:
        """Kill the process at once; its pipes then end."""
        self._process.kill()

    def kill(self) -> None:
        """Kill the process, wait for it and close its pipes."""
        self._process.kill()
        self._process.wait()
        for pipe in (self.requests, self.rows, self._status):
            try:
                pipe.close()
            except BrokenPipeError:  # unsent bytes of a request nobody will read
                continue


class ChildStream:
    """`tianku.engines.base.Result` over the rows of one child, which dies unless they were all read.

    `on_close` gets the child back when it can be asked again.
    """

    def __init__(
        self,
        child: ChildProcess,
        folder: str,
        limits: Limits,
        watchdog: Watchdog,
        on_close: Callable[[ChildStream, ChildProcess | None], None],
    ) -> None:
        self._child = child
        self._folder = folder
        self._limits = limits
        self._watchdog = watchdog
        self._on_close = on_close
        self._reader: pa.RecordBatchReader | None = None
        self._schema = pa.schema([])
        self._busy = threading.Lock()  # held while the pipes are in use
        self._state = threading.Lock()
        self._stopped: Callable[[], TiankuError] | None = None
        self._ended = False
        self._complete = False
        self._alarm: Alarm | None = None

    def start(self, request: Request, cancellation: Cancellation | None) -> None:
        """Send `request` and wait for the schema of the answer."""
        seconds = self._limits.seconds
        if seconds is not None:
            self._alarm = self._watchdog.after(seconds, lambda: self._stop(lambda: errors.timeout(seconds)))
        if cancellation is not None:
            cancellation.attach(self.cancel)
        with self._busy:
            try:
                request.write(self._child.requests)
                self._reader = pa.ipc.open_stream(self._child.rows)
            except (OSError, pa.ArrowException) as error:
                raise self._failure() from error
        self._schema = self._reader.schema

    @property
    def schema(self) -> pa.Schema:
        """Schema of the batches."""
        return self._schema

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        try:
            while (batch := self._next()) is not None:
                yield batch
        finally:
            self.close()

    def cancel(self) -> None:
        """Kill the child; the iterator raises ``query.cancelled``."""
        self._stop(errors.cancelled)

    def close(self) -> None:
        """Give back the child, killed unless all was read, and remove its spill files; idempotent."""
        self._stop(errors.cancelled)
        with self._busy:
            with self._state:
                ended, self._ended = self._ended, True
            if ended:
                return
            if self._alarm is not None:
                self._alarm.stop()
            self._reader = None
            if not self._complete:
                self._child.kill()
            shutil.rmtree(self._folder, ignore_errors=True)
        self._on_close(self, self._child if self._complete else None)

    def __enter__(self) -> ChildStream:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def _next(self) -> pa.RecordBatch | None:
        with self._busy:
            if self._stopped is not None:
                raise self._stopped()
            if self._reader is None:
                return None
            try:
                return self._reader.read_next_batch()
            except StopIteration:
                # a pipe that just ends looks like the end of a stream: only the child's word counts
                self._finish()
                return None
            except (OSError, pa.ArrowException) as error:
                raise self._failure() from error

    def _finish(self) -> None:
        outcome = self._child.outcome()
        with self._state:
            self._complete = outcome["ok"] and self._stopped is None
        if not outcome["ok"]:
            raise self._stopped() if self._stopped is not None else errors.translate(outcome["words"])
        self._reader = None

    def _failure(self) -> TiankuError:
        if self._stopped is not None:
            return self._stopped()
        return errors.translate(self._child.outcome()["words"])

    def _stop(self, why: Callable[[], TiankuError]) -> None:
        with self._state:
            if self._ended or self._complete:
                return
            self._stopped = self._stopped or why
            self._child.stop()
