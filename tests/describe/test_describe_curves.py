"""Light curves and SDSS spectra described: a configuration that ingests as it is."""

from __future__ import annotations

from pathlib import Path

import yaml

from tianku.usecases.describe.describe import describe


def _products(paths: list[Path], root: Path) -> dict[str, dict[str, object]]:
    text = describe(paths, dataset="described", root=root).to_yaml()
    return yaml.safe_load(text).get("products") or {}


def test_every_light_curve_finds_its_reader(test_data: Path) -> None:
    folder = test_data / "light-curves"
    found = _products([folder], folder)
    assert {name: one["reader"] for name, one in found.items()} == {
        "curves_kepler": "kepler", "curves_tess": "tess", "curves_macho": "macho",
        "curves_asassn": "asassn", "curves_k2sff": "k2sff", "curves_epic_csv": "epic-csv",
    }  # fmt: skip
    assert all(one["type"] == "timeseries" and one["key"] for one in found.values())


def test_sdss_spectra_are_told_from_lamost(test_data: Path) -> None:
    folder = test_data / "other-spectra"
    found = _products([folder], folder)["sdss"]
    assert found["reader"] == "sdss" and found["flux"]["calibration"] == "absolute"  # type: ignore[index]


def test_a_table_of_stars_is_no_light_curve(tmp_path: Path) -> None:
    (tmp_path / "stars.csv").write_text("id,ra,dec,mag\n1,10,20,15.5\n2,11,21,16.5\n")
    assert _products([tmp_path / "stars.csv"], tmp_path) == {}
