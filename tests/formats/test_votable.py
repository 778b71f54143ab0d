"""VOTable documents, read back by astropy and checked against the schema."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from astropy.io.votable import parse
from hypothesis import given, settings
from hypothesis import strategies as st

from tianku.formats.table import (
    Coosys,
    Info,
    Link,
    Overflow,
    Param,
    Service,
    TableInfo,
    Timesys,
    capped,
)
from tianku.formats.votable import votable_error, write_binary2, write_tabledata
from tianku.model.metadata import Column

WRITERS = [write_binary2, write_tabledata]
XSD = Path(__file__).resolve().parents[3] / "shared" / "schemas" / "xsd" / "VOTable-1.4.xsd"

FULL = TableInfo(
    name="stars",
    description="Stars & <others> \x01",
    infos=(Info("standardID", "ivo://ivoa.net/std/x", id="std"),),
    coosys=(Coosys("sys", "ICRS", 2000.0, ("ra",)),),
    timesys=(Timesys("ts", columns=("seen",)),),
    links=(Link("http://localhost/doc", content_role="doc"),),
    services=(
        Service(
            "http://localhost/links",
            id="dl",
            standard_id="ivo://ivoa.net/std/DataLink#links-1.1",
            inputs=(Param("ID", column="id"), Param("SIZE", "1", "double", None, "deg", minimum="0", maximum="2")),
        ),
    ),
)


def document(write, columns: list[Column], table: pa.Table, info: TableInfo = FULL) -> bytes:
    return b"".join(write(columns, table.to_batches(), info))


def read(data: bytes):
    return parse(io.BytesIO(data), verify="exception")


@pytest.mark.parametrize("write", WRITERS)
def test_values_survive(write, columns, table) -> None:
    got = read(document(write, columns, table)).get_first_table().to_table()
    assert [None if v is np.ma.masked else int(v) for v in got["id"]] == [1, None, -(2**62)]
    assert got["ra"][0] == 1.5
    np.testing.assert_array_equal(np.asarray(got["mag"], "f4"), np.array([0.1, np.inf, -np.inf], "f4"))
    # astropy strips the text of TABLEDATA cells
    assert [name.strip() for name in got["name"][:2]] == ['a<&>"],', "天库 \U0001d53d"]
    assert list(got["seen"]) == ["2020-01-01T00:00:00.000", "", "2021-02-03T04:05:06.700"]
    assert list(got["ok"][:2]) == [True, False] and got["ok"].mask[2]
    assert list(got["flag"][:2]) == [1, 255] and got["flag"].mask[2]
    assert got["n"][0] == -32767 and got["n"].mask[2]
    np.testing.assert_array_equal(got["box"][0], [1, 2, 3])
    assert np.ma.getmaskarray(got["box"])[1].all()
    assert [list(row) for row in got["counts"]] == [[1, 2], [], [3]]


@pytest.mark.parametrize("write", WRITERS)
def test_metadata_survives(write, columns, table) -> None:
    votable = read(document(write, columns, table))
    first = votable.get_first_table()
    field = first.fields[0]
    assert (field.name, field.datatype, field.ucd) == ("id", "long", "meta.id;meta.main")
    assert field.description == "Identifier <&\"'>"
    assert first.fields[1].unit == "deg" and first.fields[1].ref == "sys"
    assert [f.xtype for f in first.fields if f.xtype] == ["timestamp"]
    assert first.description == "Stars & <others>"
    descriptor = (
        votable.get_resource_by_id("dl") if hasattr(votable, "get_resource_by_id") else votable.resources[1]
    )
    assert descriptor.utype == "adhoc:service"
    assert [p.name for p in descriptor.params] == ["accessURL", "standardID"]
    assert descriptor.groups[0].entries[0].ref == field.ID


@pytest.mark.parametrize("write", WRITERS)
@pytest.mark.parametrize("rows", [0, 3])
def test_documents_are_valid(write, columns, table, rows: int) -> None:
    if not XSD.is_file():
        pytest.skip(f"schema absent: {XSD.name}")
    from lxml import etree

    schema = etree.XMLSchema(etree.parse(XSD))
    info = TableInfo(**{**{f: getattr(FULL, f) for f in FULL.__slots__}, "overflow": Overflow(True)})
    for data in (document(write, columns, table.slice(0, rows), info), votable_error("bad <query> & \x00")):
        schema.assertValid(etree.fromstring(data))


def test_error_document() -> None:
    votable = read(votable_error("no column <x>"))
    info = votable.resources[0].infos[0]
    assert (info.name, info.value, info.content) == ("QUERY_STATUS", "ERROR", "no column <x>")


@pytest.mark.parametrize("write", WRITERS)
@pytest.mark.parametrize(("maxrec", "rows", "over"), [(2, 2, True), (3, 3, False), (4, 3, False), (0, 0, True)])
def test_overflow_is_said_after_the_table(write, columns, table, maxrec: int, rows: int, over: bool) -> None:
    batches, overflow = capped(table.to_batches(max_chunksize=2), maxrec)
    data = b"".join(write(columns, batches, TableInfo(overflow=overflow)))
    assert len(read(data).get_first_table().array) == rows
    assert (b'value="OVERFLOW"' in data) is over
    assert data.find(b'value="OVERFLOW"') > data.find(b"</TABLE>") or not over


@pytest.mark.parametrize("write", WRITERS)
def test_text_that_may_leave_ascii_is_unicode(write) -> None:
    def datatype(column: Column, values: list[str], batches: int = 1) -> str:
        piece = pa.record_batch([pa.array(values)], names=["s"])
        return read(b"".join(write([column], [piece] * batches, TableInfo()))).get_first_table().fields[0].datatype

    column = Column(name="s", type="string")
    assert datatype(column, ["a"]) == "char"
    assert datatype(column, ["é"]) == "unicodeChar"
    assert datatype(column, ["a"], 2) == "unicodeChar"  # later rows were not seen yet
    assert datatype(column.model_copy(update={"ascii": True}), ["a"], 2) == "char"


def test_names_become_unique_identifiers() -> None:
    columns = [Column(name=name, type="int16") for name in ("1 a", "_1_a", "sys")]
    batch = pa.record_batch([pa.array([1], pa.int16())] * 3, names=["a", "b", "c"])
    data = b"".join(write_binary2(columns, [batch], TableInfo(coosys=(Coosys("sys"),))))
    assert [f.ID for f in read(data).get_first_table().fields] == ["_1_a", "_1_a_2", "sys_2"]


def test_results_in_other_types_are_brought_to_the_columns() -> None:
    from decimal import Decimal

    batch = pa.record_batch({"x": pa.array([Decimal(5), None], pa.decimal128(38, 0))})
    data = b"".join(write_binary2([Column(name="x", type="float64")], [batch], TableInfo()))
    assert list(read(data).get_first_table().array["x"].filled(-1)) == [5.0, -1]


def test_large_answers_come_in_large_chunks_and_begin_at_once() -> None:
    column = Column(name="x", type="float64")
    batch = pa.record_batch({"x": np.zeros(200_000)})
    for write in WRITERS:
        chunks = [len(chunk) for chunk in write([column], [batch] * 5, TableInfo())]
        assert chunks[0] < 2000
        assert all(size >= 1 << 20 for size in chunks[1:-1])


TEXT = st.text(st.characters(exclude_categories=("Cs", "Cc"), exclude_characters="\ufffe\uffff"), max_size=8)


@settings(max_examples=40)
@given(
    st.lists(
        st.tuples(
            st.none() | st.integers(-(2**63), 2**63 - 1),
            st.none() | st.floats(),
            st.none() | st.floats(width=32),
            st.none() | TEXT,
            st.none() | st.booleans(),
        ),
        max_size=20,
    )
)
def test_any_table_survives(values: list[tuple[object, ...]]) -> None:
    columns = [Column(name=kind, type=kind) for kind in ("int64", "float64", "float32", "string", "boolean")]
    table = pa.table(
        [pa.array([row[i] for row in values], c.arrow) for i, c in enumerate(columns)],
        names=[c.name for c in columns],
    )
    for write in WRITERS:
        got = read(document(write, columns, table, TableInfo())).get_first_table().array
        for name in ("int64", "float64", "float32"):
            want = np.array([np.nan if v is None else v for v in table[name].to_pylist()], object)
            have = got[name].filled(np.nan) if name != "int64" else got[name].astype(object).filled(np.nan)
            np.testing.assert_array_equal(have.astype("f8"), want.astype("f8"))
        strings = [(v or "").strip() for v in table["string"].to_pylist()]
        assert [str(v).strip() for v in got["string"].filled("")] == strings
        flags = zip(got["boolean"].data, got["boolean"].mask, strict=True)
        assert [None if null else bool(v) for v, null in flags] == table["boolean"].to_pylist()
