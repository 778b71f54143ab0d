"""Product sets from real files: index, ObsCore rows, rejects, resume."""

from __future__ import annotations

import csv
import os
import pickle
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from tests.products.product_sets import context
from tianku.model.errors import NotFoundError, UsageError
from tianku.products.access import main_file, read_product
from tianku.products.did import parse_did
from tianku.products.index import ProductIndex, index_schema
from tianku.products.ingest import ingest_products
from tianku.products.ingest_chunk import chunk_name
from tianku.products.ingest_file import FileRules, Row, file_rows
from tianku.products.obscore_columns import OBSCORE_COLUMNS


@pytest.fixture(scope="module")
def files(test_data: Path) -> list[Path]:
    return sorted((test_data / "lamost-spectra").iterdir())


@pytest.fixture(scope="module")
def few(files: list[Path]) -> list[Path]:
    return [p for p in files if p.name.startswith("37")]


def test_all_real_files_are_published_by_two_processes(files: list[Path], tmp_path: Path) -> None:
    lrs = [p for p in files if not p.name.startswith("med-")]
    seen: list[int] = []
    manifest = ingest_products(
        context(), lrs, tmp_path, workers=2, progress=lambda p: seen.append(p.rows), total=184, chunk_size=60
    )
    rows = pq.read_table(tmp_path / manifest.obscore.path)  # type: ignore[union-attr]
    assert manifest.products + manifest.rejects.total == 184 == max(seen)
    assert set(manifest.rejects.reasons) <= {"key.repeated"}
    assert rows.num_rows == manifest.products and manifest.moc
    assert pc.sum(pc.is_null(rows["t_min"])).as_py() == 0
    assert np.all(np.diff(rows["_healpix_29"].to_numpy()) >= 0)


def test_rows_for_parts_of_medium_resolution(files: list[Path], tmp_path: Path) -> None:
    paths = [p for p in files if p.name.startswith("med-")]
    flux = {"unit": "count", "calibration": "uncalibrated"}
    manifest = ingest_products(context("mrs", rows_for="part", flux=flux), paths, tmp_path)
    rows = pq.read_table(tmp_path / manifest.obscore.path).to_pylist()  # type: ignore[union-attr]
    assert (manifest.products, manifest.parts, len(rows)) == (4, 20 + 12 + 8 + 8, 48)
    row = next(r for r in rows if r["obs_publisher_did"].endswith("?747412076/R-84450349"))
    assert row["t_min"] == pytest.approx(84450349 / 1440 - 8 / 24, abs=1e-9)
    assert row["t_exptime"] == 1200 and row["o_unit"] == "count" and row["o_calib_status"] == "uncalibrated"
    assert 6.2e-7 < row["em_min"] < 6.4e-7 < row["em_max"] < 6.9e-7
    assert row["access_url"].endswith(
        "ID=ivo%3A%2F%2Forg.example%2Flamost%2Fdr10%2Fv2.0%2Fmrs%3F747412076%2FR-84450349"
    )


def test_a_product_row_is_complete(few: list[Path], tmp_path: Path) -> None:
    manifest = ingest_products(context(), few, tmp_path)
    table = pq.read_table(tmp_path / manifest.obscore.path)  # type: ignore[union-attr]
    assert table.column_names[:-1] == [c.name for c in OBSCORE_COLUMNS]
    row = next(r for r in table.to_pylist() if r["obs_id"] == "3703110")
    assert row["dataproduct_type"] == "spectrum" and row["calib_level"] == 2
    assert row["obs_publisher_did"] == "ivo://org.example/lamost/dr10/v2.0/lrs?3703110"
    assert (row["s_ra"], row["s_dec"]) == (138.080956, 27.893459)
    assert row["s_fov"] == pytest.approx(3.3 / 3600)
    assert row["s_region"].startswith("CIRCLE ICRS 138.080956 27.893459 0.00045833")
    assert row["target_name"] == "LAMOST J091219.42+275336.4"
    assert row["t_min"] == pytest.approx(55876.8839120, abs=1e-6)  # 2011-11-12T05:12:50 at +08:00
    assert row["em_xel"] == 3909 and 3.6e-7 < row["em_min"] < 3.8e-7 < row["em_max"] < 9.2e-7
    assert row["data_rights"] == "public" and row["obs_release_date"].year == 2024
    assert row["pol_states"] is None and row["access_estsize"] == 107


def test_one_bad_file_is_reported_and_the_rest_published(few: list[Path], tmp_path: Path) -> None:
    source, out = tmp_path / "in", tmp_path / "o'out"  # a quote is no end of a name
    shutil.copytree(few[0].parent, source, ignore=lambda _, names: [n for n in names if not n.startswith("37")])
    bad = source / "3703110.fits"
    bad.write_bytes(few[0].read_bytes()[:60_000])
    (source / "3706009-again.fits").write_bytes((source / "3706009.fits").read_bytes())
    manifest = ingest_products(context(), sorted(source.iterdir()), out)
    assert (manifest.products, manifest.files, manifest.rejects.total) == (11, 11, 2)
    assert manifest.rejects.reasons == {"fits.truncated": 1, "key.repeated": 1}
    with (out / str(manifest.rejects.report)).open() as stream:
        report = list(csv.DictReader(stream))
    assert report[0]["file"] == str(bad) and "claims" in report[0]["reason"]
    assert not (out / "products/lrs/chunks").exists()


