"""What the search box understands."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.pages.fake import FakeSource
from tianku.model.access import ANONYMOUS
from tianku.pages import finding, snippets
from tianku.pages.finding import Place

CARDS = FakeSource().datasets(ANONYMOUS)


@pytest.mark.parametrize(
    ("words", "place"),
    [
        ("56.75 24.12", Place(56.75, 24.12)),
        ("56.75, -24.12 0.5", Place(56.75, -24.12, 0.5)),
        ("03:47:00 +24:07:00", Place(56.75, 24.1166667)),
        ("03h47m00s -24d07m00s", Place(56.75, -24.1166667)),
        ("3 47 0.0 -00 30 00", Place(56.75, -0.5)),
        ("400 10", None),
        ("10 91", None),
        ("10 20 0", None),
        ("NGC 1275", None),
        ("", None),
    ],
)
def test_places(words: str, place: Place | None) -> None:
    assert finding.place(words) == place


@given(st.floats(0, 359.99999), st.floats(-90, 90))
def test_any_place_in_degrees_is_read_back(ra: float, dec: float) -> None:
    found = finding.place(f"{ra:.7f} {dec:.7f}")
    assert found is not None
    assert (found.ra, found.dec) == pytest.approx((ra, dec), abs=1e-6)


@given(st.text(max_size=80))
def test_no_words_are_a_fault(words: str) -> None:
    finding.place(words)
    finding.by_words(CARDS, words)


def test_all_words_must_be_held_in_any_language_or_column() -> None:
    assert [len(f.tables) for f in finding.by_words(CARDS, "依巴谷")] == [1, 1]
    assert finding.by_words(CARDS, "Stars FLAGS")
    assert finding.by_words(CARDS, "stars quasars") == []
    assert finding.by_words(CARDS, "") == []
    assert [f.dataset.id for f in finding.by_words(CARDS, "dr13")] == ["lamost/dr13/v1.0"]


def test_cones_are_offered_where_rows_are_open() -> None:
    assert [f.dataset.id for f in finding.tables_with_positions(CARDS)] == ["hipparcos/hip2"]


def test_example_queries_are_adql() -> None:
    from tianku.adql.parser import parse

    view = FakeSource().table(ANONYMOUS, "hipparcos/hip2", "main")
    parse(snippets.example_query(view.meta))
    codes = {one.tool: one.code for one in snippets.for_table(view, "https://vault.org")}
    assert "https://vault.org/vo/tap/sync" in codes["curl"]
    compile(codes["pyVO"], "pyVO", "exec")
    compile(codes["pyVO (cone)"], "pyVO", "exec")
    closed = FakeSource().table(ANONYMOUS, "lamost/dr13/v1.0", "main")
    assert snippets.for_table(closed, "https://vault.org") == []
