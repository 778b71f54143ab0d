"""The seven cases that the configuration format must be able to say."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tianku.model.config import load_collection, load_installation
from tianku.usecases.check import check_installation

EXAMPLES = Path(__file__).resolve().parents[3] / "examples"
DEMO = EXAMPLES.parent / "src" / "tianku" / "usecases" / "demo"
COLLECTIONS = sorted(p.parent.name for p in EXAMPLES.glob("*/collection.yaml"))


@pytest.mark.parametrize("name", COLLECTIONS)
def test_example_is_valid(name):
    collection, datasets = load_collection(EXAMPLES / name / "collection.yaml")
    assert collection.collection == name
    assert datasets


def test_the_seven_cases_are_there():
    assert {"lamost", "bass", "ast3", "sbrs", "plates", "gaia-hats", "fast-radio"} <= set(COLLECTIONS)


def test_the_second_version_extends_the_first():
    _, datasets = load_collection(EXAMPLES / "lamost/collection.yaml")
    first, second = (next(d for d in datasets if d.config.dataset == f"lamost/dr10/{v}") for v in ("v1.0", "v2.0"))
    assert len(first.config.tables) == len(second.config.tables) == 18 + 2  # and two tables of list elements
    assert {n for n in second.config.tables if "__" in n} == {"mec__obsid_list", "med_mec__obsid_list"}
    assert first.config.tables.keys() == second.config.tables.keys()
    assert second.config.tables["catalogue"].from_.files == ("catalogues/dr10_v2.0_{LRS|MRS}_catalogue.fits.gz",)
    assert second.config.tables["med_mec"].lists == first.config.tables["med_mec"].lists
    assert second.config.supersedes == "lamost/dr10/v1.0"
    assert second.config.products["mrs"].flux.calibration == "uncalibrated"


def test_the_dictionary_serves_every_table():
    _, datasets = load_collection(EXAMPLES / "lamost/collection.yaml")
    column = datasets[-1].column("stellar", "teff")
    assert (column.unit, column.ucd) == ("K", "phys.temperature.effective")
    assert column.description.zh == "有效温度"


def test_metadata_only_has_no_tables():
    _, (dataset,) = load_collection(EXAMPLES / "fast-radio/collection.yaml")
    assert dataset.config.kind == "metadata-only"
    assert dataset.config.links[0].url.startswith("https://")


#: what the national data centre's list of data sets names, and where the demo shows it
LISTED = {
    "lamost/dr5": "spectrum",
    "lamost/dr5/single-exposures": "spectrum",
    "ast3": "timeseries",
    "cstar": "timeseries",
    "bass": "image",
    "scuss": "image",
    "sage": "catalogue",
    "legacy-plates": "catalogue",
    "legacy-plates/images": "image",
    "ncle": "dynamic-spectrum",
    "muser": "image",
    "sbrs": "dynamic-spectrum",
}


def test_the_demo_lists_what_is_kept_elsewhere_in_both_languages(tmp_path):
    shutil.copytree(DEMO / "collections", tmp_path / "collections")
    shutil.copy(DEMO / "lamost" / "collection.yaml", tmp_path / "collections" / "lamost")
    (tmp_path / "site.yaml").write_text("authority: demo.example\ntitle: Demo\n")
    datasets = load_installation(tmp_path).datasets
    for name, kind in LISTED.items():
        one = datasets[name].config
        assert one.kind == "metadata-only" and kind in one.data_types, name
        assert one.title.zh and one.description.en and one.description.zh, name
        assert all(link.title.zh for link in one.links) and one.links, name
    for name in LISTED:
        assert not [f for f in check_installation(tmp_path, name) if f.severity == "error"], name
