"""HATS catalogues served where they are: the same rows, no copy, no wrong rows when files change."""

import os
import shutil
from pathlib import Path

import lsdb
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.support.datasets import configured
from tests.support.releases import releases
from tianku.catalogue.ingest import ingest_table
from tianku.catalogue.sources import source_digest
from tianku.model.access import ANONYMOUS
from tianku.model.errors import TransientError, UsageError
from tianku.usecases.check import check_installation
from tianku.usecases.download_files import make_downloads
from tianku.usecases.ingest import ingest_dataset
from tianku.usecases.query import run_adql

ROWS = 9_000
DATASET = "sim/hats"
TABLE = {"from": {"hats": "gaia"}, "id": "source_id", "positions": [{"ra": "ra", "dec": "dec"}]}


@pytest.fixture(scope="module")
def stars():
    random = np.random.default_rng(7)
    number = np.arange(ROWS)
    return pd.DataFrame(
        {
            "source_id": number + 2**60,
            "ra": random.uniform(0, 360, ROWS),
            "dec": np.degrees(np.arcsin(random.uniform(-1, 1, ROWS))),
            "mag": np.where(number % 10 == 0, np.nan, random.normal(15, 2, ROWS)).astype("f4"),
            "g-r": random.normal(0.5, 0.1, ROWS),
            "name": [f"星 {i}" for i in number],
            "few": pd.Series(number % 100, dtype=pd.ArrowDtype(pa.int8())),
            "flux": pd.Series([[i, 0.5] for i in number], dtype=pd.ArrowDtype(pa.list_(pa.float64()))),
            "notes": pd.Series([{"a": i} for i in number], dtype=pd.ArrowDtype(pa.struct({"a": pa.int64()}))),
        }
    )


@pytest.fixture(scope="module")
def catalogue(stars, tmp_path_factory):
    """A collection with a margin, as LSDB writes it, but with NaN where magnitudes are missing."""
    folder = tmp_path_factory.mktemp("hats") / "gaia"
    made = lsdb.from_dataframe(
        stars, ra_column="ra", dec_column="dec", highest_order=2, partition_rows=700, margin_threshold=3600
    )
    made.write_catalog(folder, catalog_name="gaia", progress_bar=False)
    for file in (folder / "gaia/dataset").rglob("Npix*.parquet"):
        table = pq.ParquetFile(file).read()
        at = table.schema.get_field_index("mag")
        pq.write_table(table.set_column(at, "mag", table["mag"].fill_null(float("nan"))), file)
    return folder


@pytest.fixture(scope="module")
def made(catalogue, tmp_path_factory):
    with releases(tmp_path_factory.mktemp("site")) as one:
        shutil.copytree(catalogue, one.sources / "gaia")
        one.add(DATASET, title="HATS", tables={"source": TABLE})
        yield one


@pytest.fixture(scope="module")
def centre(made):
    with made.opened(lambda: 2e9) as opened:
        yield opened


def rows(centre, adql):
    with run_adql(centre, ANONYMOUS, adql) as answer:
        return [row for batch in answer.batches() for row in batch.to_pylist()]


def one(centre, adql):
    return list(rows(centre, adql)[0].values())


def test_nothing_is_copied_and_margins_are_not_counted(made, centre):
    snapshot = next((made.root / "data/snapshots").rglob("*@1"))
    links = [p for p in snapshot.rglob("*.parquet") if "dataset" in p.parts]
    assert len(links) > 12 and all(p.is_symlink() and p.resolve().is_relative_to(made.sources) for p in links)
    assert one(centre, "SELECT COUNT(*) AS n FROM sim_hats.source") == [ROWS]
    assert not list(made.root.rglob("serving*.duckdb"))


def test_rows_are_those_of_the_catalogue(stars, centre):
    sql = "SELECT source_id, ra, dec, mag, g_r, name, few, flux FROM sim_hats.source WHERE source_id < {}"
    found = sorted(rows(centre, sql.format(2**60 + 500)), key=lambda r: r["source_id"])
    wanted = stars.head(500)
    assert [r["source_id"] for r in found] == wanted["source_id"].tolist()
    assert [r["g_r"] for r in found] == wanted["g-r"].tolist()
    assert [r["ra"] for r in found] == wanted["ra"].tolist()
    assert [r["name"] for r in found] == wanted["name"].tolist() and found[7]["flux"] == [7.0, 0.5]
    assert [r["few"] for r in found] == wanted["few"].tolist()
    assert [r["mag"] for r in found] == [None if np.isnan(m) else m for m in wanted["mag"].tolist()]
    faint = int((stars["mag"].astype("f8") > 15).sum())
    assert one(centre, "SELECT COUNT(*) AS n FROM sim_hats.source WHERE mag > 15") == [faint]
    assert rows(centre, f"SELECT name FROM sim_hats.source WHERE source_id = {2**60 + 77}") == [{"name": "星 77"}]


