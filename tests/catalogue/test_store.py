"""Snapshots: complete or absent, whatever moment the process dies; finished tables are not made twice."""

import multiprocessing
import os

import pytest

from tests.support.datasets import configured
from tianku.catalogue.ingest import ingest_table
from tianku.catalogue.manifest import SnapshotManifest
from tianku.catalogue.sources import table_digest
from tianku.catalogue.store import SnapshotStore
from tianku.model.config.load import load_collection
from tianku.model.errors import FatalError, NotFoundError, TransientError

POINTS = [
    "ingest.after_sort",
    "ingest.mid_write",
    "ingest.after_write",
    "ingest.before_manifest",
    "ingest.after_table",
    "commit.before_sync",
    "commit.before_rename",
    "commit.after_rename",
]


def build(store, dataset):
    """Ingest every table of a data set and commit; returns the names of the tables that were made now."""
    staging, made, tables = store.new_revision(dataset.config.dataset), [], {}
    for name in dataset.config.tables:
        digest = table_digest(dataset, name, "1")
        tables[name] = staging.finished_table(name, digest)
        if tables[name] is None:
            made.append(name)
            tables[name] = ingest_table(dataset, name, staging.path).model_copy(update={"digest": digest})
            staging.finish_table(name, tables[name])
    manifest = SnapshotManifest(
        dataset=dataset.config.dataset,
        revision=staging.revision,
        created="2026-01-01T00:00:00Z",
        tianku="1",
        configuration={},
        tables=tables,
    )
    store.commit(staging, manifest)
    return made


def build_until(point, root):
    """Run `build` in this process with a point of failure armed."""
    os.environ["TIANKU_FAILPOINT"] = point
    build(SnapshotStore(root / "snapshots"), load_collection(root / "collection.yaml")[1][0])


@pytest.fixture(scope="module")
def server():
    """Forks of a process that has imported everything: quick, and without threads to lose."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(
        ["pytest", "tianku.catalogue.ingest", "tianku.catalogue.store", "tests.support.datasets"]
    )
    return context


@pytest.fixture
def dataset(tmp_path):
    (tmp_path / "a.csv").write_text(
        "id,ra,dec\n" + "".join(f"{i},{40 + i % 10},{30 + i % 20}\n" for i in range(500))
    )
    table = {"from": "a.csv", "id": "id", "positions": [{"ra": "ra", "dec": "dec"}]}
    return configured(tmp_path, {"first": table, "second": table})


@pytest.fixture
def store(tmp_path):
    return SnapshotStore(tmp_path / "snapshots")


def check_complete(store, revision):
    manifest = store.load("demo/v1", revision)
    for table in manifest.tables.values():
        for entry in table.files:
            assert (store.path("demo/v1", revision) / entry.path).stat().st_size == entry.bytes
    names = {p.name for p in store.path("demo/v1", revision).rglob("*")}
    assert not names & {"lock", ".scratch"}


def test_revisions_grow_and_are_never_used_again(store, dataset):
    for expected in ([1], [1, 2], [1, 2, 3]):
        build(store, dataset)
        assert store.revisions("demo/v1") == expected
    check_complete(store, 3)
    store.remove("demo/v1", 3)
    assert store.revisions("demo/v1") == [1, 2] and store.datasets() == ["demo/v1"]
    build(store, dataset)
    assert store.revisions("demo/v1") == [1, 2, 4]
    assert store.leftovers() == []


@pytest.mark.parametrize("point", POINTS)
def test_killed_anywhere_the_old_snapshot_serves_and_the_next_run_finishes(
    server, store, dataset, tmp_path, point
):
    build(store, dataset)
    before = store.load("demo/v1", 1)
    process = server.Process(target=build_until, args=(point, tmp_path))
    process.start()
    process.join(120)
    assert process.exitcode == 137
    assert store.load("demo/v1", 1) == before
    check_complete(store, 1)
    if point == "commit.after_rename":
        assert store.revisions("demo/v1") == [1, 2]
        check_complete(store, 2)
        return
    assert store.revisions("demo/v1") == [1]
    assert [left.resumable for left in store.leftovers()] == [True]
    made = build(store, dataset)
    assert store.revisions("demo/v1") == [1, 2] and store.leftovers() == []
    check_complete(store, 2)
    finished = {"ingest.after_table": ["second"], "commit.before_sync": [], "commit.before_rename": []}
    assert made == finished.get(point, ["first", "second"])


def test_changed_sources_are_not_resumed(store, dataset, tmp_path):
    staging = store.new_revision("demo/v1")
    digest = table_digest(dataset, "first", "1")
    manifest = ingest_table(dataset, "first", staging.path).model_copy(update={"digest": digest})
    staging.finish_table("first", manifest)
    assert staging.finished_table("first", digest) == manifest
    with (tmp_path / "a.csv").open("a") as file:
        file.write("900,1,1\n")
    changed = table_digest(dataset, "first", "1")
    assert changed != digest and staging.finished_table("first", changed) is None
    assert not (staging.path / "tables" / "first").exists()
    staging.close()


def test_one_ingest_at_a_time(store):
    staging = store.new_revision("demo/v1")
    with pytest.raises(TransientError, match="another ingest of demo/v1 is running"):
        store.new_revision("demo/v1")
    with pytest.raises(TransientError):
        store.clean(resumable=True)
    staging.close()
    assert store.clean(resumable=True) == 0 and store.leftovers() == []


def test_unknown_and_newer_snapshots_are_named(store, dataset):
    with pytest.raises(NotFoundError, match=r"demo/v1 has no revision 9 \(it has none\)"):
        store.load("demo/v1", 9)
    build(store, dataset)
    path = store.path("demo/v1", 1) / "manifest.json"
    path.write_text(path.read_text().replace('"format": 2', '"format": 99'))
    with pytest.raises(FatalError, match="format 99"):
        store.load("demo/v1", 1)


def test_dataset_ids_do_not_collide(store):
    assert store.relative("lamost/dr10/v2.0", 3) == "lamost/dr10/v2.0@3"
    assert store.revisions("lamost") == []
