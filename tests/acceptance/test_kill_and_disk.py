"""Ingest that is killed, or meets a full disk or bad files: what is published stays, the next run ends well."""

from __future__ import annotations

import gzip
import multiprocessing
import os
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from multiprocessing.context import ForkServerContext
from pathlib import Path

import pytest

from tests.acceptance.conftest import Site
from tests.support.archive import KILLED, STARS, Archive
from tests.support.serving import wait_until
from tests.support.slow import tap
from tests.support.state import empty_state
from tianku.catalogue.store import SnapshotStore
from tianku.model.access import ANONYMOUS
from tianku.model.errors import TransientError
from tianku.state import repositories as state
from tianku.storage.failpoints import POINTS
from tianku.usecases.centre import Centre
from tianku.usecases.ingest import ingest_dataset
from tianku.usecases.publish import listing, publish
from tianku.usecases.query import run_adql

#: the points of tables alone are quick to show in tests of the store, too
QUICK = {
    "ingest.mid_write", "products.after_chunk", "products.after_index", "commit.before_rename",
    "commit.after_rename",
}  # fmt: skip
INGESTED = [
    point if point in QUICK else pytest.param(point, marks=pytest.mark.slow)
    for point in POINTS
    if point.startswith(("ingest.", "products.", "commit."))
]
PUBLISHED = [point for point in POINTS if point.startswith("publish.")]
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


@pytest.mark.parametrize("point", INGESTED)
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


def publish_until(root: Path, dataset: str, point: str) -> None:
    """Publish in this process with a point of failure armed."""
    os.environ["TIANKU_FAILPOINT"] = point
    publish(root, dataset)


@pytest.mark.slow
@pytest.mark.parametrize("point", PUBLISHED)
def test_killed_while_publishing_the_old_or_the_new_serves(
    two_workers: Site, forks: ForkServerContext, point: str
) -> None:
    root = two_workers.archive.root
    old = shown(two_workers, ROWS)
    with (root / "sources" / "killed_rows.csv").open("a") as file:
        file.write(f"{100 + int(old[0])},11,21,7\n")
    revision = ingest_dataset(root, KILLED).revision
    killed = forks.Process(target=publish_until, args=(root, KILLED, point))
    killed.start()
    killed.join(60)
    assert killed.exitcode == 137
    new = [str(int(n) + 1) for n in old]
    flipped = point == "publish.after_flip"
    assert wait_until(lambda: shown(two_workers, ROWS) == (new if flipped else old), 2)
    published = [row.revision for row in listing(root) if row.dataset == KILLED and row.state == "published"]
    assert len(published) == 1 and (published == [revision]) == flipped
    publish(root, KILLED)
    assert wait_until(lambda: shown(two_workers, ROWS) == new, 2)


def ingest_and_publish(root: Path, dataset: str) -> None:
    """Do what `tianku ingest --publish` does."""
    publish(root, dataset, ingest_dataset(root, dataset, force=True).revision)


@pytest.mark.slow
def test_killed_at_moments_nobody_chose(two_workers: Site, forks: ForkServerContext) -> None:
    """Whenever the process dies, both workers go on answering what was, or what is, published."""
    root = two_workers.archive.root
    store = SnapshotStore(root / "data" / "snapshots")
    rows, spectra = shown(two_workers, ROWS), shown(two_workers, SPECTRA)
    for step in range(40):
        process = forks.Process(target=ingest_and_publish, args=(root, KILLED))
        process.start()
        process.join(0.05 * step)
        process.kill()
        process.join()
        assert shown(two_workers, ROWS) == rows and shown(two_workers, SPECTRA) == spectra
    ingest_and_publish(root, KILLED)
    assert store.leftovers() == []
    assert wait_until(lambda: shown(two_workers, ROWS) == rows, 2)


