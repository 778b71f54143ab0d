"""What names suggest."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tianku.model.types import DataType
from tianku.model.vocabulary import guess_column, is_vounit, ucd_problem


@pytest.mark.parametrize(
    ("name", "unit", "ucd"),
    [
        ("RAJ2000", "deg", "pos.eq.ra"),
        ("_DE", "deg", "pos.eq.dec"),
        ("e_pmRA", "mas.yr**-1", "stat.error;pos.pm;pos.eq.ra"),
        ("parallax_error", "mas", "stat.error;pos.parallax.trig"),
        ("Teff_err", "K", "stat.error;phys.temperature.effective"),
        ("sigma_logg", "", "stat.error;phys.gravity"),
        ("Jmag", "mag", "phot.mag;em.IR.J"),
        ("w1mpro", "mag", "phot.mag;em.IR.3-4um"),
        ("psfMag_g", "mag", "phot.mag;em.opt.B"),
        ("distance_kpc", "kpc", "pos.distance"),
        ("survey_ra_deg", "deg", "pos.eq.ra"),
        ("source_id", "", "meta.id"),
        ("obsid", "", "meta.id;obs"),
        ("mjd", "d", "time.epoch;obs"),
        ("z", "", "src.redshift"),
        ("flux_ivar", "", "stat.weight"),
        ("Unnamed: 0", "", "meta.record"),
        ("n_obs", "", "meta.number"),
        ("access_url", "", "meta.ref.url"),
    ],
)
def test_common_names(name: str, unit: str, ucd: str) -> None:
    found = guess_column(name)
    assert (found.unit, found.ucd) == (unit, ucd)


def test_the_rest_of_the_table_decides_short_names() -> None:
    assert guess_column("b", siblings=["l", "b"]).ucd == "pos.galactic.lat"
    assert guess_column("B", siblings=["B", "V", "R"]).ucd == "phot.mag;em.opt.B"
    assert guess_column("VR", siblings=["BV", "VR", "VI"]).ucd == "phot.color;em.opt.V;em.opt.R"
    assert guess_column("VR").unit == "km.s**-1"


def test_the_unit_of_the_source_wins_and_refutes_names() -> None:
    assert guess_column("pmra", unit="arcsec/yr").unit == "arcsec.yr**-1"
    magnitude = guess_column("parallax", unit="mag")
    assert magnitude.unit == "mag"
    assert magnitude.ucd != "pos.parallax.trig"


def test_truth_values_are_flags() -> None:
    assert guess_column("teff_ok", type=DataType.BOOLEAN).ucd == "meta.code"


def test_an_unknown_name_is_left_open() -> None:
    found = guess_column("qqx17")
    assert (found.unit, found.ucd) == (None, None)


@given(st.text(max_size=40), st.lists(st.text(max_size=8), max_size=4))
def test_whatever_the_name_the_guess_is_valid(name: str, siblings: list[str]) -> None:
    found = guess_column(name, siblings=siblings)
    assert not found.unit or is_vounit(found.unit)
    assert not found.ucd or ucd_problem(found.ucd) is None
