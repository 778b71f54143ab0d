"""List columns: published as arrays, and as a table of elements that joins what they point to."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.support.datasets import configured
from tianku.catalogue.ingest import ingest_table
from tianku.model.errors import UsageError
from tianku.usecases.check import check
from tianku.usecases.preflight import check_tables

LISTS = {"obsid_list": {"split": "-", "type": "int64", "references": "catalogue.obsid"}}
TABLES = {
    "catalogue": {"from": "catalogue.csv", "id": "obsid"},
    "mec": {"from": "mec.csv", "id": "uid", "positions": [{"ra": "ra", "dec": "dec"}], "lists": LISTS},
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "catalogue.csv").write_text("obsid,snr\n" + "".join(f"{i},{i / 10}\n" for i in range(1, 9)))
    rows = ["a,10,20,1-2-3", "b,11,21,4", "c,12,22,", "d,13,23,5-x", "e,400,24,6", "f,15,25,8-8-7"]
    (tmp_path / "mec.csv").write_text("uid,ra,dec,obsid_list\n" + "\n".join(rows) + "\n")
    return tmp_path


def test_elements_are_rows_of_a_table_of_their_own(folder: Path) -> None:
    dataset = configured(folder, TABLES)
    assert list(dataset.config.tables) == ["catalogue", "mec", "mec__obsid_list"]
    assert [
        (r.source_table, r.source_column, r.target_table, r.target_column) for r in dataset.config.relations
    ] == [
        ("mec__obsid_list", "obsid", "catalogue", "obsid"),
        ("mec__obsid_list", "uid", "mec", "uid"),
    ]
    check_tables(dataset, dataset.config.tables)
    assert [f for f in check(dataset) if f.severity == "error"] == []
    out = folder / "out"
    out.mkdir()
    made = {name: ingest_table(dataset, name, out) for name in dataset.config.tables}
    rows = {
        name: pa.concat_tables([pq.ParquetFile(out / f.path).read() for f in manifest.files])
        for name, manifest in made.items()
    }
    lists = {r["uid"]: r["obsid_list"] for r in rows["mec"].to_pylist()}
    assert lists == {"a": [1, 2, 3], "b": [4], "c": None, "f": [8, 8, 7]}
    assert made["mec"].rejects.total == 2 and made["mec__obsid_list"].rejects.total == 0
    assert rows["mec__obsid_list"].to_pylist() == [
        {"uid": uid, "item": place, "obsid": obsid}
        for uid in "abf"
        for place, obsid in enumerate(lists[uid], start=1)
    ]
    meta = made["mec__obsid_list"].meta
    assert [str(k.target) for k in meta.foreign_keys] == ["catalogue", "mec"]
    assert meta.column("obsid").arraysize is None and made["mec"].meta.column("obsid_list").arraysize == "*"
    con = duckdb.connect()
    for name, table in rows.items():
        con.register(name, table)
    joined = con.sql(
        "SELECT uid, sum(snr) FROM mec__obsid_list JOIN catalogue USING (obsid) GROUP BY 1 ORDER BY 1"
    )
    assert joined.fetchall() == [("a", pytest.approx(0.6)), ("b", 0.4), ("f", pytest.approx(2.3))]


def test_a_column_that_says_it_itself(folder: Path) -> None:
    columns = [{"name": "obsid_list", "split": "-", "type": "int64", "references": "catalogue.obsid"}]
    mec = {"from": "mec.csv", "columns": columns}
    dataset = configured(folder, {"catalogue": TABLES["catalogue"], "mec": mec})
    out = folder / "out"
    out.mkdir()
    made = ingest_table(dataset, "mec__obsid_list", out)
    assert [c.name for c in made.meta.columns] == ["item", "obsid"]
    assert made.meta.nrows == 8


def test_plain_references_are_relations(folder: Path) -> None:
    said = {"from": "catalogue.csv", "columns": [{"name": "obsid", "references": "mec.uid"}]}
    dataset = configured(folder, {"catalogue": said, "mec": {"from": "mec.csv"}})
    assert [(r.source_table, r.target_table) for r in dataset.config.relations] == [("catalogue", "mec")]


def test_what_is_no_list_is_named(folder: Path) -> None:
    said = {"from": "mec.csv", "elements_of": {"table": "mec", "column": "ra", "name": "x"}}
    dataset = configured(folder, {"mec": {"from": "mec.csv"}, "wrong": said})
    with pytest.raises(UsageError, match="ra of mec is no list"):
        check_tables(dataset, ["wrong"])
    said = {"from": "mec.csv", "elements_of": {"table": "mecc", "column": "ra", "name": "x"}}
    with pytest.raises(UsageError, match=r"did you mean mec\?"):
        check_tables(configured(folder, {"mec": {"from": "mec.csv"}, "wrong": said}), ["wrong"])
