"""Solar files described: dynamic spectra with their joins, series of monitors, each by what it is."""

from __future__ import annotations

from pathlib import Path

import yaml

from tianku.usecases.describe.describe import describe


def test_bursts_and_monitors_are_told_apart_and_joins_are_proposed(test_data: Path) -> None:
    folder = test_data / "solar"
    files = [p for p in sorted(folder.iterdir()) if p.suffix in (".fit", ".gz", ".nc", ".cdf")]
    found = yaml.safe_load(describe(files, dataset="described", root=folder).to_yaml())["products"]
    bursts = found["dynamic_e_callisto"]
    assert (bursts["type"], bursts["reader"]) == ("dynamic-spectrum", "e-callisto")
    assert bursts["join"] == {"files": "consecutive", "max_gap": "2 s"} and bursts["from"] == ["*.fit", "*.fit.gz"]
    assert len(found["curves_goes_xrs"]["from"]) == 3 and found["curves_goes_xrs"]["reader"] == "auto"
