"""Headers that promise more than any machine has are refused in little time and memory."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.catalogue.readers.absurd import FILES

ROOT = Path(__file__).resolve().parents[3]


def test_absurd_headers_cost_neither_time_nor_memory(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.catalogue.readers.absurd", str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    found = {
        name: (what, float(time)) for name, what, time in (line.split("\t") for line in done.stdout.splitlines())
    }
    assert found.keys() == FILES.keys()
    slow = {name: time for name, (_, time) in found.items() if time > 5.0}
    assert slow == {}
    refused = {name for name, (what, _) in found.items() if what == "reader.unreadable"}
    assert refused >= {
        n for n in FILES if n.endswith((".ecsv", "columns.tbl", "columns.csv", "backwards.mrt"))
    } - {"array.ecsv"}
    assert "rejects" in found["rows.fits"][0] and "0 rejects" not in found["rows.fits"][0]
