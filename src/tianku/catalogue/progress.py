"""Progress of an ingest: stage, rows, rate, time left."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Progress:
    """One report. `total` and `remaining` (seconds) are None when not known; `done` ends a stage."""

    stage: str
    rows: int
    total: int | None
    seconds: float
    done: bool = False

    @property
    def rate(self) -> float:
        """Rows per second of this stage so far."""
        return self.rows / self.seconds if self.seconds > 0 else 0.0

    @property
    def remaining(self) -> float | None:
        """Seconds this stage still needs at its rate so far."""
        if self.total is None or self.rows == 0:
            return None
        return max(0, self.total - self.rows) / self.rate if self.rate else None


Report = Callable[[Progress], None]


class Meter:
    """Counts rows of successive stages and reports at most every `interval` seconds."""

    def __init__(self, report: Report | None, interval: float = 0.5) -> None:
        self._report, self._interval = report, interval
        self._stage, self._rows, self._total = "", 0, None  # type: tuple[str, int, int | None]
        self._started = self._last = time.monotonic()

    def stage(self, name: str, total: int | None = None) -> None:
        """End the stage before and begin the next."""
        self.finish()
        self._stage, self._rows, self._total = name, 0, total
        self._started = self._last = time.monotonic()

    def advance(self, rows: int) -> None:
        """Count rows of the present stage."""
        self._rows += rows
        now = time.monotonic()
        if self._report is not None and now - self._last >= self._interval:
            self._last = now
            self._report(Progress(self._stage, self._rows, self._total, now - self._started))

    def finish(self) -> None:
        """Report the end of the present stage."""
        if self._report is not None and self._stage:
            seconds = time.monotonic() - self._started
            self._report(Progress(self._stage, self._rows, self._total, seconds, done=True))
        self._stage = ""