def test_cones_are_those_of_brute_force_and_read_few_files(stars, centre):
    a, d = np.radians(stars["ra"]), np.radians(stars["dec"])
    for ra, dec, radius in [(10.0, 20.0, 3.0), (0.1, -0.1, 5.0), (200.0, 89.0, 2.0)]:
        a0, d0 = np.radians(ra), np.radians(dec)
        haversine = np.sin((d - d0) / 2) ** 2 + np.cos(d) * np.cos(d0) * np.sin((a - a0) / 2) ** 2
        inside = np.degrees(2 * np.arcsin(np.sqrt(haversine))) < radius
        sql = (
            "SELECT source_id FROM sim_hats.source"
            f" WHERE 1 = CONTAINS(POINT(ra, dec), CIRCLE({ra}, {dec}, {radius}))"
        )
        assert {r["source_id"] for r in rows(centre, sql)} == set(stars["source_id"][inside])
    picture = centre.current()
    table = picture.picture.datasets[DATASET].tables["source"].meta
    stored = picture.storage(table)
    assert len(stored.relation(np.array([3])).files) == 1 < len(stored.files)


def test_the_manifest_says_what_was_measured(made, stars):
    manifest = ingest_dataset(made.root, DATASET)
    assert manifest.unchanged
    table = manifest.manifest.tables["source"]
    assert table.statistics["mag"].nans == table.statistics["mag"].nulls == ROWS // 10
    assert table.statistics["mag"].maximum == pytest.approx(float(stars["mag"].max()))
    assert table.meta.unique == ("source_id",) and table.moc
    assert [w for w in table.warnings if w.startswith("notes: nested values")]
    assert "notes" not in table.statistics and table.statistics["name"].ascii is False


def test_downloads_hold_the_published_rows(made, stars):
    make_downloads(made.root, DATASET)
    file = next((made.root / "data").rglob("*source*.parquet"))
    whole = pq.ParquetFile(file).read().to_pandas().sort_values("source_id")
    assert whole["source_id"].tolist() == stars["source_id"].tolist()
    assert whole["mag"].isna().sum() == ROWS // 10 and whole["few"].tolist() == stars["few"].tolist()


def test_changed_files_are_refused_by_name_and_found_by_check(catalogue, tmp_path):
    with releases(tmp_path) as site:
        shutil.copytree(catalogue, site.sources / "gaia")
        site.add(DATASET, title="HATS", tables={"source": TABLE})
        file = sorted((site.sources / "gaia/gaia/dataset").rglob("*.parquet"))[0]
        rows_before = pq.ParquetFile(file).read()
        with site.opened(lambda: 2e9) as centre:
            assert one(centre, "SELECT COUNT(*) AS n FROM sim_hats.source") == [ROWS]
            pq.write_table(rows_before.slice(1), file)
            with pytest.raises(TransientError, match=r"files of sim_hats\.source were changed"):
                rows(centre, "SELECT COUNT(*) AS n FROM sim_hats.source")
        found = [f for f in check_installation(site.root, DATASET) if "changed after" in f.message]
        assert found and found[0].severity == "error"
        site.add(DATASET, title="HATS", tables={"source": TABLE})
        with site.opened(lambda: 2e9) as centre:
            assert one(centre, "SELECT COUNT(*) AS n FROM sim_hats.source") == [ROWS - 1]


def refused(root: Path, tmp_path: Path, **more) -> str:
    dataset = configured(tmp_path / "config", {"source": TABLE | {"from": {"hats": str(root)}} | more})
    (tmp_path / "out").mkdir()
    with pytest.raises(UsageError) as error:
        ingest_table(dataset, "source", tmp_path / "out")
    return str(error.value)


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"positions": []}, "no main position"),
        ({"positions": [{"ra": "ra", "dec": "dec", "frame": "GALACTIC"}]}, "not in ICRS degrees"),
        ({"positions": [{"ra": "mag", "dec": "dec"}]}, "not ra and dec, which it is sorted by"),
        ({"columns": [{"name": "twice", "expression": "mag * 2", "type": "float64"}]}, "twice is converted"),
        ({"columns": [{"name": "lost"}]}, "no such column"),
        ({"nulls": [-9999]}, "values that mean null"),
    ],
)
def test_what_would_change_rows_is_refused(catalogue, tmp_path, more, said):
    assert said in refused(catalogue, tmp_path, **more)


def test_broken_catalogues_are_named(catalogue, tmp_path):
    margin = next(p for p in catalogue.glob("gaia_*"))
    assert "is the margin of another" in refused(margin, tmp_path / "margin")
    assert "no HATS catalogue" in refused(tmp_path, tmp_path / "none")
    copy = tmp_path / "copy"
    shutil.copytree(catalogue, copy)
    files = sorted((copy / "gaia/dataset").rglob("Npix*.parquet"))
    pq.write_table(pq.ParquetFile(files[3]).read().drop_columns(["mag"]), files[3])
    assert "has no column mag of type float" in refused(copy, tmp_path / "column")
    files[3].unlink()
    assert "1 partitions have no file" in refused(copy, tmp_path / "missing")
    dataset = configured(tmp_path / "config", {"source": TABLE | {"from": {"hats": str(catalogue)}}})
    before = source_digest(dataset, "source")
    first = sorted((catalogue / "gaia/dataset").rglob("Npix*.parquet"))[0]
    facts = first.stat()
    os.utime(first, ns=(facts.st_atime_ns, facts.st_mtime_ns + 1))
    assert source_digest(dataset, "source") != before
