"""Several server processes over one listening socket, restarted when they die."""

from __future__ import annotations

import logging
import multiprocessing
import signal
import socket
import threading
import time
from collections.abc import Callable
from multiprocessing.process import BaseProcess
from pathlib import Path
from types import FrameType

from tianku.model.errors import FatalError

log = logging.getLogger(__name__)

#: seconds a stopping worker gets: its streams' time and a little more
STOP_SECONDS = 40.0
#: a worker that dies sooner than this is not restarted at once
SETTLED_SECONDS = 5.0
#: workers that died so soon, one after the other, before the supervisor gives up
MOST_EARLY_DEATHS = 5

Run = Callable[[Path, socket.socket, int], None]


class Supervisor:
    """Starts `count` workers and keeps them running until `stop`."""

    def __init__(self, run: Run, root: Path, listener: socket.socket, count: int) -> None:
        self._run, self._root, self._listener, self._count = run, root, listener, count
        # a forked child would share locks and engine threads of this process
        self._spawn = multiprocessing.get_context("spawn")
        self._workers: dict[BaseProcess, float] = {}
        self._stopping = threading.Event()
        self._early_deaths = 0

    def stop(self) -> None:
        """Ask for the end; safe in a signal handler."""
        self._stopping.set()

    def run(self) -> None:
        """Supervise until `stop`; then end every worker.

        Raises
        ------
        FatalError
            ``server.workers``: workers die as soon as they start.
        """
        try:
            while not self._stopping.is_set():
                self._replace_dead()
                self._stopping.wait(0.25)
        finally:
            self._end()

    def _replace_dead(self) -> None:
        for worker in [w for w in self._workers if not w.is_alive()]:
            age = time.monotonic() - self._workers.pop(worker)
            self._early_deaths = self._early_deaths + 1 if age < SETTLED_SECONDS else 0
            log.error("worker %s ended with code %s", worker.pid, worker.exitcode)
            if self._early_deaths >= MOST_EARLY_DEATHS:
                raise FatalError(
                    "server.workers",
                    "{count} workers died within {seconds:g} s of their start; their log says why",
                    count=self._early_deaths,
                    seconds=SETTLED_SECONDS,
                )
        while len(self._workers) < self._count:
            worker = self._spawn.Process(
                target=self._run, args=(self._root, self._listener, self._count), name="tianku-server"
            )
            worker.start()
            self._workers[worker] = time.monotonic()

    def _end(self) -> None:
        for worker in self._workers:
            if worker.is_alive():
                worker.terminate()
        deadline = time.monotonic() + STOP_SECONDS
        for worker in self._workers:
            worker.join(max(0.0, deadline - time.monotonic()))
            if worker.is_alive():
                log.error("worker %s did not stop and is killed", worker.pid)
                worker.kill()
                worker.join()


def supervise(run: Run, root: Path, listener: socket.socket, count: int) -> None:
    """Run `count` workers until SIGINT or SIGTERM."""
    supervisor = Supervisor(run, root, listener, count)

    def handle(_signal: int, _frame: FrameType | None) -> None:
        supervisor.stop()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, handle)
    supervisor.run()
