"""The committed reference is what the code says now."""

from __future__ import annotations

from pathlib import Path

import pytest

from tianku.api import reference as api_reference
from tianku.model.config import reference

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "reference"
WRITTEN = reference.files() | api_reference.files()


@pytest.mark.parametrize("name", WRITTEN)
def test_reference_is_current(name: str) -> None:
    assert (FOLDER / name).read_text("utf-8") == WRITTEN[name], "run `make reference` and commit docs/reference"


def test_nothing_else_is_there() -> None:
    assert {p.name for p in FOLDER.iterdir()} == set(WRITTEN)


def test_every_key_is_explained() -> None:
    silent = [
        f"{title}.{key}"
        for model in reference.FILES.values()
        for title, one in reference.objects(model).items()
        for key, said in one["properties"].items()
        if not said.get("description")
    ]
    assert silent == []


@pytest.mark.parametrize("name", reference.FILES)
def test_short_spellings_are_in_the_schema(name: str) -> None:
    text = reference.schema(reference.FILES[name])["$defs"]["Text"]
    assert {"type": "string"} in text["anyOf"]
