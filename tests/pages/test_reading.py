"""Units, words and coverages as people read them."""

from __future__ import annotations

import numpy as np
import pytest

from tianku.pages.coverage import PLEIADES, point, union
from tianku.pages.units import pretty
from tianku.pages.words import word
from tianku.sky.moc import contains, from_ascii


@pytest.mark.parametrize(
    ("unit", "read"),
    [
        ("10**-17erg.s**-1.cm**-2.Angstrom**-1", "10⁻¹⁷ erg s⁻¹ cm⁻² Å⁻¹"),
        ("mas.yr**-1", "mas yr⁻¹"),
        ("deg", "deg"),
        ("%", "%"),
        ("count", "counts"),
        ("m/s", "m/s"),
        ("log(cm.s**-2)", "log(cm.s**-2)"),
    ],
)
def test_units(unit: str, read: str) -> None:
    assert pretty(unit) == read


def test_words_of_the_data_model_are_told_in_both_languages() -> None:
    assert word("coadd").in_("en") == "combined"
    assert word("coadd").in_("zh") == "合并"
    assert word("own").in_("zh") == "own"


def test_the_union_covers_what_each_covers() -> None:
    assert union(()) is None
    assert union(("3/1-4",)) == "3/1-4"
    assert from_ascii(union(("3/1-4", "3/4-9", "4/800")) or "") == from_ascii("3/1-9 4/800")


@pytest.mark.parametrize("moc", ["3/17", "5/1 900-905", "9/12345", "0/0-11"])
def test_an_example_looks_where_there_is_something(moc: str) -> None:
    ra, dec = point(moc)
    assert contains(from_ascii(moc), np.array([ra]), np.array([dec])).all()
    assert point("0/0-11") == point(None) == PLEIADES
