"""A worker beside the server, so that one command is a whole installation."""

from __future__ import annotations

import logging
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from tianku.worker.run import command

log = logging.getLogger(__name__)

#: seconds that a stopping worker gets to give its jobs back
STOP_SECONDS = 10.0
#: seconds before a worker that died is started again
PAUSE_SECONDS = 1.0


class EmbeddedWorker:
    """Keeps one worker process running. Its standard input ends with this process, and so does it."""

    def __init__(self, root: Path) -> None:
        self._command = command(root, embedded=True)
        self._stopping = threading.Event()
        self._process = self._started()
        self._keeper = threading.Thread(target=self._keep, name="tianku-worker-keeper", daemon=True)
        self._keeper.start()

    def stop(self) -> None:
        """End the worker; its jobs wait for the next one."""
        self._stopping.set()
        process = self._process
        if process.stdin is not None:
            process.stdin.close()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            log.error("worker %d did not stop and is killed", process.pid)
            process.kill()
            process.wait()
        self._keeper.join()

    def _started(self) -> subprocess.Popen[bytes]:
        # a session of its own: Ctrl-C in the terminal is the server's to handle
        return subprocess.Popen(self._command, stdin=subprocess.PIPE, start_new_session=True)  # noqa: S603

    def _keep(self) -> None:
        while True:
            code = self._process.wait()
            if self._stopping.wait(PAUSE_SECONDS if code else 0):
                return
            log.error("the worker ended with code %d and is started again", code)
            self._process = self._started()


@contextmanager
def embedded_worker(root: Path) -> Iterator[None]:
    """Do the jobs of the installation in `root` as long as the block runs."""

    def leave(_signal: int, _frame: FrameType | None) -> None:
        sys.exit(0)

    # uvicorn raises the signal that ended it once more: the block must end all the same
    signal.signal(signal.SIGTERM, leave)
    worker = EmbeddedWorker(root)
    try:
        yield
    finally:
        worker.stop()
