"""One attempt at a job, seen from the worker: a child process, its pipe, and its deadline."""

from __future__ import annotations

import time
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerContext
from multiprocessing.process import BaseProcess
from pathlib import Path

from tianku.model.errors import TiankuError
from tianku.state.repositories import Attempt as AttemptKey
from tianku.state.repositories import JobRecord
from tianku.usecases.jobs.operation import Outcome, Prepared
from tianku.worker import child

#: what an attempt came to: an outcome, an error, or None when the child died without a word
Answer = Outcome | TiankuError | None


class Child:
    """A forked process that waits for its assignment."""

    def __init__(self, context: ForkServerContext, server: int) -> None:
        ours, theirs = context.Pipe()
        try:
            self.process: BaseProcess = context.Process(target=child.main, args=(theirs, server), daemon=True)
            self.process.start()
        except BaseException:
            ours.close()
            raise
        finally:
            theirs.close()
        self.pipe: Connection = ours

    def alive(self) -> bool:
        """True while it runs."""
        return self.process.is_alive()

    def kill(self) -> None:
        """End it at once."""
        self.process.kill()
        self.process.join()
        self.pipe.close()


class Attempt:
    """A child at work."""

    def __init__(self, job: JobRecord, prepared: Prepared, worker: Child, folder: Path, most_bytes: int) -> None:
        self.job = job
        self.prepared = prepared
        self.folder = folder
        self.deadline = time.monotonic() + job.duration
        self._child = worker
        worker.pipe.send(child.Assignment(prepared.work, folder, most_bytes))

    @property
    def key(self) -> AttemptKey:
        """The job, and the number behind whose fence this attempt stands."""
        return self.job.id, self.job.attempt

    @property
    def pipe(self) -> Connection:
        """Ready when the child has answered or is dead."""
        return self._child.pipe

    def overdue(self) -> bool:
        """Whether it ran for longer than its job may."""
        return time.monotonic() > self.deadline

    def answer(self) -> Answer:
        """Return what the child said; for a pipe that is ready."""
        try:
            said: Answer = self._child.pipe.recv()
        except (EOFError, ConnectionError):
            said = None
        return said

    def kill(self) -> None:
        """End the child at once."""
        self._child.kill()
