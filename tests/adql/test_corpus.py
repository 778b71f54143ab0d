"""The corpus of labelled ADQL queries, read in place."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tianku.adql.__main__ import accepted
from tianku.adql.parser import parse
from tianku.adql.text import to_adql

CORPUS = Path(__file__).resolve().parents[3] / "shared" / "adql" / "open.json"


@pytest.fixture(scope="module")
def corpus() -> list[dict]:
    if not CORPUS.is_file():
        pytest.skip("the corpus of labelled ADQL queries is absent (../shared/adql/open.json)")
    return json.loads(CORPUS.read_text())


def test_labels(corpus: list[dict]) -> None:
    verdicts = [(accepted(r["query"]), r["valid"], r["query"]) for r in corpus]
    valid = [v for v in verdicts if v[1]]
    invalid = [v for v in verdicts if not v[1]]
    rejected_valid = [q for ok, _, q in valid if not ok]
    accepted_invalid = [q for ok, _, q in invalid if ok]
    # an unknown function is an error of names, not of grammar: `resolve` refuses that one
    assert rejected_valid == []
    assert len(accepted_invalid) <= 1
    assert all("my_undefined_function" in q for q in accepted_invalid)


def test_text_reads_back(corpus: list[dict]) -> None:
    for record in corpus:
        if record["valid"]:
            tree = parse(record["query"]).tree
            assert parse(to_adql(parse(record["query"]))).tree == tree, record["query"]
