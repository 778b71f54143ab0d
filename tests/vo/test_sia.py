"""Image access, both versions: the grammar of parameters, and what they ask."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tianku.adql.build import AnyOf, Condition
from tianku.http.params import Params
from tianku.model.errors import NotFoundError, UsageError
from tianku.planner.regions import Circle, PolygonShape, Range
from tianku.vo.dali.intervals import interval, intervals
from tianku.vo.dali.shapes import shape
from tianku.vo.sia1.params import Sia1Query, sia1_query
from tianku.vo.sia2.address import Sia2Address, parse_address
from tianku.vo.sia2.params import Sia2Query, sia2_query

INF = math.inf


def asked(*given: tuple[str, str]) -> Sia2Query:
    return sia2_query(Params(given))


def old(**given: str) -> Sia1Query:
    return sia1_query(Params({"POS": "10,20", "SIZE": "0.2", **given}.items()))


@given(st.floats(allow_nan=False), st.floats(allow_nan=False))
def test_intervals_are_read_as_written(one: float, other: float) -> None:
    low, high = sorted([one, other])
    assert interval("BAND", f"{low!r} {high!r}") == (low, high)


@given(st.text(max_size=20))
def test_any_text_is_an_interval_or_a_usage_error(text: str) -> None:
    try:
        low, high = interval("BAND", text)
    except UsageError as error:
        assert "BAND" in error.message
    else:
        assert low <= high


@given(st.one_of(st.text(max_size=30), st.lists(st.floats(), max_size=9).map(lambda v: " ".join(map(repr, v)))),
       st.sampled_from(["CIRCLE", "RANGE", "POLYGON", "circle", "BOX", ""]))  # fmt: skip
def test_any_text_is_a_region_or_a_usage_error(text: str, kind: str) -> None:
    try:
        found = shape("POS", f"{kind} {text}")
    except UsageError as error:
        assert error.code == "dali.shape"
    else:
        assert 0 <= found.around().radius <= 180


def test_regions() -> None:
    assert shape("POS", "CIRCLE 10 20 0.5") == Circle(10, 20, 0.5)
    assert shape("POS", "RANGE 350 10 -5 5") == Range(350, 370, -5, 5)
    assert shape("POS", "RANGE -Inf Inf 60 +Inf") == Range(0, 360, 60, 90)
    assert shape("POS", "POLYGON 1 1 3 1 2 2") == PolygonShape((1, 3, 2), (1, 1, 2))


def test_values_of_one_parameter_are_alternatives_and_parameters_all_hold() -> None:
    found = asked(
        ("BAND", "1e-7 2e-7"), ("band", "5e-7 +Inf"), ("FOV", "0.1 1"), ("CALIB", "2"), ("CALIB", "3"),
        ("TIME", "-Inf Inf"), ("POL", "I"), ("ID", "ivo://X/y?z"), ("COLLECTION", "BASS"), ("DPTYPE", "image"),
        ("POS", "CIRCLE 1 2 3"), ("POS", "RANGE 1 2 3 4"), ("UNKNOWN", "x"),
    )  # fmt: skip
    first = (Condition("em_max", "greaterequal", (1e-7,)), Condition("em_min", "lessequal", (2e-7,)))
    fov = (Condition("s_fov", "greaterequal", (0.1,)), Condition("s_fov", "lessequal", (1.0,)))
    assert set(found.where) == {
        AnyOf((first, (Condition("em_max", "greaterequal", (5e-7,)),))),
        AnyOf((fov,)),
        AnyOf(((Condition("pol_states", "like", ("%/I/%",)),),)),
        Condition("calib_level", "in", (2, 3)),
        Condition("obs_publisher_did", "in_any_case", ("ivo://X/y?z",)),
        Condition("obs_collection", "in", ("BASS",)),
        Condition("dataproduct_type", "in", ("image",)),
    }
    assert found.lying is not None and found.lying.shapes == (Circle(1, 2, 3), Range(1, 2, 3, 4))
    assert asked().lying is None and asked().where == ()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("POS", "CIRCLE 1 2"), ("POS", "CIRCLE 361 0 1"), ("POS", "CIRCLE 1 91 1"), ("POS", "CIRCLE 1 2 -1"),
        ("POS", "POLYGON 1 1 2 2"), ("POS", "POLYGON 1 1 1 1 1 1"), ("POS", "RANGE 1 2 4 3"), ("POS", "1,2"),
        ("POS", "CIRCLE NaN 2 1"), ("BAND", "red"), ("BAND", "2 1"), ("BAND", "1 2 3"), ("BAND", "NaN 1"),
        ("TIME", "2020-01-01"), ("POL", "Z"), ("DPTYPE", "spectrum"), ("CALIB", "9"), ("CALIB", "two"),
        ("MAXREC", "-1"), ("MAXREC", "x"), ("RESPONSEFORMAT", "paper"),
    ],
)  # fmt: skip
def test_wrong_parameters_are_named(name: str, value: str) -> None:
    with pytest.raises(UsageError):
        asked((name, value))


def test_no_more_values_than_a_hundred() -> None:
    with pytest.raises(UsageError, match="101"):
        intervals("BAND", [f"{i} {i + 1}" for i in range(101)])


@pytest.mark.parametrize("owner", ["", "images/dr1", "images/dr1/ccd"])
def test_paths_of_the_site_a_data_set_and_a_set(owner: str) -> None:
    path = f"{owner}/sia2/query" if owner else "sia2/query"
    assert parse_address(path) == Sia2Address(owner, "query")
    assert parse_address(path).path == f"/vo/{path.removesuffix('/query')}"
    for wrong in ("sia2", f"{owner}/sia2/nothing", f"{owner}/sia/query"):
        with pytest.raises(NotFoundError):
            parse_address(wrong)


def test_how_regions_of_the_older_version_are_read() -> None:
    assert old(SIZE="0").lying is not None and old(SIZE="0").lying.shapes == (Circle(10, 20, 0),)
    covers, enclosed = old(INTERSECT="covers").lying, old(INTERSECT="ENCLOSED", SIZE="0.2,0.4").lying
    assert covers is not None and covers.relation == "covers"
    assert enclosed is not None and enclosed.relation == "enclosed"
    box = enclosed.shapes[0]
    assert isinstance(box, PolygonShape)
    assert (min(box.dec), max(box.dec)) == pytest.approx((19.8, 20.2), abs=1e-3)
    half = 0.1 / math.cos(math.radians(20))
    assert (min(box.ra), max(box.ra)) == pytest.approx((10 - half, 10 + half), abs=1e-3)
    assert old(SIZE="360").lying is None
    everything = old(SIZE="360", INTERSECT="COVERS").lying
    assert everything is not None and everything.shapes == ()  # no image covers the sky


@pytest.mark.parametrize(
    "given",
    [
        {"POS": "10"}, {"POS": ""}, {"POS": "361,0"}, {"POS": "a,b"}, {"SIZE": ""}, {"SIZE": "-1"},
        {"SIZE": "1,2,3"}, {"SIZE": "nan"}, {"INTERSECT": "TOUCHES"}, {"VERB": "4"},
        {"INTERSECT": "ENCLOSED", "SIZE": "0"},
        {"FORMAT": "paper"}, {"RESPONSEFORMAT": "csv"}, {"MAXREC": "x"},
    ],
)  # fmt: skip
def test_wrong_parameters_of_the_older_version(given: dict[str, str]) -> None:
    with pytest.raises(UsageError):
        old(**given)


def test_metadata_needs_no_region() -> None:
    assert sia1_query(Params([("FORMAT", "METADATA")])).only_metadata
    with pytest.raises(UsageError, match="POS"):
        sia1_query(Params([("FORMAT", "ALL")]))
