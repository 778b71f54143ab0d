"""Rows of ``build/bench.json``: a ratio above 1 means that Tianku wins."""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Literal


@dataclass(frozen=True)
class Row:
    """One comparison; `bar` is the least ratio that counts as passed."""

    work: str
    n: int
    unit: str
    ours: float
    peer: str
    peer_value: float
    ratio: float
    bar: float
    spread: tuple[float, float] = (0.0, 0.0)
    note: str = ""

    @property
    def passed(self) -> bool:
        """Whether the ratio reaches the bar."""
        return self.ratio >= self.bar


@dataclass
class Report:
    """Everything one run measured."""

    rows: list[Row] = field(default_factory=list)
    limits: list[dict[str, float | str]] = field(default_factory=list)

    def add(
        self,
        work: str,
        n: int,
        unit: Literal["s", "ms", "rows/s", "MB/s"],
        ours: list[float],
        peer: str,
        theirs: list[float],
        bar: float,
        *,
        allowance: float = 0.0,
        note: str = "",
    ) -> None:
        """Add a comparison of medians; `allowance` is added to the peer's time ("engine + 5 ms")."""
        mine, other = statistics.median(ours), statistics.median(theirs) + allowance
        ratio = mine / other if unit.endswith("/s") else other / mine
        row = Row(work, n, unit, mine, peer, other, round(ratio, 3), bar, (min(ours), max(ours)), note)
        self.rows.append(row)
        mark = "ok  " if row.passed else "MISS"
        print(
            f"{mark} {work}: {mine:.4g} {unit} against {other:.4g} ({peer}), ratio {ratio:.2f}, bar {bar}",
            flush=True,
        )

    def limit(self, what: str, value: float, most: float, unit: str) -> None:
        """Note a bound on memory or disk."""
        self.limits.append({"what": what, "value": value, "most": most, "unit": unit})
        print(f"{'ok  ' if value <= most else 'MISS'} {what}: {value:.4g} {unit}, at most {most:.4g}", flush=True)

    def write(self, path: Path) -> bool:
        """Write the report; return whether everything passed."""
        path.parent.mkdir(parents=True, exist_ok=True)
        document = {"rows": [asdict(row) for row in self.rows], "limits": self.limits}
        path.write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n", "utf-8")
        fits = all(float(limit["value"]) <= float(limit["most"]) for limit in self.limits)
        return fits and all(row.passed for row in self.rows)


def timed(work: Callable[[], object], times: int = 5, warm: int = 1) -> list[float]:
    """Return the seconds of `times` runs after `warm` unmeasured ones."""
    for _ in range(warm):
        work()
    seconds = []
    for _ in range(times):
        start = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - start)
    return seconds
