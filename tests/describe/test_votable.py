"""VOTables are described and ingested with no line by hand: frames, epochs and times as they state them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.catalogue.readers.test_votable import REAL, REJECTED
from tests.formats.votable_read.documents import HEAD, cells, field, tabledata
from tianku.catalogue.ingest import ingest_table
from tianku.model.config import load_collection
from tianku.model.errors import UsageError
from tianku.usecases.describe import describe
from tianku.usecases.describe.systems import stated_system

from .real import described
from .test_ingest_described import ingested

#: tables of the documents that hold a service's answer about several catalogues
MANY = "viz.xml"


@pytest.mark.parametrize("name", [n if n != MANY else pytest.param(n, marks=pytest.mark.slow) for n in REAL])
def test_real_votables_need_no_line_by_hand(test_data: Path, tmp_path: Path, name: str) -> None:
    found, _, manifest = ingested(test_data / "votable" / name, tmp_path)
    assert manifest.rejects.total == 0
    assert manifest.meta.nrows == found.rows > 0
    assert (manifest.meta.main_position is None) == (found.main_position is None)
    published = {c.name: c for c in manifest.meta.columns}
    assert {c.name: c.utype for c in found.columns} == {c.name: published[c.name].utype for c in found.columns}


@pytest.mark.parametrize("name", REJECTED)
def test_error_messages_are_no_tables(test_data: Path, name: str) -> None:
    with pytest.raises(UsageError, match="error message of a service, not a table: No note found"):
        described(test_data / "votable" / name)


def test_words_of_a_real_table(test_data: Path) -> None:
    (table,) = described(test_data / "votable" / "1710099405832VAL-result.vot").tables
    assert table.id == "source_id"
    main = table.main_position
    assert main is not None and (main.ra, main.dec) == ("ra", "dec")
    assert main.more["epoch"] == 2016.0 and main.more["pm_ra"] == "pmra"
    ra = table.column("ra")
    assert ra.unit == "deg" and ra.ucd == "pos.eq.ra;meta.main" and ra.description.startswith("Right ascension")


def test_the_description_of_a_table_is_taken_over(test_data: Path, tmp_path: Path) -> None:
    found, _, manifest = ingested(test_data / "votable" / "sdss12.vot", tmp_path)
    assert found.description == "* output of the SDSS photometric catalog"
    assert manifest.meta.description.en == found.description
    assert found.notes == ("the service cut its answer at a limit (OVERFLOW): there are more rows than these",)


def test_what_a_table_states_is_published_without_configuration(tmp_path: Path) -> None:
    path = tmp_path / "table.vot"
    stated = field(
        "x", "double", "<DESCRIPTION>some x</DESCRIPTION>", unit="mag", ucd="phot.mag", utype="a:b", xtype="c"
    )
    path.write_bytes(tabledata(stated, cells(1.5)))
    (tmp_path / "collection.yaml").write_text("collection: c\ntitle: c\n")
    (tmp_path / "dataset.yaml").write_text("dataset: c/d\ntitle: d\ntables: {t: {from: table.vot, id: null}}\n")
    _, (loaded,) = load_collection(tmp_path / "collection.yaml")
    (tmp_path / "snapshot").mkdir()
    x = ingest_table(replace(loaded, source_root=tmp_path), "t", tmp_path / "snapshot").meta.column("x")
    assert x is not None
    assert (x.unit, x.ucd, x.utype, x.xtype, x.description.en) == ("mag", "phot.mag", "a:b", "c", "some x")


def test_every_table_of_a_document_is_described_once(tmp_path: Path) -> None:
    def table(name: str, column: str, *values: int) -> str:
        rows = "".join(f"<TR>{cells(v)}</TR>" for v in values)
        return f'<TABLE name="{name}">{field(column)}<DATA><TABLEDATA>{rows}</TABLEDATA></DATA></TABLE>'

    path = tmp_path / "two.vot"
    path.write_text(
        f"{HEAD}<RESOURCE>{table('a', 'x', 1)}{table('b', 'y')}{table('c', 'z', 2, 3)}</RESOURCE></VOTABLE>"
    )
    found = describe([path])
    assert [(t.name, t.source.reading, t.rows) for t in found.tables] == [
        ("two_1", {"reader": "votable", "hdu": 1}, 1),
        ("two_3", {"reader": "votable", "hdu": 3}, 2),
    ]


def test_times_and_frames_that_systems_state(tmp_path: Path) -> None:
    systems = (
        '<COOSYS ID="c" system="eq_FK4" equinox="B1950" epoch="J1980.5"/>'
        '<TIMESYS ID="t" timeorigin="2400000.5" timescale="TDB" refposition="BARYCENTER"/>'
        '<TIMESYS ID="g" timeorigin="2455197.5" timescale="TCB" refposition="BARYCENTER"/>'
    )
    fields = (
        field("ra", "double", unit="deg", ucd="pos.eq.ra;meta.main", ref="c", utype="x:ra")
        + field("dec", "double", unit="deg", ucd="pos.eq.dec;meta.main", ref="c")
        + field("mjd", "double", unit="d", ucd="time.epoch", ref="t")
        + field("gaia", "double", unit="d", ucd="time.epoch", ref="g")
        + field("seen", "char", arraysize="*", xtype="timestamp", ucd="time.epoch", ref="t")
    )
    rows = "".join(f"<TR>{cells(10 + i, 5, 55000 + i, 1600, f'2020-01-0{i + 1}T00:00:00')}</TR>" for i in range(5))
    body = f"<RESOURCE>{systems}<TABLE>{fields}<DATA><TABLEDATA>{rows}</TABLEDATA></DATA></TABLE></RESOURCE>"
    path = tmp_path / "systems.vot"
    path.write_text(f"{HEAD}{body}</VOTABLE>")
    found, _, manifest = ingested(path, tmp_path)
    (position,) = found.positions
    assert position.more == {"frame": "FK4", "epoch": 1980.5}
    barycentre = {"refposition": "BARYCENTER"}
    assert list(found.times) == [
        {"column": "mjd", "origin": "MJD", "unit": "d", "scale": "TDB", **barycentre},
        {"column": "gaia", "origin": 2455197.5, "unit": "d", "scale": "TCB", **barycentre},
        {"column": "seen", "origin": "ISO", "scale": "TDB", **barycentre},
    ]
    assert found.column("ra").utype == "x:ra" and found.column("seen").xtype == "timestamp"
    assert manifest.meta.nrows == 5 and manifest.rejects.total == 0


@pytest.mark.parametrize(
    "said,expected",
    [
        ({"system": "ICRS", "epoch": "J2015.5"}, {"epoch": 2015.5}),
        ({"system": "eq_FK5", "equinox": "2000.", "epoch": "2000."}, {"frame": "FK5", "epoch": 2000.0}),
        ({"system": "eq_FK4", "equinox": "B1875"}, {"frame": "FK4", "equinox": "B1875"}),
        ({"system": "FK4", "epoch": "1950"}, {"frame": "FK4", "epoch": 1949.99979}),
        ({"system": "barycentric"}, {}),
        ({}, {}),
    ],
)
def test_systems_in_the_words_of_configuration(said: dict[str, str], expected: dict[str, object]) -> None:
    assert stated_system(said) == expected
