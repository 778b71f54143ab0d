"""Units as real files spell them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tianku.model.vocabulary import is_vounit, normalise_unit, same_unit, suggest_unit


@pytest.mark.parametrize(
    ("spelling", "vounit"),
    [
        ("1e-17 erg/s/cm**2/Angstrom", "10**-17erg.s**-1.cm**-2.Angstrom**-1"),
        ("10^-17 erg s^-1 cm^-2 Ang^-1", "10**-17erg.s**-1.cm**-2.Angstrom**-1"),
        ("1E-17*ergs/sec/cm^2/A", "10**-17erg.s**-1.cm**-2.Angstrom**-1"),
        ("erg/(s cm2 Hz)", "erg.s**-1.cm**-2.Hz**-1"),
        ("km/s", "km.s**-1"),
        ("km s-1", "km.s**-1"),
        ("KM/S", "km.s**-1"),
        ("mas yr-1", "mas.yr**-1"),
        ("sfu", "10**-22W.m**-2.Hz**-1"),
        ("degrees", "deg"),
        ("DEG", "deg"),
        ("hours", "h"),
        ("days", "d"),
        ("BJD - 2454833, days", "d"),
        ("mag", "mag"),
        ("mag/arcsec^2", "mag.arcsec**-2"),
        ("µm", "um"),
        ("Å", "Angstrom"),
        ("e-/s", "count.s**-1"),
        ("electrons/s", "count.s**-1"),
        ("Msun/yr", "solMass.yr**-1"),
        ("sqrt(Jy)", "Jy**(1/2)"),
        ("10+3J", "10**3J"),
        ("", ""),
        ("furlong", None),
    ],
)
def test_spellings_become_vounits(spelling: str, vounit: str | None) -> None:
    found = normalise_unit(spelling)
    assert found.vounit == vounit
    assert found.original == spelling
    assert found.known == (vounit is not None)
    if vounit is not None:
        assert is_vounit(vounit)


@pytest.mark.parametrize("spelling", ["dex", "log g", "log(cm/s2)", "[cm/s2]", "dex(cm s-2)"])
def test_logarithms_have_no_unit_and_say_so(spelling: str) -> None:
    found = normalise_unit(spelling)
    assert found.vounit == ""
    assert "logarithm" in found.note


def test_units_without_a_vounit_carry_the_factor_to_one() -> None:
    assert normalise_unit("%").factor == 0.01
    nanomaggy = normalise_unit("nmgy")
    assert (nanomaggy.vounit, nanomaggy.factor) == ("Jy", 3.631e-6)
    jupiter = normalise_unit("Mjup")
    assert jupiter.vounit == "solMass"
    assert 9.5e-4 < jupiter.factor < 9.6e-4
    assert normalise_unit("5 min").factor == 5


def test_equal_units_are_recognised_in_either_spelling() -> None:
    assert same_unit("km/s", "km.s**-1")
    assert not same_unit("km/s", "m.s**-1")
    assert not same_unit("", "deg")
    assert suggest_unit("degrees") == "deg"
    assert suggest_unit("deg") is None


@given(st.text(max_size=60))
def test_any_text_gives_a_valid_unit_or_none(text: str) -> None:
    found = normalise_unit(text)
    assert found.vounit is None or is_vounit(found.vounit)
