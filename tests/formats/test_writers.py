"""FITS, CSV, TSV, text, JSON and Parquet, read back by other people's readers; and the list of formats."""

from __future__ import annotations

import csv
import io
import json
import shutil
import subprocess
import tracemalloc
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from astropy.io import fits

from tianku.formats.table import Overflow, TableInfo
from tianku.formats.votable import write_binary2
from tianku.formats.writers import WRITERS, get_writer
from tianku.model.errors import UsageError
from tianku.model.metadata import Column


def written(name: str, columns: list[Column], table: pa.Table, info: TableInfo | None = None) -> bytes:
    return b"".join(get_writer(name).write(columns, table.to_batches(), info or TableInfo()))


def one(kind: str, values: list[object], **more: str) -> tuple[list[Column], pa.Table]:
    column = Column(name="x", type=kind, **more)
    return [column], pa.table({"x": pa.array(values, column.arrow)})


def opened(data: bytes) -> fits.BinTableHDU:
    assert len(data) % 2880 == 0
    hdus = fits.open(io.BytesIO(data), logical_as_bytes=True)
    hdus.verify("exception")
    return hdus[1]


def test_fits_values(columns, table) -> None:
    hdu = opened(written("fits", columns, table))
    data, header = hdu.data, hdu.header
    assert header["TNULL1"] == -(2**63) and data["id"].tolist() == [1, -(2**63), -(2**62)]
    np.testing.assert_array_equal(data["ra"], [1.5, np.nan, np.nan])
    np.testing.assert_array_equal(data["mag"], np.array([0.1, np.inf, -np.inf], "f4"))
    assert [name.rstrip() for name in data["name"]] == ['a<&>"],\\t\\n', "\\u5929\\u5e93 \\U0001d53d", ""]
    assert [seen.rstrip() for seen in data["seen"]] == ["2020-01-01T00:00:00.000", "", "2021-02-03T04:05:06.700"]
    assert data["ok"].tolist() == [b"T", b"F", b""]  # numpy drops the zero byte that means null
    assert header["TFORM7"] == "I" and data["flag"].tolist() == [1, 255, header["TNULL7"]]
    np.testing.assert_array_equal(data["box"], [[1, 2, 3], [np.nan] * 3, [4, np.nan, 6]])
    assert [list(row) for row in data["counts"]] == [[1, 2], [], [3]]


def test_fits_metadata(columns, table) -> None:
    info = TableInfo(name="stars", description="天 " + "long " * 40, overflow=Overflow(True))
    hdu = opened(written("fits", columns, table, info))
    header = hdu.header
    assert header["EXTNAME"] == "stars"
    assert (header["TUNIT2"], header["TUCD2"], header["TCOMM5"]) == ("deg", "pos.eq.ra;meta.main", "first seen")
    assert "OVERFLOW" in str(header["COMMENT"])


def test_fits_long_and_quoted_cards() -> None:
    text = "it's " * 60
    columns, table = one("int16", [1], description=text)
    assert opened(written("fits", columns, table)).header["TCOMM1"] == text.rstrip()


@pytest.mark.parametrize(
    ("kind", "values", "form", "null"),
    [
        ("int16", [1, 2], "I", None),
        ("int16", [1, None], "I", -(2**15)),
        ("int16", [-(2**15), None], "J", -(2**31)),
        ("uint8", [0, None], "I", -(2**15)),
        ("int64", [-(2**63), None], "K", 2**63 - 1),
    ],
)
def test_fits_null_is_a_number_that_no_row_uses(kind: str, values: list[object], form: str, null: object) -> None:
    hdu = opened(written("fits", *one(kind, values)))
    assert (hdu.header["TFORM1"], hdu.header.get("TNULL1")) == (form, null)
    assert hdu.data["x"].tolist() == [null if v is None else v for v in values]


def test_fits_refuses_what_it_cannot_say() -> None:
    with pytest.raises(UsageError, match="another format") as caught:
        written("fits", *one("int64", [-(2**63), 2**63 - 1, None]))
    assert caught.value.code == "format.fits_null"


def test_csv(columns, table) -> None:
    data = written("csv", columns, table).decode()
    rows = list(csv.reader(io.StringIO(data, newline="")))
    assert rows[0] == [c.name for c in columns]
    assert rows[1][3] == 'a<&>"],\t\n'
    assert rows[2][:5] == ["", "NaN", "Inf", "天库 \U0001d53d", ""]
    assert [row[8] for row in rows[1:]] == ["1 2 3", "", "4 NaN 6"]
    assert data.endswith("\r\n") and not data.startswith("\ufeff")


def test_csv_tells_null_from_empty_and_keeps_odd_names() -> None:
    columns = [Column(name='a,"b"', type="string")]
    table = pa.table({"s": pa.array(["", None, "=1+1", " x"])})
    assert written("csv", columns, table) == b'"a,""b"""\r\n""\r\n\r\n=1+1\r\n" x"\r\n'


def test_tsv_and_text_have_a_line_per_row(columns, table) -> None:
    lines = written("tsv", columns, table).decode().splitlines()
    assert len(lines) == 4 and all(line.count("\t") == len(columns) - 1 for line in lines)
    info = TableInfo(overflow=Overflow(True), overflow_text="more rows")
    lines = written("text", columns, table, info).decode().splitlines()
    assert len(lines) == 7 and lines[-1] == "# OVERFLOW: more rows"
    assert lines[0].index("ra") + len("ra") == lines[3].index("1.5") + len("1.5")


