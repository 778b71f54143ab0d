"""The catalogue of data sets: found by words and facets, counted by what the viewer may know."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.centre import meta, published
from tianku.model.access import ANONYMOUS, Principal
from tianku.usecases.datasets import Wanted, children, entries, parent, search
from tianku.usecases.picture import build_picture
from tianku.usecases.viewer import Viewer

MEMBER = Principal(user="ada", groups=frozenset({"team"}))
NOW = 1_800_000_000.0  # 2027


def one(dataset: str, tables: bool = False, **more: Any) -> Any:
    return published(dataset, [meta(dataset)] if tables else [], **more)


DATASETS = [
    one("sky/dr1", tables=True, waveband="Optical", facility="Bok", years=[1998, 2003], description="Blue STARS"),
    one("sky/dr2", kind="metadata-only", waveband=["Optical", "Infrared"], facility="Bok", years=[2011, None]),
    one("sun", kind="metadata-only", title={"zh": "太阳射电"}, waveband="Radio", data_types=["image"]),
    one("sun/flares", parent="sun", kind="metadata-only", waveband="Radio", data_types=["image", "other"]),
    one("secret/dr1", tables=True, waveband="X-ray", access={"metadata": ["group:team"], "data": ["group:team"]}),
    one("hidden/dr1", parent="sun", facility="Hidden", access={"existence": ["group:team"]}),
    one("child/dr1", parent="hidden/dr1", kind="metadata-only"),
]  # fmt: skip


def viewer(principal: Principal = ANONYMOUS) -> Viewer:
    return Viewer(build_picture(1, DATASETS, {}), principal, NOW)


def found(principal: Principal = ANONYMOUS, words: str = "", **chosen: str) -> list[str]:
    wanted = Wanted(words, {facet: frozenset(values.split(",")) for facet, values in chosen.items()})
    return [entry.id for entry in search(entries(viewer(principal)), wanted).entries]


def counts(facet: str, principal: Principal = ANONYMOUS, words: str = "", **chosen: str) -> dict[str, int]:
    wanted = Wanted(words, {name: frozenset(values.split(",")) for name, values in chosen.items()})
    return {v.value: v.count for v in search(entries(viewer(principal)), wanted).facets[facet]}


@pytest.mark.parametrize(
    ("words", "ids"),
    [("stars", ["sky/dr1"]), ("blue stars", ["sky/dr1"]), ("blue radio", []), ("太阳", ["sun"]),
     ("ｓＵＮ", ["sun", "sun/flares"]), ("bok infrared", ["sky/dr2"]), ("hidden", [])],
)  # fmt: skip
def test_every_word_counts_in_either_language(words: str, ids: list[str]) -> None:
    assert found(words=words) == ids


def test_choices_of_one_facet_are_alternatives_and_facets_go_together() -> None:
    assert found(waveband="Radio,Infrared") == ["sky/dr2", "sun", "sun/flares"]
    assert found(waveband="Radio,Infrared", type="image") == ["sun", "sun/flares"]
    assert found(waveband="Nothing") == []


def test_counts_are_of_what_choosing_would_show() -> None:
    assert counts("waveband") == {"Radio": 2, "Infrared": 1, "Optical": 2, "X-ray": 1}
    for value, count in counts("waveband", type="image").items():
        assert len(found(waveband=value, type="image")) == count
    assert counts("waveband", waveband="Radio") == counts("waveband")
    assert counts("type", waveband="Optical") == {"catalogue": 1}


def test_values_stand_in_their_order() -> None:
    assert list(counts("waveband")) == ["Radio", "Infrared", "Optical", "X-ray"]
    assert list(counts("type")) == ["catalogue", "image", "other"]
    assert counts("years") == {"2020–2029": 1, "2010–2019": 1, "2000–2009": 1, "1990–1999": 1}


def test_a_value_that_was_chosen_stays_to_be_taken_back() -> None:
    assert counts("facility", facility="Nowhere") == {"Bok": 2, "Nowhere": 0}


def test_access_is_seen_by_who_asks() -> None:
    assert counts("access") == {"public": 1, "restricted": 1, "elsewhere": 4}
    assert counts("access", MEMBER) == {"public": 1, "granted": 2, "elsewhere": 4}


def test_what_is_hidden_is_nowhere() -> None:
    assert "hidden/dr1" not in found() and "hidden/dr1" in found(MEMBER)
    assert counts("facility") == {"Bok": 2} and counts("facility", MEMBER) == {"Bok": 2, "Hidden": 1}
    picture = viewer().picture
    for principal, ids, above in (
        (ANONYMOUS, ["sun/flares"], None),
        (MEMBER, ["hidden/dr1", "sun/flares"], "hidden/dr1"),
    ):
        mine = viewer(principal)
        assert [child.id for child in children(mine, picture.datasets["sun"])] == ids
        assert parent(mine, picture.datasets["child/dr1"]) == above
        assert {e.id: e.parent for e in entries(mine)}["child/dr1"] == above
    assert parent(viewer(), picture.datasets["sun/flares"]) == "sun"


def test_a_name_in_queries_stands_for_the_newest_that_has_rows_here() -> None:
    assert viewer().aliases()["sky"].id == "sky/dr1"
