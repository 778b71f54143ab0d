"""The program of a job's child: one piece of work, one word about it, and the end.

Children are forked from a server that imported this module and did nothing else. They know
neither the state database nor the policy: what they may read is named in their work.
"""

from __future__ import annotations

import ctypes
import logging
import multiprocessing
import os
import shutil
import signal
import sys
import threading
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path

from tianku.engines.instance import warm_up
from tianku.model.errors import FatalError, TiankuError
from tianku.storage.failpoints import failpoint
from tianku.usecases.jobs import registry
from tianku.usecases.jobs.operation import Outcome, Work

log = logging.getLogger(__name__)

NICENESS = 10
_PR_SET_PDEATHSIG = 1
#: imported for its work: a forked child finds all modules there
KINDS = tuple(registry.OPERATIONS)


@dataclass(frozen=True, slots=True)
class Assignment:
    """What a child is told: the work, the folder that is its own, and the room it has."""

    work: Work
    folder: Path
    most_bytes: int


def main(pipe: Connection, parent: int) -> None:
    """Do the assignment that comes down `pipe`, and answer with an `Outcome` or a `TiankuError`.

    `parent` is the process whose death ends this one; so does the end of the pipe.
    """
    _die_with(parent)
    os.nice(NICENESS)
    _die_first_when_memory_ends()
    warm_up()
    try:
        assignment: Assignment = pipe.recv()
    except EOFError:
        os._exit(0)  # a spare child that was not needed
    threading.Thread(target=_end_with_worker, args=(assignment.folder,), daemon=True).start()
    answer = _done(assignment)
    failpoint("jobs.before_answer")
    pipe.send(answer)
    pipe.close()
    os._exit(0)  # nothing of a finished child is worth an orderly end


def _done(assignment: Assignment) -> Outcome | TiankuError:
    try:
        assignment.folder.mkdir(parents=True, exist_ok=True)
        return assignment.work.run(assignment.folder, assignment.most_bytes)
    except TiankuError as error:
        return error
    except Exception:  # whatever it is, the owner gets an incident and the log the rest
        failure = FatalError("job.failed", "The job failed inside; this is our mistake and has been recorded.")
        log.exception("job.failed incident=%s", failure.incident)
        return failure


def _die_with(parent: int) -> None:
    """End when the process that forks children ends; Linux alone can promise that."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)  # it was gone before the promise


def _end_with_worker(folder: Path) -> None:
    worker = multiprocessing.parent_process()
    if worker is not None:
        worker.join()
        shutil.rmtree(folder / "scratch", ignore_errors=True)
        os._exit(1)


def _die_first_when_memory_ends() -> None:
    try:
        Path("/proc/self/oom_score_adj").write_text("500", encoding="ascii")
    except OSError:  # not Linux, or not permitted: only a preference
        return
