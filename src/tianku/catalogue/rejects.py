"""Rows and files that ingest refuses: counted by reason and listed in a report, never dropped silently."""

from __future__ import annotations

import csv
import threading
from collections import Counter
from pathlib import Path
from typing import TextIO

from tianku.catalogue.manifest import RejectSummary

#: lines of the report; beyond them rejects are still counted
MAX_LISTED = 1_000_000


class Rejects:
    """Collects rejects from any thread; the report ``file,row,reason`` appears with the first one."""

    def __init__(self, report: Path) -> None:
        self._report = report
        self._file: TextIO | None = None
        self._lock = threading.Lock()
        self._reasons: Counter[str] = Counter()
        self._listed = 0

    @property
    def total(self) -> int:
        """Rows and files refused so far."""
        return self._reasons.total()

    def add(self, file: str, row: int | None, reason: str, detail: str = "", count: int = 1) -> None:
        """Record one refused row (numbered from 1) or, without `row`, a whole file.

        `reason` is a short class that is counted; `detail` goes to the report only. `count` rows
        may share one line (the missing end of a truncated file).
        """
        with self._lock:
            self._reasons[reason] += count
            if self._listed >= MAX_LISTED:
                return
            self._listed += 1
            if self._file is None:
                self._report.parent.mkdir(parents=True, exist_ok=True)
                self._file = self._report.open("w", encoding="utf-8", newline="")
                self._file.write("file,row,reason\n")
            text = f"{reason}: {detail}" if detail else reason
            csv.writer(self._file, lineterminator="\n").writerow([file, "" if row is None else row, text])

    def close(self, relative_to: Path) -> RejectSummary:
        """Finish the report and return the summary, with the report's path below `relative_to`."""
        with self._lock:
            if self._file is None:
                return RejectSummary()
            self._file.close()
            return RejectSummary(
                total=self.total,
                reasons=dict(self._reasons.most_common()),
                report=str(self._report.relative_to(relative_to)),
            )
