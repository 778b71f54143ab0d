"""Ingest end to end: rows, order, partitions, statistics, reports, and what others read from it."""

import json

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.support.datasets import configured, evaluate
from tianku.catalogue.assemble import Resources
from tianku.catalogue.ingest import ingest_table
from tianku.catalogue.manifest import TableManifest
from tianku.catalogue.serving import build_serving_copy
from tianku.model.config.load import load_collection
from tianku.model.errors import UsageError
from tianku.sky import moc as mocs
from tianku.sky.ranges import healpix29


def ingest(dataset, out, table="stars", **options):
    out.mkdir(parents=True, exist_ok=True)
    return ingest_table(dataset, table, out, evaluate=evaluate, **options)


def read(out, manifest):
    return pa.concat_tables([pq.ParquetFile(out / f.path).read() for f in manifest.files])


@pytest.fixture
def stars(tmp_path):
    """A CSV of 5000 stars, some of them wrong in every way."""
    random = np.random.default_rng(3)
    lines = ["id,ra,dec,mag,name,,B-V"]
    for i in range(5000):
        mag = -9999 if i % 100 == 7 else round(float(random.normal(15, 2)), 3)
        name = "Non" if i % 50 == 3 else f"s{i}"
        ra, dec = random.uniform(0, 360), np.degrees(np.arcsin(random.uniform(-1, 1)))
        lines.append(f"{i},{ra:.6f},{dec:.6f},{mag},{name},{i},nan")
    lines[11] = "10,400.0,0.0,1,off,10,1"
    lines[12] = "11,10.0,-95,1,off,11,1"
    lines[13] = "12,,,1,nowhere,12,1"
    lines[14] = "13,1.0,2.0,bright,x,13,1"
    lines[15] = "14,1.0"
    path = tmp_path / "stars.csv"
    path.write_text("\n".join(lines) + "\n")
    columns = [
        {"name": "mag", "type": "float32", "unit": "mag"},
        {"name": "flux", "expression": "pow(10, -0.4 * mag)", "type": "float64"},
    ]
    table = {"from": "stars.csv", "id": "id", "positions": [{"ra": "ra", "dec": "dec"}], "columns": columns}
    return configured(tmp_path, {"stars": table}, nulls=[-9999, "Non"])


def test_rows_arrive_sorted_typed_and_counted(stars, tmp_path):
    out = tmp_path / "out"
    manifest = ingest(stars, out)
    rows = read(out, manifest)
    assert manifest.meta.nrows == len(rows) == 4996
    index = rows["_healpix_29"].to_pylist()
    placed = [i for i in index if i is not None]
    assert placed == sorted(placed) and index[-1] is None and len(placed) == 4995
    assert (healpix29(rows["ra"].drop_null().to_numpy(), rows["dec"].drop_null().to_numpy()) == placed).all()
    assert rows.schema.names == ["id", "ra", "dec", "mag", "name", "column_6", "B_V", "flux", "_healpix_29"]
    assert rows.schema.field("mag").type == pa.float32()
    assert manifest.nulled == {"mag": 50, "name": 100}
    assert rows["mag"].null_count == rows["flux"].null_count == 50
    assert manifest.statistics["B_V"].nulls >= 4990 and manifest.statistics["B_V"].nans >= 4990


def test_rejects_are_reported_with_file_row_and_reason(stars, tmp_path):
    out = tmp_path / "out"
    manifest = ingest(stars, out)
    assert manifest.rejects.total == 4
    assert manifest.rejects.reasons == {
        "position main is out of range": 2,
        "mag is no float32": 1,
        "wrong number of values": 1,
    }
    report = (out / manifest.rejects.report).read_text().splitlines()
    assert report[0] == "file,row,reason"
    assert sorted(r.split(",")[:2] for r in report[1:]) == [["stars.csv", str(i)] for i in (11, 12, 14, 15)]
    assert any("400 0" in line for line in report)