_KILLED = """
from pathlib import Path
import sys
sys.path.insert(0, sys.argv[1])
from tests.products.product_sets import context
from tianku.products.ingest import ingest_products
ingest_products(context(), [Path(p) for p in sys.argv[3:]], Path(sys.argv[2]), chunk_size=4)
"""


@pytest.mark.parametrize(("point", "reread"), [("products.after_chunk", 8), ("products.after_index", 0)])
def test_a_killed_ingest_resumes(
    few: list[Path], tmp_path: Path, point: str, reread: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = str(Path(__file__).parents[2])
    arguments = [sys.executable, "-c", _KILLED, root, str(tmp_path), *map(str, few)]
    died = subprocess.run(arguments, env=os.environ | {"TIANKU_FAILPOINT": point}, check=False)
    assert died.returncode == 137
    read: list[Path] = []

    def counted(rules: FileRules, path: Path) -> list[Row]:
        read.append(path)
        return file_rows(rules, path)

    monkeypatch.setattr("tianku.products.ingest_chunk.file_rows", counted)
    manifest = ingest_products(context(), few, tmp_path, chunk_size=4)
    assert manifest.products == 12 and len(read) == reread
    kept = ["index.parquet", "obscore.parquet", "tree-files.parquet", "tree-folders.parquet"]
    assert sorted(p.name for p in (tmp_path / "products/lrs").iterdir()) == kept


def test_a_changed_configuration_resumes_nothing(few: list[Path], tmp_path: Path) -> None:
    names = {chunk_name(context(), 0, few), chunk_name(context(obscore={"calib_level": 3}), 0, few)}
    assert len({*names, chunk_name(context(), 0, few[:-1])}) == 3


def test_errors_cross_processes_whole() -> None:
    error = pickle.loads(pickle.dumps(UsageError("a.b", "no {x}", x=1)))
    assert (error.code, error.message, error.params) == ("a.b", "no 1", {"x": 1})


def test_copies_are_byte_exact_and_found_by_key(few: list[Path], tmp_path: Path) -> None:
    originals = tmp_path / "originals"
    setting = context(originals=originals, root=few[0].parent, store="copy")
    manifest = ingest_products(setting, few, tmp_path / "out")
    index = ProductIndex(tmp_path / "out" / manifest.index.path)
    (entry,) = index.find("3703110")
    assert entry.path == "lamost/dr10/v2.0/lrs/3703110.fits"
    assert entry.file(originals).read_bytes() == few[0].read_bytes()
    assert [e.key for e in index.page(5, 4)] == sorted(p.stem for p in few)[5:9]
    assert len(index.page(10, 4)) == 2 and index.page(12, 4) == []
    spectrum = read_product(setting, main_file(setting, index, "3703110"))
    assert spectrum.header["OBSID"] == 3703110 and spectrum.parts[0].calibration == "relative"
    with pytest.raises(NotFoundError):
        index.find("0")


def test_look_ups_across_row_groups(tmp_path: Path) -> None:
    schema = index_schema([])
    keys = [f"{i // 3:05d}" for i in range(20_000)]
    columns = {f.name: pa.nulls(len(keys), f.type) for f in schema}
    columns |= {f.name: pa.repeat(pa.scalar("x", f.type), len(keys)) for f in schema if f.type == pa.string()}
    columns |= {"key": pa.array(keys), "size": pa.array(range(len(keys)))}
    table = pa.table({f.name: columns[f.name] for f in schema})
    pq.write_table(table, tmp_path / "i.parquet", row_group_size=100)
    index = ProductIndex(tmp_path / "i.parquet")
    for number in (0, 33, 34, 5000, 6666):
        sizes = [e.size for e in index.find(f"{number:05d}")]
        assert sizes == [i for i in range(3 * number, 3 * number + 3) if i < 20_000]
    assert [e.size for e in index.page(95, 10)] == list(range(95, 105))
    for absent in ("", "00000a", "99999"):
        with pytest.raises(NotFoundError):
            index.find(absent)


def test_an_empty_set_is_published_empty(tmp_path: Path) -> None:
    manifest = ingest_products(context(), [], tmp_path)
    assert manifest.products == 0 and manifest.obscore and manifest.obscore.rows == 0
    index = ProductIndex(tmp_path / manifest.index.path)
    with pytest.raises(NotFoundError):
        index.find("1")
    assert index.page(0, 10) == []


def test_wrong_mappings_stop_before_any_file_is_read(tmp_path: Path) -> None:
    for mapping, code in (
        ({"em_mim": 1}, "obscore.unknown_column"),
        ({"s_ra": "sleep(1)"}, "expression.not_allowed"),
    ):
        with pytest.raises(UsageError) as caught:
            ingest_products(context(obscore=mapping), iter(()), tmp_path)
        assert caught.value.code == code


def test_dids_are_read_back() -> None:
    did = parse_did("ivo://org.example/lamost/dr10/v2.0/mrs?747412076/R-84450349")
    assert (did.dataset, did.set, did.key, did.part) == ("lamost/dr10/v2.0", "mrs", "747412076", "R-84450349")
    assert parse_did(str(did)) == did
    for text in ("", "ivo://x/y", "ivo://x/set?k", "http://x/y/z?1"):
        with pytest.raises(UsageError):
            parse_did(text)
