"""A worker as a process: its start, its signals, and its end with whoever started it."""

from __future__ import annotations

import argparse
import logging
import signal
import sys
import threading
from pathlib import Path
from types import FrameType

from tianku.model.errors import TiankuError
from tianku.usecases.installation import connect
from tianku.worker.loop import LEASE_SECONDS, Worker


def command(root: Path, *, lease_seconds: float = LEASE_SECONDS, embedded: bool = False) -> list[str]:
    """Return the command of a worker process.

    It is a program of its own, whose main module is small: forked children import it again.
    An `embedded` one ends with its standard input.
    """
    words = [sys.executable, "-P", "-m", "tianku.worker", str(root), "--lease", str(lease_seconds)]
    return [*words, "--embedded"] if embedded else words


def main() -> int:
    """Run a worker until SIGTERM, SIGINT or, when embedded, the end of standard input."""
    parser = argparse.ArgumentParser(prog="python -m tianku.worker")
    parser.add_argument("root", type=Path)
    parser.add_argument("--lease", type=float, default=LEASE_SECONDS)
    parser.add_argument("--embedded", action="store_true")
    given = parser.parse_args()
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s worker %(levelname)s %(message)s")
    try:
        worker = Worker(given.root, connect(given.root), lease_seconds=given.lease)
    except TiankuError as error:
        sys.stderr.write(f"{error.message}\n")
        return 1

    def handle(_signal: int, _frame: FrameType | None) -> None:
        worker.stop()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, handle)
    if given.embedded:
        threading.Thread(target=_stop_at_end_of_input, args=(worker,), daemon=True).start()
    worker.run()
    return 0


def _stop_at_end_of_input(worker: Worker) -> None:
    sys.stdin.buffer.read()
    worker.stop()
