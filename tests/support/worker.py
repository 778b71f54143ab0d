"""A server process for tests of the supervisor; spawned, so it must be importable."""

from __future__ import annotations

import os
import signal
import socket
import sys
from pathlib import Path


def run(root: Path, listener: socket.socket, workers: int) -> None:
    """Write our process id into `root`, answer connections with it, end on SIGTERM."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    (root / str(os.getpid())).write_text(str(workers))
    while True:
        connection, _ = listener.accept()
        with connection:
            connection.sendall(str(os.getpid()).encode())


def die(root: Path, listener: socket.socket, workers: int) -> None:
    """End at once, as a worker with a broken installation does."""
    sys.exit(3)
