"""FITS columns that are not one plain value per row, and ASCII tables: equal to astropy, damage refused by row."""

import gzip

import numpy as np
import pytest
from astropy.io import fits

from tianku.catalogue.readers import TableSource, open_table
from tianku.catalogue.readers import fits as reader_module
from tianku.model.config.table import SourceConfig
from tianku.model.errors import UsageError

ROWS = 500


def read(path, rejects=None, **options):
    reader = open_table(TableSource(path, **options))
    found = [] if rejects is None else rejects
    batches = list(reader.batches(lambda *said: found.append(said)))
    assert rejects is not None or not found
    numbers = [b.number(i) for b in batches for i in range(len(b.batch))]
    return reader, [row for b in batches for row in b.batch.to_pylist()], numbers


def lists(kind, seed):
    random = np.random.default_rng(seed)
    made = np.empty(ROWS, dtype=object)
    for i in range(ROWS):
        made[i] = (random.normal(0, 1e4, random.integers(0, 40))).astype(kind)
    return made


@pytest.fixture(scope="module")
def arrays(tmp_path_factory):
    """Arrays of variable length of most types, bits, substrings, complex numbers, 64-bit unsigned integers."""
    random = np.random.default_rng(5)
    words = np.empty(ROWS, dtype=object)
    words[:] = ["x" * (i % 7) + f" {i}" for i in range(ROWS)]
    complexes = np.empty(ROWS, dtype=object)
    complexes[:] = [np.arange(i % 4) + 1j * i for i in range(ROWS)]
    columns = [
        fits.Column("id", "J", array=np.arange(ROWS)),
        fits.Column("short", "PI()", array=lists("i2", 1)),
        fits.Column("double", "QD()", array=lists("f8", 2)),
        fits.Column("float", "PE()", array=lists("f4", 3)),
        fits.Column("text", "PA()", array=words),
        fits.Column("pairs", "PC()", array=complexes),
        fits.Column("bits", "11X", array=random.integers(0, 2, (ROWS, 11)).astype(bool)),
        fits.Column("bit", "X", array=random.integers(0, 2, (ROWS, 1)).astype(bool)),
        fits.Column("complex", "M", array=random.normal(size=ROWS) + 1j * random.normal(size=ROWS)),
        fits.Column("unsigned", "K", bzero=2**63, array=np.arange(ROWS, dtype=np.uint64) + np.uint64(2**62)),
        fits.Column("words", "12A", array=np.array([f"ab      {i:<4d}" for i in range(ROWS)])),
    ]
    table = fits.BinTableHDU.from_columns(columns, name="ARRAYS")
    table.header["TDIM11"] = "(4,3)"
    path = tmp_path_factory.mktemp("fits") / "arrays.fits"
    fits.HDUList([fits.PrimaryHDU(), table]).writeto(path)
    return path


@pytest.mark.parametrize("packed", [False, True])
def test_arrays_equal_astropy(arrays, tmp_path, monkeypatch, packed):
    monkeypatch.setattr(reader_module, "_MAX_HEAP", 20_000)  # so that batches are cut
    path = arrays
    if packed:
        path = tmp_path / "arrays.fits.gz"
        path.write_bytes(gzip.compress(arrays.read_bytes()))
    reader, rows, _ = read(path, batch_rows=200)
    assert reader.notes == [
        "pairs: complex numbers are read as pairs (real, imaginary)",
        "complex: complex numbers are read as pairs (real, imaginary)",
    ]
    with fits.open(arrays) as hdus:
        data = hdus[1].data
        for i, row in enumerate(rows):
            for name in ("short", "double", "float"):
                assert row[name] == data[name][i].tolist()
            assert row["text"] == f"{'x' * (i % 7)} {i}".strip()
            pairs = np.ravel(data["pairs"][i]).astype("c8")
            assert row["pairs"] == pairs.view("f4").tolist()
            assert row["bits"] == data["bits"][i].tolist() and row["bit"] is bool(np.ravel(data["bit"][i])[0])
            assert complex(*row["complex"]) == data["complex"][i]
            assert row["unsigned"] == int(data["unsigned"][i])
            assert [w or "" for w in row["words"]] == ["ab", "", str(i)]
    assert len(rows) == ROWS


