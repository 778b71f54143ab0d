"""Added segments and their compaction: few bytes are written, and no answer changes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import lsdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from pyarrow import csv

from tests.support.releases import Clock, Releases, releases
from tianku.catalogue.manifest import TableManifest
from tianku.catalogue.store import SnapshotStore
from tianku.model.access import ANONYMOUS
from tianku.model.errors import UsageError
from tianku.sky import moc as mocs
from tianku.usecases.centre import Centre
from tianku.usecases.ingest import ingest_dataset
from tianku.usecases.optimise import optimise_dataset
from tianku.usecases.publish import publish, remove
from tianku.usecases.query import run_adql

DATASET = "sim/nights"
TABLE = {"from": "night*.csv", "id": "id", "positions": [{"ra": "ra", "dec": "dec"}]}
ROWS, NIGHT = 300_000, 3_000
QUERIES = (
    "SELECT count(*) AS n, min(id) AS low, max(id) AS high, count(mag) AS mags FROM sim_nights.stars",
    "SELECT id, ra, mag FROM sim_nights.stars WHERE 1 = CONTAINS(POINT(ra, dec), CIRCLE(40, 10, 3)) ORDER BY id",
    "SELECT * FROM sim_nights.stars WHERE id IN (3, 300001, 302999, 99) ORDER BY id",
    "SELECT name, count(*) AS n FROM sim_nights.stars GROUP BY name ORDER BY name",
)


def night(first: int, count: int, seed: int) -> str:
    """Return the CSV of `count` stars, numbered from `first`, everywhere on the sky."""
    random = np.random.default_rng(seed)
    number = np.arange(count)
    mag = pc.round(pa.array(random.normal(15, 2, count), mask=number % 50 == 0), 4)
    columns = {
        "id": first + number,
        "ra": np.round(random.uniform(0, 360, count), 7),
        "dec": np.round(np.degrees(np.arcsin(random.uniform(-1, 1, count))), 7),
        "mag": mag,
        "name": pc.binary_join_element_wise("n", pa.array(number % 7).cast(pa.string()), ""),
    }
    sink = pa.BufferOutputStream()
    csv.write_csv(pa.table(columns), sink, csv.WriteOptions(quoting_style="none"))
    return sink.getvalue().to_pybytes().decode()


def written(store: SnapshotStore, revision: int) -> int:
    """Bytes of the files that only this revision has."""
    files = [f for f in store.path(DATASET, revision).rglob("*") if f.is_file()]
    return sum(f.stat().st_size for f in files if f.stat().st_nlink == 1)


def answers(centre: Centre) -> list[list[dict]]:
    found = []
    for query in QUERIES:
        with run_adql(centre, ANONYMOUS, query) as answer:
            found.append([row for batch in answer.batches() for row in batch.to_pylist()])
    return found


class Nights:
    """Revision 1 of all rows but the last night's, 2 with that added, 3 compacted; `whole` has all at once."""

    def __init__(self, one: Releases) -> None:
        self.made = one
        self.store = SnapshotStore(one.root / "data" / "snapshots")
        one.csv("night1.csv", night(0, ROWS, 1))
        one.add(DATASET, title="Nights", tables={"stars": TABLE})
        one.csv("night2.csv", night(ROWS, NIGHT, 2))
        ingest_dataset(one.root, DATASET, append=True)
        optimise_dataset(one.root, DATASET)
        ingest_dataset(one.root, DATASET, force=True)

    def table(self, revision: int) -> TableManifest:
        return self.store.load(DATASET, revision).tables["stars"]

    def folder(self, revision: int) -> Path:
        return self.store.path(DATASET, revision) / "tables" / "stars"


@pytest.fixture(scope="module")
def nights(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nights]:
    with releases(tmp_path_factory.mktemp("nights")) as one:
        yield Nights(one)


def test_an_added_night_is_a_segment_that_writes_little(nights: Nights) -> None:
    base, added = nights.table(1), nights.table(2)
    assert added.meta.nrows == ROWS + NIGHT and [d.rows for d in added.deltas] == [NIGHT]
    assert added.files[: len(base.files)] == base.files
    everything = sum(f.stat().st_size for f in nights.store.path(DATASET, 1).rglob("*") if f.is_file())
    assert (
        written(nights.store, 2) < 0.3 * everything
    )  # 1 % of the rows, in a table where files are mostly footers


@pytest.mark.parametrize("revision", [2, 3])
def test_every_answer_is_that_of_the_whole(nights: Nights, revision: int) -> None:
    publish(nights.made.root, DATASET, 4)
    with nights.made.opened(Clock(0)) as centre:
        expected = answers(centre)
    assert expected[0][0]["n"] == ROWS + NIGHT and len(expected[1]) > 150 and len(expected[2]) == 4
    publish(nights.made.root, DATASET, revision)
    with nights.made.opened(Clock(0)) as centre:
        assert answers(centre) == expected


