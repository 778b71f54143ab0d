"""``python -m bench.soak``: a million small files, and a thousand jobs among processes that are killed.

Not a measurement but a trial: it fails when a file or a job is lost or seen twice, or when something is
left behind. Its figures go to standard output and, as JSON, to ``build/soak.json``.
"""

from __future__ import annotations

import argparse
import json
import resource
import shutil
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from bench import soak_files, soak_jobs

_ROOT = Path(__file__).resolve().parent.parent


def main() -> int:
    """Run both trials; the exit code says whether both were passed."""
    options = _options()
    folder = Path(options.work or tempfile.mkdtemp(prefix="tianku-soak-"))
    folder.mkdir(parents=True, exist_ok=True)
    found: dict[str, Any] = {}
    try:
        root = soak_files.prepare(folder, options.files)
        began = time.monotonic()
        found["files"] = soak_files.ingest(root, options.files)
        found["files"]["seconds"] = round(time.monotonic() - began, 1)
        began = time.monotonic()
        found["jobs"] = soak_jobs.run(root, options.jobs, options.seed)
        found["jobs"]["seconds"] = round(time.monotonic() - began, 1)
    finally:
        if options.work is None:
            shutil.rmtree(folder, ignore_errors=True)
    found["peak_MB"] = {
        "ingest": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1000,
        "largest_other_process": resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1000,
    }
    faults = [fault for part in ("files", "jobs") for fault in found[part]["faults"]]
    out = Path(options.out)
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(json.dumps(found, indent=1), "utf-8")
    print(json.dumps(found, indent=1))
    print("passed" if not faults else f"FAILED: {len(faults)} faults")
    return 0 if not faults else 1


def _options() -> argparse.Namespace:
    def number(text: str) -> int:
        return int(text.replace("_", ""))

    parser = argparse.ArgumentParser(prog="python -m bench.soak", description=__doc__)
    parser.add_argument("--files", type=number, default=1_000_000)
    parser.add_argument("--jobs", type=number, default=1000)
    parser.add_argument("--seed", type=int, default=1, help="of the kills")
    parser.add_argument("--out", default=str(_ROOT / "build" / "soak.json"))
    parser.add_argument("--work", help="keep inputs and installation in this folder")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