@contextmanager
def small_disk(folder: Path, megabytes: int) -> Iterator[Path]:
    """Mount a file system of its own at `folder`."""
    folder.mkdir()
    options = ["-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", str(folder)]
    made = subprocess.run(["mount", *options], capture_output=True, text=True)
    if made.returncode:
        pytest.skip(f"a small disk cannot be mounted here: {made.stderr.strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


@pytest.fixture
def small(installation: Archive, tmp_path: Path) -> Iterator[Path]:
    """An installation whose data root is a disk of 64 MB, with one small data set published."""
    root = tmp_path / "small"
    shutil.copytree(
        installation.root, root, ignore=lambda folder, _: ["data"] if Path(folder) == installation.root else []
    )
    with small_disk(root / "data", 64), empty_state(root / "data"):
        publish(root, KILLED, ingest_dataset(root, KILLED).revision)
        yield root


def copy_configuration(archive: Archive, root: Path) -> None:
    """Make an installation with the sources of `archive`, and nothing built."""
    for name in ("collections", "sources"):
        shutil.copytree(archive.root / name, root / name, dirs_exist_ok=True)
    shutil.copy(archive.root / "site.yaml", root)


def fill(disk: Path, left: int) -> Path:
    """Leave `left` bytes free on a disk."""
    filler = disk / "filler"
    with filler.open("wb") as file:
        missing = shutil.disk_usage(disk).free - left
        while missing > 0:
            missing -= file.write(bytes(min(missing, 1 << 20)))
    return filler


def rows(root: Path, adql: str = "SELECT id FROM killed_dr1.stars") -> int:
    """Rows of an answer, as a server would give it that starts now."""
    with closing(Centre.open(root)) as centre, run_adql(centre, ANONYMOUS, adql) as answer:
        return sum(batch.num_rows for batch in answer.batches())


@pytest.mark.parametrize("megabytes", [1, 5, 8])
def test_a_full_disk_is_said_and_costs_nothing(small: Path, megabytes: int) -> None:
    """Refused before it begins, or stopped at whichever step fills the disk: 3.2 MB are the reserve."""
    before = rows(small)
    filler = fill(small / "data", megabytes << 20)
    with pytest.raises(TransientError) as caught:
        ingest_dataset(small, STARS)
    assert caught.value.code == "storage.full" and "free some space" in caught.value.message
    with closing(sqlite3.connect(small / "data" / "state.sqlite3")) as database:
        assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    assert rows(small) == before
    assert shutil.disk_usage(small / "data").free > min(megabytes, 3) * 1_000_000
    with state.session():
        state.set_policy(KILLED, None)  # the state database still takes changes
    filler.unlink()
    publish(small, STARS, ingest_dataset(small, STARS).revision)
    assert SnapshotStore(small / "data" / "snapshots").leftovers() == []
    assert rows(small) == before


def test_a_cache_takes_no_room_that_others_need(small: Path) -> None:
    filler = fill(small / "data", 14 << 20)
    publish(small, STARS, ingest_dataset(small, STARS).revision)
    copies = small / "data" / "cache" / "serving" / f"{STARS}@1"
    assert not list(copies.glob("*.duckdb")) and rows(small, "SELECT hip FROM hipparcos.main WHERE hip < 9") == 8
    filler.unlink()
    assert ingest_dataset(small, STARS).unchanged
    assert len(list(copies.glob("*.duckdb"))) == 1


def bad_files(good: bytes) -> dict[str, bytes]:
    """Damage of every kind, by file name."""
    plain = gzip.decompress(good)
    huge = b"".join(card.ljust(80) for card in (
        b"SIMPLE  =                    T", b"BITPIX  =                  -64", b"NAXIS   =                    2",
        b"NAXIS1  =               100000", b"NAXIS2  =               100000", b"END",
    )).ljust(2880)  # fmt: skip
    return {
        "bomb.fits.gz": gzip.compress(plain + bytes(256 << 20), 1),
        "empty.fits.gz": b"",
        "html.fits.gz": b"<html>404 not found</html>",
        "short.fits.gz": gzip.compress(plain[:5000]),
        "torn.fits.gz": good[: len(good) // 2],
        "crc.fits.gz": good[:-8] + bytes(8),
        "huge.fits.gz": gzip.compress(huge + bytes(2880)),
        "cards.fits.gz": gzip.compress(b"SIMPLE  =                    T" + b"\xff" * 5000),
    }


def crowd(folder: Path, good: bytes, count: int) -> None:
    """Write `count` copies of a spectrum, each with an OBSID of its own."""
    plain = gzip.decompress(good)
    at = plain.index(b"OBSID   =")
    for number in range(count):
        card = f"OBSID   = {5_000_000 + number:20d}".encode().ljust(80)
        path = folder / f"{number % 10}" / f"{number:05}.fits.gz"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(gzip.compress(plain[:at] + card + plain[at + 80 :], 1))


@pytest.mark.parametrize("count", [60, pytest.param(1000, marks=pytest.mark.slow)])
def test_bad_files_are_reported_and_the_rest_is_published(
    installation: Archive, tmp_path: Path, count: int
) -> None:
    root = tmp_path / "bad"
    copy_configuration(installation, root)
    spectra = root / "sources" / "spectra" / "58800"
    good = min(spectra.rglob("*.fits.gz")).read_bytes()
    shutil.rmtree(spectra)
    bad = {"one.fits.gz": good[:3000]} if count == 1000 else bad_files(good)
    crowd(spectra, good, count - len(bad))
    for name, data in bad.items():
        (spectra / name).write_bytes(data)
    (root / "data").mkdir()
    with empty_state(root / "data"):
        report = ingest_dataset(root, KILLED)
        one = report.manifest.products["lrs"]
        assert (one.products, one.rejects.total) == (count - len(bad), len(bad))
        assert one.rejects.report is not None
        text = (report.folder / one.rejects.report).read_text()
        assert all(name in text for name in bad)
        assert any(f"{len(bad)} rejected" in line for line in report.lines())
        publish(root, KILLED, report.revision)
        assert rows(root, "SELECT obs_id FROM ivoa.obscore") == count - len(bad)
