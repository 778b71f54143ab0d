"""The seven cases that the configuration format must be able to say."""

from __future__ import annotations

from pathlib import Path

import pytest

from tianku.model.config import load_collection

EXAMPLES = Path(__file__).resolve().parents[3] / "examples"
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
