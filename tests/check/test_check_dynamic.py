"""Record formats: what a configuration of dynamic spectra lacks is said before an ingest."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.solar import EXAMPLE
from tianku.model.config import load_collection
from tianku.model.config.formats import RecordFormat
from tianku.usecases.check import check


def findings(
    folder: Path, old: str = "", new: str = "", table: str | None = "frequency\n1200\n1100\n"
) -> list[str]:
    """Messages of errors about the example's product set, with `old` in its configuration changed to `new`."""
    text = (EXAMPLE / "level1" / "dataset.yaml").read_text("utf-8")
    assert old in text
    (folder / "collection.yaml").write_text((EXAMPLE / "collection.yaml").read_text("utf-8"))
    (folder / "dataset.yaml").write_text(text.replace(old, new) if old else text)
    (folder / "a.dat").write_bytes(b"")
    if table is not None:
        (folder / "freq_table.csv").write_text(table)
    _, (loaded,) = load_collection(folder / "collection.yaml")
    return [one.message for one in check(loaded) if one.severity == "error"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({}, []),
        ({"table": None}, ["cannot be read"]),
        ({"table": "frequency\n1200\nMHz\n"}, ["a row has no number in column 1"]),
        ({"table": "f\n-1\n"}, ["frequencies are positive numbers"]),
        ({"old": "format: sbrs", "new": "format: srbs"}, ["'srbs' is none"]),
        ({"old": "reader: binary", "new": "reader: calisto"}, ["no reader 'calisto'"]),
        ({"old": "    unit: sfu\n", "new": "    unit: solar flux\n"}, ["`solar flux` is no unit known here"]),
    ],
)
def test_errors_name_what_is_wrong(tmp_path: Path, change: dict[str, str | None], said: list[str]) -> None:
    found = findings(tmp_path, **change)  # type: ignore[arg-type]
    assert len(found) == len(said) and all(word in message for word, message in zip(said, found, strict=True))


@pytest.mark.parametrize(
    ("fields", "axes", "said"),
    [
        ([{"name": "d", "type": "u2", "shape": ["n"]}], {}, "names 'n'"),
        ([{"name": "d", "type": "u2", "shape": [4], "scale": "gain"}], {}, "scaled by 'gain'"),
        ([{"name": "d", "type": "u2", "shape": [4]}], {"time": {"from": "t"}}, "names 't'"),
        ([{"name": "d", "type": "u2", "shape": [4]}], {"time": {"start": "DATE"}}, "`start:` and `step:`"),
        ([{"name": "d", "type": "u33-packed", "shape": [4]}], {}, "should match pattern"),
    ],
)
def test_formats_that_contradict_themselves_are_refused(
    fields: list[dict[str, object]], axes: dict[str, object], said: str
) -> None:
    frequency = {"frequency": {"start": 1, "step": 1}}
    whole = {"repeat": {"fields": fields}, **({"axes": {**frequency, **axes}} if axes else {})}
    with pytest.raises(ValueError, match=said):
        RecordFormat.model_validate(whole)