def test_json(columns, table) -> None:
    document = json.loads(written("json", columns, table))
    assert [c["name"] for c in document["columns"]] == [c.name for c in columns]
    assert document["columns"][1]["unit"] == "deg"
    assert document["data"][0][:5] == [1, 1.5, 0.1, 'a<&>"],\t\n', "2020-01-01T00:00:00.000"]
    assert document["data"][1] == [None, None, None, "天库 \U0001d53d", None, False, 255, 2, None, []]
    assert document["data"][2][8] == [4, None, 6]
    assert (document["rows"], document["overflow"]) == (3, False)
    objects = json.loads(written("json/objects", columns, table))["data"]
    assert [list(row.values()) for row in objects] == document["data"]


def test_json_escapes_every_control_character() -> None:
    text = "".join(map(chr, range(0x20))) + '"\\/\x7f'
    assert json.loads(written("json", *one("string", [text, None])))["data"] == [[text], [None]]


def test_parquet(columns, table) -> None:
    data = written("parquet", columns, table, TableInfo(overflow=Overflow(True)))
    got = pq.read_table(io.BytesIO(data))
    assert str(got.to_pylist()) == str(table.to_pylist())
    assert got.schema.field("ra").metadata == {b"unit": b"deg", b"ucd": b"pos.eq.ra;meta.main"}
    metadata = pq.read_metadata(io.BytesIO(data)).metadata
    assert metadata[b"tianku.overflow"] == b"true"
    assert b"<FIELD" in metadata[b"IVOA.VOTable-Parquet.content"]


@pytest.mark.parametrize("spec", WRITERS, ids=[spec.name for spec in WRITERS])
def test_no_rows_are_an_answer_too(columns, table, spec) -> None:
    data = b"".join(spec.write(columns, [], TableInfo()))
    assert data == b"".join(spec.write(columns, [table.slice(0, 0).to_batches() or []][0], TableInfo()))
    assert data


@pytest.mark.parametrize("spec", WRITERS, ids=[spec.name for spec in WRITERS])
def test_memory_stays_flat(spec) -> None:
    columns = [Column(name=f"c{i}", type="float64") for i in range(4)]
    batch = pa.record_batch([np.arange(65_536.0)] * 4, names=[c.name for c in columns])
    pool = pa.default_memory_pool()

    def peak(count: int) -> int:
        tracemalloc.start()
        highest = 0
        for _ in spec.write(columns, (batch for _ in range(count)), TableInfo()):
            highest = max(highest, pool.bytes_allocated())
        highest += tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return highest

    assert peak(12) < 1.5 * peak(4) + (4 << 20)


@pytest.mark.parametrize(
    ("asked", "name"),
    [
        ("votable", "votable"),
        ("VOTable", "votable"),
        ("application/x-votable+xml", "votable"),
        ("application/x-votable xml", "votable"),
        ("text/xml", "votable"),
        ('application/x-votable+xml; serialization="tabledata"', "votable/td"),
        ("application/x-votable+xml;serialization=BINARY2", "votable/binary2"),
        ("application/x-votable+xml;content=datalink", "votable"),
        ("votable/td", "votable/td"),
        ("csv", "csv"),
        ("text/csv", "csv"),
        ("text/csv;header=present", "csv"),
        ("text/csv; charset=utf-8", "csv"),
        ("tsv", "tsv"),
        ("text/plain", "text"),
        ("application/fits", "fits"),
        ("json", "json"),
        ("application/json;content=objects", "json/objects"),
        ("parquet", "parquet"),
    ],
)
def test_formats_are_found(asked: str, name: str) -> None:
    assert get_writer(asked).name == name


@pytest.mark.parametrize("asked", ["", "xlsx", "application/x-votable+xml;serialization=fits"])
def test_an_unknown_format_lists_the_known(asked: str) -> None:
    with pytest.raises(UsageError, match=r"votable, .*csv.*fits.*parquet") as caught:
        get_writer(asked)
    assert caught.value.code == "format.unknown"


@pytest.mark.parametrize("name", ["votable", "votable/td", "fits", "csv"])
def test_stilts_reads_it(columns, table, name: str, tmp_path: Path) -> None:
    if shutil.which("stilts") is None:
        pytest.skip("stilts is not installed")
    spec = get_writer(name)
    path = tmp_path / f"table.{spec.extension}"
    path.write_bytes(b"".join(spec.write(columns, table.to_batches(), TableInfo())))
    form = {"vot": "votable"}.get(spec.extension, spec.extension)
    command = ["stilts", "tpipe", f"in={path}", f"ifmt={form}", "cmd=keepcols 'id ra flag'", "ofmt=csv", "out=-"]
    answer = subprocess.run(command, capture_output=True, text=True, check=True)
    rows = list(csv.reader(io.StringIO(answer.stdout)))
    assert [row[0] for row in rows] == ["id", "1", "", str(-(2**62))]
    assert [float(row[1]) for row in rows[1:2]] == [1.5]
    assert [row[2] for row in rows[1:]] == ["1", "255", ""]


@pytest.mark.parametrize("name", ["votable", "votable/td"])
def test_votlint_has_no_complaint(columns, table, name: str, tmp_path: Path) -> None:
    if shutil.which("stilts") is None:
        pytest.skip("stilts is not installed")
    path = tmp_path / "table.vot"
    path.write_bytes(written(name, columns, table))
    answer = subprocess.run(["stilts", "votlint", str(path)], capture_output=True, text=True, check=False)
    assert "ERROR" not in answer.stdout + answer.stderr


def test_a_writer_pulls_no_more_than_it_is_asked_for(columns, table) -> None:
    pulled = []

    def batches():
        for number in range(100):
            pulled.append(number)
            yield table.to_batches()[0]

    chunks = write_binary2(columns, batches(), TableInfo())
    next(chunks)
    assert len(pulled) <= 2
    chunks.close()