def test_descriptors_outside_the_heap_refuse_their_rows(arrays, tmp_path):
    data = bytearray(arrays.read_bytes())
    with fits.open(arrays) as hdus:
        info, size = hdus[1].fileinfo(), hdus[1].header["NAXIS1"]
        expected = [r.tolist() for r in hdus[1].data["short"]]
    at = info["datLoc"]
    for row, (count, offset) in {3: (-1, 0), 5: (10, 2**31 - 1), 9: (2**31 - 1, 0)}.items():
        place = at + row * size + 4
        data[place : place + 8] = np.array([count, offset], ">i4").tobytes()
    path = tmp_path / "wrong.fits"
    path.write_bytes(data)
    rejects = []
    _, rows, numbers = read(path, rejects)
    assert [(r[0], r[1]) for r in rejects] == [(n, "short points outside the heap") for n in (4, 6, 10)]
    assert numbers == [n for n in range(1, ROWS + 1) if n not in (4, 6, 10)]
    assert [r["short"] for r in rows] == [expected[n - 1] for n in numbers]


def test_a_truncated_heap_keeps_the_rows_before_it(arrays, tmp_path):
    with fits.open(arrays) as hdus:
        info, header = hdus[1].fileinfo(), hdus[1].header
    cut = info["datLoc"] + header["NAXIS1"] * header["NAXIS2"] + header["PCOUNT"] - 2000
    for name, content in {"c.fits": arrays.read_bytes()[:cut], "c.fits.gz": None}.items():
        path = tmp_path / name
        path.write_bytes(content if content else gzip.compress(arrays.read_bytes()[:cut]))
        rejects = []
        _, rows, _ = read(path, rejects)
        assert 0 < len(rows) < ROWS and len(rows) + len(rejects) == ROWS
        assert {r[1].split(" ", 1)[1] for r in rejects} == {"points outside the heap"}


def test_tile_compressed_tables_are_refused_by_name(tmp_path):
    table = fits.BinTableHDU.from_columns([fits.Column("n", "J", array=[1, 2])])
    table.header["ZTABLE"] = True
    fits.HDUList([fits.PrimaryHDU(), table]).writeto(tmp_path / "z.fits")
    with pytest.raises(UsageError, match="tile-compressed; unpack the file with `funpack`"):
        open_table(TableSource(tmp_path / "z.fits"))


def test_an_ascii_table_equals_astropy(tmp_path):
    columns = [
        fits.Column("name", "A8", array=["alpha", "", "gamma ray"]),
        fits.Column("n", "I5", array=[1, -7, 99999], null="-9"),
        fits.Column("long", "I19", array=np.array([2**60, 1, 2])),
        fits.Column("x", "F9.4", array=[1.5, -2.25, 3.125], unit="mag"),
        fits.Column("y", "E15.7", array=[1e-20, 2.5, -3e7]),
        fits.Column("z", "D25.17", array=[np.pi, np.e, 1e-300]),
    ]
    table = fits.TableHDU.from_columns(columns, name="OLD")
    path = tmp_path / "ascii.fits"
    fits.HDUList([fits.PrimaryHDU(), table]).writeto(path)
    reader, rows, _ = read(path)
    kinds = {f.name: str(f.type) for f in reader.schema}
    assert kinds == {"name": "string", "n": "int32", "long": "int64", **dict.fromkeys("xyz", "double")}
    assert reader.schema.field("x").metadata == {b"unit": b"mag"}
    with fits.open(path) as hdus:
        for name in ("n", "long", "x", "y", "z"):
            assert [r[name] for r in rows] == hdus[1].data[name].tolist()
    assert [r["name"] for r in rows] == ["alpha", None, "gamma ra"]


def test_ascii_values_that_are_none_refuse_their_rows(tmp_path):
    columns = [fits.Column("n", "I5", array=[1, 2, 3, 4], null="3"), fits.Column("x", "F5.1", array=[1, 2, 3, 4])]
    path = tmp_path / "bad.fits"
    fits.HDUList([fits.PrimaryHDU(), fits.TableHDU.from_columns(columns)]).writeto(path)
    data = path.read_bytes().replace(b"  2.0", b"  two").replace(b"  4.0", b"     ")
    path.write_bytes(data)
    rejects = []
    _, rows, numbers = read(path, rejects)
    assert rejects == [(2, "x is no float64", "'two'", 1)]
    assert numbers == [1, 3, 4] and rows[1:] == [{"n": None, "x": 3.0}, {"n": 4, "x": None}]


def test_the_ascii_table_of_a_plate_scan(test_data):
    path = test_data / "star-catalogues" / "dss_hd219829.fits"
    _, rows, _ = read(path, config=SourceConfig(hdu=1))
    with fits.open(path) as hdus:
        assert rows == [dict(zip(hdus[1].columns.names, map(float, r), strict=True)) for r in hdus[1].data]
    assert len(rows) == 1600
