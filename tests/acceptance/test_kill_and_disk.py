"""Ingest that is killed, or meets a full disk or bad files: what is published stays, the next run ends well."""

from __future__ import annotations

import multiprocessing
import os
from multiprocessing.context import ForkServerContext
from pathlib import Path

import pytest

from tests.acceptance.conftest import Site
from tests.support.archive import KILLED
from tests.support.serving import wait_until
from tests.support.slow import tap
from tianku.catalogue.store import SnapshotStore
from tianku.usecases.ingest import ingest_dataset
from tianku.usecases.publish import listing, publish

POINTS = (
    "ingest.after_sort", "ingest.mid_write", "ingest.after_write", "ingest.before_manifest", "ingest.after_table",
    "products.after_chunk", "products.after_index", "commit.before_sync", "commit.before_rename",
    "commit.after_rename",
)  # fmt: skip
ROWS = tap("SELECT COUNT(*) AS n FROM killed_dr1.stars")
SPECTRA = tap("SELECT COUNT(*) AS n FROM ivoa.obscore WHERE obs_publisher_did LIKE '%killed/dr1%'")


def ingest_until(root: Path, dataset: str, point: str) -> None:
    """Ingest in this process with a point of failure armed."""
    os.environ["TIANKU_FAILPOINT"] = point
    ingest_dataset(root, dataset)


@pytest.fixture(scope="module")
def forks() -> ForkServerContext:
    """Forks of a process that has imported what ingest needs."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["pytest", "tianku.usecases.ingest", "tests.acceptance.test_kill_and_disk"])
    return context


def shown(site: Site, path: str) -> list[str]:
    return [worker.get(path).text.split()[-1] for worker in site.served.workers]


@pytest.mark.parametrize("point", POINTS)
def test_killed_anywhere_the_old_serves_and_the_next_run_ends(
    two_workers: Site, forks: ForkServerContext, point: str
) -> None:
    root = two_workers.archive.root
    store = SnapshotStore(root / "data" / "snapshots")
    old, spectra = shown(two_workers, ROWS), shown(two_workers, SPECTRA)
    with (root / "sources" / "killed_rows.csv").open("a") as file:
        file.write(f"{100 + int(old[0])},11,21,7\n")
    killed = forks.Process(target=ingest_until, args=(root, KILLED, point))
    killed.start()
    killed.join(60)
    assert killed.exitcode == 137
    assert shown(two_workers, ROWS) == old and shown(two_workers, SPECTRA) == spectra
    built = store.revisions(KILLED)
    report = ingest_dataset(root, KILLED)
    assert report.unchanged == (point == "commit.after_rename")
    assert store.revisions(KILLED) == ([*built, report.revision] if not report.unchanged else built)
    assert store.leftovers() == []
    assert [row.revision for row in listing(root) if row.dataset == KILLED] == store.revisions(KILLED)
    assert len(list((root / "data/cache/serving").glob(f"{KILLED}@{report.revision}/*.duckdb"))) == 2
    publish(root, KILLED)
    new = [str(int(n) + 1) for n in old]
    assert wait_until(lambda: shown(two_workers, ROWS) == new, 2)
    assert shown(two_workers, SPECTRA) == spectra
