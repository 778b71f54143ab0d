"""Resident memory, of this process and of others."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from types import TracebackType

import psutil

MIB = 1 << 20


def peak_mib() -> float:
    """Return the most memory this process has held, in MiB (`ru_maxrss` would count the parent's too)."""
    lines = Path("/proc/self/status").read_text("ascii", "replace").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024


def tree_mib(process: psutil.Process) -> float:
    """Return the private memory of a process and its descendants, in MiB (mapped files are not theirs)."""
    total = 0
    for one in [process, *process.children(recursive=True)]:
        try:
            info = one.memory_info()
            total += info.rss - info.shared
        except psutil.NoSuchProcess:
            continue
    return total / MIB


class Sampled:
    """The highest value of a quantity while a block runs."""

    def __init__(self, measure: Callable[[], float], interval: float = 0.02) -> None:
        self._measure, self._interval = measure, interval
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self.first = self.highest = 0.0

    def __enter__(self) -> Sampled:
        self.first = self.highest = self._measure()
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._stop.wait(self._interval):
            self.highest = max(self.highest, self._measure())
