"""A configuration that names what its files lack is refused before an ingest begins, with what was meant."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from astropy.io import fits

from tests.support.datasets import configured
from tianku.model.errors import UsageError
from tianku.usecases.check import check
from tianku.usecases.preflight import check_tables

MISTAKES: dict[str, tuple[dict[str, Any], str]] = {
    "column": ({"columns": [{"name": "x", "source": "magg"}]}, "did you mean mag?"),
    "id": ({"id": "idd"}, "did you mean id?"),
    "position": ({"positions": [{"ra": "raa", "dec": "dec"}]}, "did you mean ra?"),
    "epoch": ({"positions": [{"ra": "ra", "dec": "dec", "epoch": "yer"}]}, "'yer'"),
    "expression": ({"columns": [{"name": "y", "expression": "magn + 1", "type": "float64"}]}, "did you mean mag?"),
    "syntax": ({"columns": [{"name": "y", "expression": "mag +", "type": "float64"}]}, "no SQL scalar expression"),
    "hdu": ({"from": {"files": "t.fits", "hdu": "STRS"}}, "no table STRS among its HDUs; tables: 1 STARS"),
    "format": ({"from": {"files": "t.csv", "format": "hipp"}}, "did you mean hip?"),
    "reader": ({"from": {"files": "t.csv", "reader": "fits"}}, "cannot be read as FITS"),
    "readme": ({"from": {"files": "t.csv", "readme": "ReadMee"}}, "ReadMee"),
    "encoding": ({"from": {"files": "t.csv", "encoding": "utf9"}}, "no encoding 'utf9'"),
    "delimiter": ({"from": {"files": "t.csv", "delimiter": "tab"}}, "'tab' is no delimiter"),
    "files": ({"from": "u*.csv"}, "no file matches u*.csv"),
    "several": ({"from": ["t.csv", "v.csv"], "columns": [{"name": "x", "source": "magg"}]}, "did you mean mag?"),
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "t.csv").write_text("id,ra,dec,mag\n1,2,3,4\n")
    (tmp_path / "v.csv").write_text("id,ra,dec,extra\n1,2,3,4\n")
    table = fits.BinTableHDU.from_columns([fits.Column("id", "J", array=[1])], name="STARS")
    fits.HDUList([fits.PrimaryHDU(), table]).writeto(tmp_path / "t.fits")
    return tmp_path


@pytest.mark.parametrize("name", MISTAKES)
def test_mistakes_are_named_by_check_and_before_an_ingest(folder: Path, name: str) -> None:
    said, words = MISTAKES[name]
    hip = {"text": True, "fields": [{"name": "n", "type": "int", "start": 1, "width": 3}]}
    tables = {"good": {"from": "t.csv"}, "bad": {"from": "t.csv"} | said}
    dataset = configured(folder, tables, formats={"hip": hip})
    with pytest.raises(UsageError) as caught:
        check_tables(dataset, dataset.config.tables)
    assert words in caught.value.message
    assert any(words in f.message for f in check(dataset) if f.severity == "error" and ".bad" in f.key)


def test_a_column_that_only_a_later_file_has_is_no_mistake(folder: Path) -> None:
    dataset = configured(
        folder, {"t": {"from": ["t.csv", "v.csv"], "columns": [{"name": "extra", "unit": "mag"}]}}
    )
    check_tables(dataset, ["t"])
    assert [f for f in check(dataset) if f.severity == "error"] == []


def test_text_files_are_not_read_to_look_at_their_header(folder: Path) -> None:
    with (folder / "t.csv").open("ab") as file:
        file.truncate(5 << 30)  # a hole: reading it would take seconds and find a line too long
    said = {"files": "t.csv", "reader": "csv"}
    check_tables(configured(folder, {"t": {"from": said, "id": "id"}}), ["t"])