def test_statistics_are_exact(stars, tmp_path):
    out = tmp_path / "out"
    manifest = ingest(stars, out)
    rows = read(out, manifest)
    found = manifest.statistics
    mags = rows["mag"].drop_null().to_numpy()
    assert found["mag"].minimum == mags.min() and found["mag"].maximum == mags.max()
    assert sum(found["mag"].histogram) == len(mags) and len(found["mag"].histogram) == 64
    expected = np.histogram(mags.astype(float), bins=64)[0]
    assert np.abs(np.array(found["mag"].histogram) - expected).sum() <= 4  # rounding at bin borders
    assert found["name"].max_bytes == manifest.meta.column("name").max_bytes == len("nowhere")
    assert found["id"].distinct == pytest.approx(4996, rel=0.1)


def test_files_say_what_they_hold(stars, tmp_path):
    out = tmp_path / "out"
    manifest = ingest(stars, out, resources=Resources(max_rows=1000))
    assert TableManifest.model_validate_json(manifest.model_dump_json()) == manifest
    assert len(manifest.files) > 12
    for entry in manifest.files:
        path = out / entry.path
        assert path.stat().st_size == entry.bytes
        file = pq.ParquetFile(path)
        assert file.metadata.num_rows == entry.rows <= 1000
        assert file.metadata.row_group(0).column(0).has_offset_index
        if "unplaced" in entry.path:
            assert entry.healpix is None
            continue
        index = file.read(["_healpix_29"])["_healpix_29"].to_numpy()
        assert (index.min(), index.max()) == entry.healpix
        norder, npix = (int(part.partition("=")[2]) for part in entry.path.split("/")[3:6:2])
        assert (index >> (2 * (29 - norder)) == npix).all()


def test_id_table_and_coverage(stars, tmp_path):
    out = tmp_path / "out"
    manifest = ingest(stars, out)
    side = pq.read_table(out / manifest.id_tables["id"])
    rows = read(out, manifest)
    assert side.schema.names == ["value", "_healpix_29"] and side["value"].to_pylist() == sorted(
        rows["id"].to_pylist()
    )
    assert dict(zip(*side.to_pydict().values(), strict=True)) == dict(
        zip(rows["id"].to_pylist(), rows["_healpix_29"].to_pylist(), strict=True)
    )
    assert manifest.meta.unique == ("id",) and manifest.meta.column("ra").indexed
    coverage = mocs.from_ascii(manifest.moc)
    assert mocs.contains(coverage, rows["ra"].drop_null().to_numpy(), rows["dec"].drop_null().to_numpy()).all()


def test_serving_copy_has_the_same_rows_in_the_same_order(stars, tmp_path):
    out = tmp_path / "out"
    manifest = ingest(stars, out)
    copy = build_serving_copy(out, manifest, out / "tables" / "stars" / "serving.duckdb")
    with duckdb.connect(str(copy), read_only=True) as con:
        assert con.sql("SELECT * FROM data").to_arrow_table().equals(read(out, manifest).combine_chunks())


def test_hats_properties(stars, tmp_path):
    out = tmp_path / "out"
    ingest(stars, out)
    text = (out / "tables/stars/hats.properties").read_text()
    said = dict(line.split("=", 1) for line in text.splitlines() if not line.startswith("#"))
    assert said["hats_col_ra"] == "ra" and said["hats_npix_suffix"] == "/" and said["hats_nrows"] == "4995"
    common = pq.read_schema(out / "tables/stars/dataset/_common_metadata")
    assert "_healpix_29" in common.names


def test_lsdb_opens_it(stars, tmp_path):
    lsdb = pytest.importorskip("lsdb", reason="LSDB is not installed")
    ingest(stars, tmp_path / "out")
    assert len(lsdb.open_catalog(tmp_path / "out/tables/stars").compute()) == 4995


