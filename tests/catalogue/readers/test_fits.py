"""FITS tables read as astropy reads them, in a stream, and damaged ones say what is lost."""

import gzip

import numpy as np
import pytest
from astropy.io import fits

from tianku.catalogue.readers import TableSource, open_table
from tianku.model.config.table import SourceConfig
from tianku.model.errors import UsageError

REAL = ["abell-all", "brightstars", "chunk-04795", "chunk-04923", "gaia_results", "openngc-ic"]


def read(path, rejects=None, **options):
    reader = open_table(TableSource(path, **options))
    found = [] if rejects is None else rejects
    batches = list(reader.batches(lambda *said: found.append(said)))
    assert rejects is not None or not found
    return reader, [row for b in batches for row in b.batch.to_pylist()]


@pytest.fixture
def mixed(tmp_path):
    """A file with two tables and every kind of column."""
    n = 7
    columns = [
        fits.Column("i", "J", array=np.arange(n), null=3, unit="adu"),
        fits.Column("u", "I", bzero=32768, array=np.arange(n, dtype=np.uint16) + 65000),
        fits.Column("scaled", "I", array=np.arange(n)),
        fits.Column("flag", "L", array=[True, False] * 3 + [True]),
        fits.Column("name", "5A", array=["a", "", "b", "c d", "x", "y", "z"]),
        fits.Column("vector", "3E", array=np.arange(3 * n).reshape(n, 3)),
        fits.Column("nothing", "0J", array=np.zeros((n, 0))),
    ]
    first = fits.BinTableHDU.from_columns(columns, name="FIRST")
    first.header["TSCAL3"], first.header["TZERO3"] = 0.5, 1.0
    second = fits.BinTableHDU.from_columns([fits.Column("n", "K", array=[2**60])], name="SECOND")
    path = tmp_path / "mixed.fits"
    fits.HDUList([fits.PrimaryHDU(np.zeros((10, 10))), first, second]).writeto(path)
    return path


@pytest.mark.parametrize("name", REAL)
def test_real_tables_equal_astropy(test_data, name):
    path = test_data / "star-catalogues" / f"{name}.fits"
    reader, rows = read(path, batch_rows=500)
    with fits.open(path) as hdus:
        table = next(h for h in hdus if isinstance(h, fits.BinTableHDU))
        assert len(rows) == len(table.data) == reader.total
        for column in table.columns:
            theirs = table.data[column.name]
            ours = [row[column.name] for row in rows]
            if column.format.endswith("A"):
                assert [v or "" for v in ours] == [str(v).strip() for v in theirs]
            else:
                np.testing.assert_array_equal(
                    np.array([np.nan if v is None else v for v in ours], dtype=float), theirs.astype(float)
                )
            assert (reader.schema.field(column.name).metadata or {}).get(b"unit", b"").decode() == (
                column.unit or ""
            )


def test_column_kinds(mixed):
    reader, rows = read(mixed)
    assert [r["i"] for r in rows] == [0, 1, 2, None, 4, 5, 6]
    assert [r["u"] for r in rows] == list(range(65000, 65007))
    assert [r["scaled"] for r in rows] == [1 + 0.5 * i for i in range(7)]
    assert rows[0]["flag"] is True and rows[1]["flag"] is False
    assert [r["name"] for r in rows] == ["a", None, "b", "c d", "x", "y", "z"]
    assert rows[2]["vector"] == [6.0, 7.0, 8.0]
    assert reader.notes == ["nothing: FITS columns of format 0J are not read"]


@pytest.mark.parametrize("hdu", [2, "SECOND"])
def test_table_is_chosen_by_number_or_name(mixed, hdu):
    assert read(mixed, config=SourceConfig(hdu=hdu))[1] == [{"n": 2**60}]


def test_unknown_table_says_what_there_is(mixed):
    with pytest.raises(UsageError, match="tables: 1 FIRST, 2 SECOND"):
        open_table(TableSource(mixed, config=SourceConfig(hdu="THIRD")))


def test_gzip_reads_the_same(mixed):
    packed = mixed.with_suffix(".fits.gz")
    packed.write_bytes(gzip.compress(mixed.read_bytes()))
    assert read(packed)[1] == read(mixed)[1]


@pytest.mark.parametrize("packed", [False, True])
def test_truncated_file_keeps_its_rows_and_counts_the_missing(test_data, tmp_path, packed):
    whole = (test_data / "star-catalogues" / "abell-all.fits").read_bytes()
    path = tmp_path / "cut.fits"
    path.write_bytes(gzip.compress(whole)[:60_000] if packed else whole[:100_000])
    rejects = []
    reader, rows = read(path, rejects, batch_rows=100)
    [(row, reason, detail, count)] = rejects
    assert 0 < len(rows) < reader.total and count == reader.total - len(rows) and row == len(rows) + 1
    assert reason == "truncated file" and "rows are missing" in detail


def test_absurd_sizes_are_bounded_by_the_file(tmp_path, mixed):
    data = mixed.read_bytes()
    at = data.index(b"NAXIS2  =", 2880 * 2)
    path = tmp_path / "absurd.fits"
    path.write_bytes(data[: at + 10] + b"%20d" % 10**10 + data[at + 30 :])
    rejects = []
    _, rows = read(path, rejects)
    assert len(rows) < 10_000 and rejects[0][3] > 10**9


@pytest.mark.parametrize("data", [b"", b"not FITS at all" * 300, b"SIMPLE  =                    T" + b" " * 50])
def test_what_is_not_fits_is_refused_by_name(tmp_path, data):
    path = tmp_path / "bad.fits"
    path.write_bytes(data)
    with pytest.raises(UsageError, match=r"bad\.fits cannot be read as FITS"):
        open_table(TableSource(path, config=SourceConfig(reader="fits")))
