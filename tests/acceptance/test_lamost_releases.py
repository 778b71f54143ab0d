"""Real files of seven kinds in one folder: every release publishes its own, by configuration alone."""

from __future__ import annotations

import importlib.resources
import shutil
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from tests.support.spectra import truth, unwired
from tests.support.state import empty_state
from tianku.catalogue.manifest import ProductSetManifest
from tianku.model.config.load import load_installation
from tianku.products.access import main_file, read_product
from tianku.products.context import SetContext, set_context
from tianku.products.index import ProductIndex
from tianku.products.render import to_wire
from tianku.usecases.check import check
from tianku.usecases.ingest import ingest_dataset
from tianku.usecases.publish import listing, publish

#: files of each set
SETS = {
    ("lamost/dr1", "lrs"): 60,
    ("lamost/dr2", "lrs"): 1,
    ("lamost/dr6", "lrs"): 1,
    ("lamost/dr7", "lrs"): 50,
    ("lamost/dr7", "mrs"): 4,
    ("lamost/dr8", "lrs"): 60,
    ("lamost/dr10", "lrs"): 12,
}
Key = tuple[str, str]


@dataclass(frozen=True)
class Release:
    """One published set."""

    context: SetContext
    manifest: ProductSetManifest
    folder: Path

    def index(self) -> list[dict]:
        return pq.read_table(self.folder / self.manifest.index.path).to_pylist()

    def obscore(self) -> list[dict]:
        assert self.manifest.obscore
        return pq.read_table(self.folder / self.manifest.obscore.path).to_pylist()


@pytest.fixture(scope="session")
def installation(test_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The shipped configuration over the folder of real files."""
    root = tmp_path_factory.mktemp("releases")
    with importlib.resources.as_file(importlib.resources.files("tianku.usecases.demo") / "lamost") as shipped:
        shutil.copytree(shipped, root / "collections" / "lamost")
    (root / "data").mkdir()
    source = test_data / "lamost-spectra"
    (root / "site.yaml").write_text(f"authority: org.example\ntitle: T\nsources: {{lamost: {str(source)!r}}}\n")
    return root


@pytest.fixture(scope="session")
def releases(installation: Path) -> Iterator[dict[Key, Release]]:
    found = {}
    with empty_state(installation / "data"):
        for name, loaded in load_installation(installation).datasets.items():
            report = ingest_dataset(installation, name)
            publish(installation, name, report.revision)
            for one, manifest in report.manifest.products.items():
                context = set_context(loaded, one, "org.example")
                found[name, one] = Release(context, manifest, report.folder)
        states = {row.dataset: row.state for row in listing(installation)}
        assert set(states.values()) == {"published"} and len(states) == 6
        yield found


def test_configurations_have_no_mistakes(installation: Path) -> None:
    for dataset in load_installation(installation).datasets.values():
        assert [str(f) for f in check(dataset) if f.severity == "error"] == []


def test_every_file_is_published_exactly_once(releases: dict[Key, Release], test_data: Path) -> None:
    assert {key: release.manifest.files for key, release in releases.items()} == SETS
    for release in releases.values():
        assert release.manifest.products == release.manifest.files
        assert release.manifest.rejects.total == 0 and release.manifest.rejects.report is None
    sources = Counter(path for r in releases.values() for path in {row["path"] for row in r.index()})
    real = [str(p.resolve()) for p in (test_data / "lamost-spectra").iterdir()]
    assert sources == Counter(real) and len(real) == 188


def test_keys_follow_the_rule(releases: dict[Key, Release]) -> None:
    for (dataset, _), release in releases.items():
        keys = {row["key"] for row in release.index()}
        if dataset in ("lamost/dr1", "lamost/dr2"):  # these files have no OBSID
            assert all(key.count("-") >= 3 and "-sp" in key for key in keys)
        else:
            assert all(key.isdigit() and int(key) > 0 for key in keys)
    assert "56309-GAC088N20V1-sp08-126" in {row["key"] for row in releases["lamost/dr2", "lrs"].index()}


def test_every_low_resolution_file_gives_one_row(releases: dict[Key, Release]) -> None:
    for (_, name), release in releases.items():
        if name == "lrs":
            rows = release.obscore()
            assert len(rows) == release.manifest.files == len({r["obs_publisher_did"] for r in rows})
            assert {r["o_unit"] for r in rows} == {"10**-17erg.s**-1.cm**-2.Angstrom**-1"}
            assert {r["o_calib_status"] for r in rows} == {"relative"}
            assert all(r["t_exptime"] > 0 and r["t_min"] < r["t_max"] and r["target_name"] for r in rows)


def test_every_part_of_medium_resolution_gives_a_row_of_its_own(releases: dict[Key, Release]) -> None:
    release = releases["lamost/dr7", "mrs"]
    rows = {row["obs_publisher_did"].rpartition("?")[2]: row for row in release.obscore()}
    parts = {f"{row['key']}/{row['part']}": row for row in release.index()}
    assert rows.keys() == parts.keys() and len(rows) == release.manifest.parts == 48
    for did, part in parts.items():
        row = rows[did]
        blue = did.partition("/")[2].removeprefix("COADD_").startswith("B")
        low, high = (4.8e-7, 5.5e-7) if blue else (6.2e-7, 6.9e-7)
        assert low < row["em_min"] < row["em_max"] < high
        assert (row["t_min"], row["t_max"]) == (part["t_min"], part["t_max"])
        assert (row["o_unit"], row["o_calib_status"]) == ("count", "uncalibrated")
        if part["part_kind"] == "exposure":
            start = part["lmjm"] / 1440 - 8 / 24
            assert row["t_min"] == pytest.approx(start, abs=1e-9) and int(did.rpartition("-")[2]) == part["lmjm"]
            assert row["t_max"] - row["t_min"] == pytest.approx(row["t_exptime"] / 86400, abs=1e-9)
        else:
            used = [p for p in parts.values() if p["key"] == part["key"] and p["band"] == part["band"]]
            assert row["t_min"] == min(p["t_min"] for p in used) and row["t_max"] == max(p["t_max"] for p in used)
            exposures = [p["t_exptime"] for p in used if p["part_kind"] == "exposure"]
            assert row["t_exptime"] == pytest.approx(sum(exposures))
    coadds = [p for p in parts.values() if p["part_kind"] == "coadd"]
    assert len(coadds) == 8 and {p["band"] for p in parts.values()} == {"blue", "red"}


def test_what_the_viewer_draws_is_what_astropy_reads(releases: dict[Key, Release]) -> None:
    drawn = 0
    for release in releases.values():
        index = ProductIndex(release.folder / release.manifest.index.path)
        for key in sorted({row["key"] for row in release.index()}):
            entry = main_file(release.context, index, key)
            header, arrays = unwired(to_wire(read_product(release.context, entry)))
            expected = truth(Path(entry.path))
            assert {part["name"] for part in header["parts"]} == expected.keys()
            for part, found in zip(header["parts"], arrays, strict=True):
                _same(found, expected[part["name"]])
            assert header["flux"]["calibration"] == release.context.config.flux.calibration
            drawn += 1
    assert drawn == 188


def _same(found: dict[str, np.ndarray], expected: dict[str, np.ndarray]) -> None:
    np.testing.assert_array_equal(found["wavelength"], expected["wavelength"].astype(np.float64))
    for name in expected.keys() - {"wavelength", "normalization"}:
        np.testing.assert_array_equal(found[name], expected[name], err_msg=name)
