"""``python -m bench``: everything, side by side; writes build/bench.json and fails when a bar is missed."""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
from pathlib import Path

from bench import archives, epochs, ingest, match, serve, spectra
from bench.record import Report

_ROOT = Path(__file__).resolve().parent.parent
#: small files of the archives that are measured: 0.9 GB
_FILES = 20_000
_PARTS = ("spectra", "epochs", "ingest", "serve", "archives", "match")


def main() -> int:
    """Run what is asked for."""
    options = _options()
    folder = Path(options.work or tempfile.mkdtemp(prefix="tianku-bench-"))
    folder.mkdir(parents=True, exist_ok=True)
    report = Report()
    try:
        if "spectra" in options.only:
            spectra.measure(report, folder, _data() / "lamost-spectra")
        if "epochs" in options.only:
            epochs.measure(report, folder / "epochs", options.rows)
        if "ingest" in options.only:
            ingest.measure(report, folder, options.rows)
        if "serve" in options.only:
            serve.measure(report, ingest.prepare(folder, options.rows), options.rows)
        if "archives" in options.only:
            archives.measure(report, folder / "archives", min(options.rows, _FILES))
        if "match" in options.only:
            match.measure(report, folder, options.rows)
    finally:
        if options.work is None:
            shutil.rmtree(folder, ignore_errors=True)
    passed = report.write(Path(options.out))
    print(f"{'passed' if passed else 'MISSED'}: {options.out}")
    return 0 if passed else 1


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--rows", type=lambda text: int(text.replace("_", "")), default=10_000_000)
    parser.add_argument("--only", nargs="+", choices=_PARTS, default=_PARTS)
    parser.add_argument("--out", default=str(_ROOT / "build" / "bench.json"))
    parser.add_argument("--work", help="keep inputs and installation in this folder")
    return parser.parse_args()


def _data() -> Path:
    return Path(os.environ.get("TIANKU_TEST_DATA") or _ROOT.parent / "shared" / "data")


if __name__ == "__main__":
    sys.exit(main())