@pytest.mark.parametrize("revision", [2, 3])
def test_statistics_and_coverage_are_those_of_the_whole(nights: Nights, revision: int) -> None:
    found, whole = nights.table(revision), nights.table(4)
    assert found.statistics == whole.statistics
    assert mocs.from_ascii(found.moc or "") == mocs.from_ascii(whole.moc or "")
    assert found.meta == whole.meta and found.rejects == whole.rejects


def test_compaction_writes_what_an_ingest_of_all_writes(nights: Nights) -> None:
    compacted, whole = nights.table(3), nights.table(4)
    assert not compacted.deltas
    assert [f.rows for f in compacted.files] == [f.rows for f in whole.files]
    assert [f.healpix for f in compacted.files] == [f.healpix for f in whole.files]


@pytest.mark.parametrize(
    ("place", "rows"), [((2, ""), ROWS), ((2, "deltas/0001"), NIGHT), ((3, ""), ROWS + NIGHT)]
)
def test_lsdb_opens_base_delta_and_compacted_result(nights: Nights, place: tuple[int, str], rows: int) -> None:
    assert len(lsdb.open_catalog(nights.folder(place[0]) / place[1])) == rows


def test_an_ingest_after_an_addition_finds_nothing_new(nights: Nights) -> None:
    report = ingest_dataset(nights.made.root, DATASET)
    assert report.unchanged


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Releases]:
    with releases(tmp_path) as one:
        one.csv("night1.csv", night(0, 300, 1))
        one.add(DATASET, title="Nights", tables={"stars": TABLE})
        yield one


def test_ids_that_are_there_already_are_named(small: Releases) -> None:
    small.csv("night2.csv", night(295, 10, 2))
    table = ingest_dataset(small.root, DATASET, append=True).manifest.tables["stars"]
    (remark,) = table.warnings
    assert "5 of the added values are there already (such as 295)" in remark
    assert table.meta.unique == () and table.meta.nrows == 310


def test_extremes_that_move_and_values_that_repeat_are_counted_as_in_the_whole(small: Releases) -> None:
    small.csv("night2.csv", "id,ra,dec,mag,name\n900,1,2,99.5,n1\n901,3,4,-50,new\n")
    added = ingest_dataset(small.root, DATASET, append=True).manifest.tables["stars"]
    whole = ingest_dataset(small.root, DATASET, force=True).manifest.tables["stars"]
    assert added.statistics == whole.statistics
    assert added.statistics["mag"].maximum == 99.5 and sum(added.statistics["mag"].histogram) == 296


@pytest.mark.parametrize(
    ("name", "text", "reason"),
    [
        ("night1.csv", night(0, 301, 1), "the file night1.csv changed"),
        ("night2.csv", "id,ra,dec,mag,name,more\n900,1,2,3,x,1\n", "has the column more"),
    ],
)
def test_what_cannot_be_added_is_refused(small: Releases, name: str, text: str, reason: str) -> None:
    small.csv(name, text)
    with pytest.raises(UsageError, match=reason):
        ingest_dataset(small.root, DATASET, append=True)
    assert ingest_dataset(small.root, DATASET).revision == 2


def test_rejects_of_an_addition_join_the_others(small: Releases) -> None:
    small.csv("night2.csv", "id,ra,dec,mag,name\n900,1,200,3,x\n901,1,2,3,x\n")
    small.csv("night3.csv", "id,ra,dec,mag,name\n902,1,-200,3,x\n903,1,2,3,x\n")
    small.csv("night4.csv", "id,ra,dec,mag,name\n904,1,-300,3,x\n905,1,2,3,x\n")
    (small.sources / "night4.csv").rename(small.sources / "later.csv")
    ingest_dataset(small.root, DATASET)
    (small.sources / "later.csv").rename(small.sources / "night4.csv")
    report = ingest_dataset(small.root, DATASET, append=True)
    rejects = report.manifest.tables["stars"].rejects
    lines = (report.folder / (rejects.report or "")).read_text().splitlines()
    assert rejects.total == 3 and [line.split(",")[0] for line in lines] == [
        "file", "night4.csv", "night2.csv", "night3.csv"
    ]  # fmt: skip


def test_a_table_that_says_so_grows_by_itself_until_it_is_full(small: Releases) -> None:
    small.configure(DATASET, title="Nights", tables={"stars": TABLE | {"append": True}})
    ingest_dataset(small.root, DATASET)
    for number in range(2, 11):
        small.csv(f"night{number}.csv", night(1000 * number, 5, number))
        if number == 10:
            with pytest.raises(UsageError, match="tianku optimise sim/nights"):
                ingest_dataset(small.root, DATASET, append=True)
        table = ingest_dataset(small.root, DATASET).manifest.tables["stars"]
        assert len(table.deltas) == (number - 1) % 9


def test_an_older_revision_may_go(small: Releases) -> None:
    small.csv("night2.csv", night(1000, 5, 2))
    ingest_dataset(small.root, DATASET, append=True)
    publish(small.root, DATASET)
    remove(small.root, DATASET, 1)
    with small.opened(Clock(0)) as centre:
        assert answers(centre)[0][0]["n"] == 305
