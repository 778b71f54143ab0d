"""Spectral access: range lists, parameters, addresses, and rows by format."""

from __future__ import annotations

import math

import pytest
from astropy.coordinates import SkyCoord
from astropy.time import Time
from hypothesis import given
from hypothesis import strategies as st

from tianku.adql.build import AnyOf, Condition
from tianku.http.params import Params
from tianku.model.errors import NotFoundError, UsageError
from tianku.vo.dali.set_address import SetAddress, parse_address
from tianku.vo.ssa.params import DEFAULT_SIZE, SsaQuery, ssa_query
from tianku.vo.ssa.ranges import numbers, times, wavelengths

INF = math.inf


def query(**given: str) -> SsaQuery:
    return ssa_query(Params({"REQUEST": "queryData", **given}.items()))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("5e-7", [(5e-7, 5e-7)]),
        ("1e-7/3e-7", [(1e-7, 3e-7)]),
        ("/3e-7", [(-INF, 3e-7)]),
        ("3e-7/", [(3e-7, INF)]),
        ("1e-7/2e-7, 5e-7 ,9e-7/", [(1e-7, 2e-7), (5e-7, 5e-7), (9e-7, INF)]),
        ("optical", [(3e-7, 1e-6)]),
        ("5e-7/6e-7;observer", [(5e-7, 6e-7)]),
    ],
)
def test_range_lists_of_wavelengths(text: str, expected: list[tuple[float, float]]) -> None:
    assert wavelengths("BAND", text) == expected


@pytest.mark.parametrize(
    "text", ["", "/", "a", "1/2/3", "3/1", "nan", "inf/", "1e-7/V", "1,,2", "5e-7;source", "1," * 200 + "1"]
)
def test_what_is_no_range_list_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        wavelengths("BAND", text)


@given(st.floats(-1e9, 1e9), st.floats(-1e9, 1e9))
def test_numbers_are_read_as_written(one: float, other: float) -> None:
    low, high = sorted([one, other])
    assert numbers("SPECRP", f"{low!r}/{high!r}") == [(low, high)]


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("2019", "2019-01-01", "2020-01-01"),
        ("2020-02", "2020-02-01", "2020-03-01"),
        ("2019-12-13", "2019-12-13", "2019-12-14"),
        ("2019-12-13T10", "2019-12-13T10:00", "2019-12-13T11:00"),
        ("2019-12-13T10:30Z", "2019-12-13T10:30", "2019-12-13T10:31"),
        ("2019-12-13T10:30:15.5", "2019-12-13T10:30:15.5", "2019-12-13T10:30:15.5"),
        ("2019-12/2020-01", "2019-12-01", "2020-02-01"),
    ],
)
def test_shortened_dates_are_all_of_their_period(text: str, first: str, last: str) -> None:
    assert times("TIME", text)[0] == pytest.approx((Time(first).mjd, Time(last).mjd), abs=1e-9)


@pytest.mark.parametrize(
    "text",
    ["2019-13", "2019-02-30", "2019-1-1", "2019-12-13T24", "0000", "yesterday", "２０１９", "9999-12-31T23:59:60"],
)
def test_what_is_no_date_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="TIME"):
        times("TIME", text)


def test_a_position_of_another_system_becomes_icrs() -> None:
    expected = SkyCoord(165.1, -24.0, frame="galactic", unit="deg").icrs
    cone = query(POS="165.1,-24.0;Galactic", SIZE="3").cone
    assert cone == pytest.approx((expected.ra.deg, expected.dec.deg, 1.5))
    assert query(POS="10,20").cone == (10.0, 20.0, DEFAULT_SIZE / 2)
    assert query(SIZE="1").cone is None


def test_conditions_on_obscore_columns() -> None:
    asked = query(BAND="5e-7/,/4e-7", SPECRP="1800", SPATRES="0.001", TARGETNAME="Vega, M 31", FLUXCALIB="any")
    upper, lower = (Condition("em_max", "greaterequal", (5e-7,)),), (Condition("em_min", "lessequal", (4e-7,)),)
    assert set(asked.where) == {
        AnyOf((upper, lower)),
        AnyOf(((Condition("em_res_power", "greaterequal", (1800.0,)),),)),
        AnyOf(((Condition("s_resolution", "lessequal", (3.6,)),),)),
        Condition("target_name", "in_any_case", ("Vega", "M 31")),
    }


def test_apertures_are_largest_ones_or_ranges() -> None:
    least, most = (Condition("s_fov", limit, (value,)) for limit, value in
                   (("greaterequal", 0.001), ("lessequal", 0.002)))  # fmt: skip
    assert query(APERTURE="0.002").where == (AnyOf(((most,),)),)
    assert query(APERTURE="0.001/0.002").where == (AnyOf(((least, most),)),)


def test_what_holds_for_whole_sets() -> None:
    assert query().calibrated and query(WAVECALIB="Absolute").calibrated and query(WAVECALIB="none,ANY").calibrated
    assert not query(WAVECALIB="approximate").calibrated
    assert query().modified is None
    assert query(MTIME="2020/").modified == ((Time("2020-01-01").mjd, INF),)


def test_what_no_column_answers_is_passed_over() -> None:
    assert query(SNR="10", REDSHIFT="0/0.1", VARAMPL="0.5", RUNID="x") == query()


@pytest.mark.parametrize(
    "given",
    [
        {"MTIME": "lately"},
        {"APERTURE": "wide"},
        {"REQUEST": "getData"},
        {"REQUEST": ""},
        {"POS": "10"},
        {"POS": "361,0"},
        {"POS": "10,20;MOON"},
        {"POS": "nan,20"},
        {"SIZE": "-1"},
        {"FORMAT": "paper"},
        {"MAXREC": "-1"},
        {"TOP": "x"},
        {"RESPONSEFORMAT": "csv"},
    ],
)
def test_wrong_parameters_are_named(given: dict[str, str]) -> None:
    with pytest.raises(UsageError):
        query(**given)


def test_the_smaller_of_maxrec_and_top_counts() -> None:
    assert query(MAXREC="5", TOP="3").maxrec == 3 and query(TOP="3").maxrec == 3 and query().maxrec is None


@pytest.mark.parametrize("sibling", [None, "capabilities", "tables", "availability"])
def test_paths_are_parsed(sibling: str | None) -> None:
    tail = f"/{sibling}" if sibling else ""
    found = parse_address(f"lamost/dr10/v2.0/lrs/ssa{tail}", "ssa")
    assert found == SetAddress("lamost/dr10/v2.0", "lrs", "ssa", sibling)
    assert found.path == "/vo/lamost/dr10/v2.0/lrs/ssa"


@pytest.mark.parametrize("path", ["", "ssa", "lrs/ssa", "a/lrs/ssa/x", "a/lrs/scs"])
def test_paths_that_name_nothing(path: str) -> None:
    with pytest.raises(NotFoundError):
        parse_address(path, "ssa")
