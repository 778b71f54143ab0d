"""The shipped configurations say everything a product set needs."""

from __future__ import annotations

from pathlib import Path

import pytest

from tianku.model.config.load import LoadedDataset, load_collection
from tianku.model.errors import NotFoundError
from tianku.model.vocabulary.ucds import ucd_problem
from tianku.model.vocabulary.units import is_vounit
from tianku.products.context import set_context
from tianku.products.keys import compile_keys
from tianku.products.obscore import compile_mapping, header_names
from tianku.products.obscore_columns import OBSCORE_COLUMNS

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.fixture(scope="module")
def dr10() -> LoadedDataset:
    _, datasets = load_collection(EXAMPLES / "lamost" / "collection.yaml")
    return next(d for d in datasets if d.config.dataset == "lamost/dr10/v2.0")


def test_lamost_sets(dr10: LoadedDataset) -> None:
    low, medium = (set_context(dr10, name, "org.example") for name in ("lrs", "mrs"))
    assert low.flux.calibration == "relative" and medium.flux.calibration == "uncalibrated"
    assert low.local_time == "+08:00" and low.facility == "LAMOST"
    assert {b.name for b in low.bits["andmask"]} > {"NOPLUG", "BRIGHTSKY"}
    assert set(compile_mapping(low)) == set(low.config.obscore)
    assert header_names(low) == {"desig", "exptime"}


def test_an_unknown_set_names_those_there_are(dr10: LoadedDataset) -> None:
    with pytest.raises(NotFoundError, match="lrs, mrs"):
        set_context(dr10, "lsr", "org.example")


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*/collection.yaml")), ids=lambda p: p.parent.name)
def test_every_example_key_and_spectrum_mapping_compiles(path: Path) -> None:
    for loaded in load_collection(path)[1]:
        for name, config in loaded.config.products.items():
            if config.key:
                compile_keys(config.key.first)
            if config.type == "spectrum":
                compile_mapping(set_context(loaded, name, "org.example"))


def test_obscore_columns_are_in_the_words_of_the_vo() -> None:
    assert len({c.name for c in OBSCORE_COLUMNS}) == len(OBSCORE_COLUMNS) == 40
    for column in OBSCORE_COLUMNS:
        assert column.ucd and ucd_problem(column.ucd) is None, column.name
        assert column.unit is None or is_vounit(column.unit)
        assert column.utype and column.utype.startswith("obscore:")