def test_several_files_agree_on_columns_and_a_bad_one_is_reported(tmp_path):
    (tmp_path / "a.csv").write_text("x,n\n1,5\n2,6\n")
    (tmp_path / "b.csv").write_text("x,extra\n1.5,hello\n")
    (tmp_path / "c.csv").write_bytes(b"\0\0\0\0")
    dataset = configured(tmp_path, {"t": {"from": "*.csv"}})
    manifest = ingest(dataset, tmp_path / "out", "t")
    rows = read(tmp_path / "out", manifest).to_pylist()
    assert rows == [
        {"x": 1.0, "n": 5, "extra": None},
        {"x": 2.0, "n": 6, "extra": None},
        {"x": 1.5, "n": None, "extra": "hello"},
    ]
    assert manifest.rejects.reasons == {"unreadable file": 1}
    assert any("a.csv lacks extra" in w for w in manifest.warnings)
    assert manifest.moc is None and manifest.id_tables == {}


def test_repeated_ids_are_said_not_dropped(tmp_path):
    (tmp_path / "a.csv").write_text("id,ra,dec\n" + "".join(f"{i % 4},{i},{i}\n" for i in range(8)))
    table = {"from": "a.csv", "id": "id", "positions": [{"ra": "ra", "dec": "dec"}]}
    manifest = ingest(configured(tmp_path, {"t": table}), tmp_path / "out", "t")
    assert manifest.meta.nrows == 8 and manifest.meta.unique == () and "id" in manifest.id_tables
    assert any("4 values repeat" in w for w in manifest.warnings)


@pytest.mark.parametrize(
    ("table", "code", "words"),
    [
        ({"from": "none*.csv"}, "ingest.no_source", "no file matches none"),
        ({"from": "a.csv", "id": "idd"}, "ingest.no_column", "did you mean id?"),
        ({"from": "a.csv", "columns": [{"name": "x", "source": "Dec_"}]}, "ingest.no_column", "did you mean dec?"),
        ({"from": "empty.csv"}, "reader.unreadable", "empty.csv cannot be read as CSV: it is empty"),
        ({"from": "header.csv"}, "ingest.no_rows", "no row that can be published"),
        ({"from": "*.bin"}, "ingest.nothing_readable", "none of its 2 files"),
    ],
)
def test_mistakes_are_named(tmp_path, table, code, words):
    (tmp_path / "a.csv").write_text("id,ra,dec\n1,2,3\n")
    (tmp_path / "empty.csv").write_text("")
    (tmp_path / "header.csv").write_text("a,b\n")
    for name in ("x.bin", "y.bin"):
        (tmp_path / name).write_bytes(b"\0\1")
    with pytest.raises(UsageError) as caught:
        ingest(configured(tmp_path, {"t": table}), tmp_path / "out", "t")
    assert caught.value.code == code and words in caught.value.message


def test_demo_catalogues_from_their_packages(tmp_path):
    from importlib.resources import files

    root = files("tianku.usecases.demo") / "collections"
    counts = {"hipparcos": ("main", 117_955), "gaia": ("source", 482_176)}
    for name, (table, count) in counts.items():
        [dataset] = load_collection(root / name / "collection.yaml")[1]
        reports = []
        manifest = ingest(dataset, tmp_path / name, table, progress=reports.append)
        assert manifest.meta.nrows == count == sum(f.rows for f in manifest.files)
        assert manifest.rejects.total == 0 and manifest.warnings == ()
        assert [r.stage for r in reports if r.done] == ["open", "read and sort", "write", "ids"]
        assert 359 < manifest.statistics["ra"].maximum < 360
        assert manifest.meta.main_position.epoch in (1991.25, 2016.0)
    assert manifest.statistics["pmra"].nulls >= 358 and manifest.meta.column("ra").unit == "deg"


def test_manifest_is_json_of_reasonable_size(stars, tmp_path):
    text = ingest(stars, tmp_path / "out").model_dump_json()
    assert len(text) < 300_000 and json.loads(text)["digest"]
