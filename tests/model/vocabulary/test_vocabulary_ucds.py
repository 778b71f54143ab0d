"""UCD1+ words and what was meant."""

from __future__ import annotations

import pytest

from tianku.model.vocabulary import suggest_ucds, ucd_problem, ucd_words
from tianku.model.vocabulary.rules import name_rules
from tianku.model.vocabulary.tables import load_table


def test_the_list_is_the_ivoa_one() -> None:
    words = ucd_words()
    assert words["pos.eq.ra"][0] == "Q"
    assert words["meta.main"][0] == "S"
    assert "Right ascension" in words["pos.eq.ra"][1]


@pytest.mark.parametrize(
    ("ucd", "problem"),
    [
        ("pos.eq.ra;meta.main", None),
        ("", None),
        ("phys.temp", "'phys.temp' is no UCD1+ word"),
        ("meta.main;pos.eq.ra", "'meta.main' cannot come first"),
        ("phot.mag;stat.error", "'stat.error' can only come first"),
    ],
)
def test_a_problem_is_named(ucd: str, problem: str | None) -> None:
    assert ucd_problem(ucd) == problem


@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        ("ra", "pos.eq.ra"),
        ("phys.temp.effective", "phys.temperature.effective"),
        ("meta.main;pos.eq.ra", "pos.eq.ra;meta.main"),
        ("phot.mag;stat.error", "stat.error;phot.mag"),
    ],
)
def test_a_valid_ucd_is_suggested(wrong: str, right: str) -> None:
    suggestions = suggest_ucds(wrong)
    assert right in suggestions
    assert all(ucd_problem(s) is None for s in suggestions)


def test_every_word_the_rules_can_give_is_valid() -> None:
    bands = [b for b in load_table("columns")["bands"].values() if ucd_problem(f"phot.mag;{b}")]
    lines = [
        v["em"] for v in load_table("columns")["lines"].values() if ucd_problem(f"spect.line.eqWidth;{v['em']}")
    ]
    fixed = [r.ucd for r in name_rules() if "{" not in r.ucd and ucd_problem(r.ucd)]
    assert (bands, lines, fixed) == ([], [], [])


@pytest.mark.parametrize("old,new", load_table("ucd1").items())
def test_ucd1_is_put_in_words_of_today(old: str, new: str) -> None:
    assert ucd_problem(new) is None
    assert suggest_ucds(old) == suggest_ucds(old.lower()) == [new]
