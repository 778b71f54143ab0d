"""``gc``: what nobody needs goes, all else stays, whatever moment it is killed at."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import yaml

from tests.support.releases import Clock, Releases, releases
from tianku.catalogue.store import SnapshotStore
from tianku.model.access import ANONYMOUS
from tianku.state import repositories
from tianku.storage.failpoints import POINTS, VARIABLE
from tianku.storage.scratch import Scratch
from tianku.usecases import gc
from tianku.usecases.download_files import make_downloads
from tianku.usecases.fsck import fsck
from tianku.usecases.ingest import ingest_dataset
from tianku.usecases.publish import publish, withdraw
from tianku.usecases.query import run_adql

FIRST, SECOND = "sim/dr1/v1", "sim/dr1/v2"
TABLE = {"from": "stars.csv", "id": "id", "positions": [{"ra": "ra", "dec": "dec"}]}


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Releases]:
    """Five revisions of one version, the fourth shown, the first shared with another version."""
    with releases(tmp_path) as one:
        said = yaml.safe_load((tmp_path / "site.yaml").read_text()) | {"keep": {"revisions": 1, "days": 0}}
        (tmp_path / "site.yaml").write_text(yaml.safe_dump(said))
        one.csv("stars.csv", "id,ra,dec\n1,10,20\n2,11,21\n")
        one.add(FIRST, title="1", tables={"stars": TABLE})
        one.add(SECOND, tables={"stars": {"same_as": FIRST}})
        for number in (2, 3, 4, 5):
            one.configure(FIRST, title=str(number), tables={"stars": TABLE})
            ingest_dataset(one.root, FIRST)
        publish(one.root, FIRST, 4)
        monkeypatch.setattr(gc, "_GRACE", timedelta(0))
        yield one


def revisions(one: Releases) -> list[int]:
    return SnapshotStore(one.root / "data" / "snapshots").revisions(FIRST)


def answers(one: Releases) -> list[list[dict]]:
    with one.opened(Clock(0)) as centre:
        found = []
        for schema in ("sim_dr1_v1", "sim_dr1_v2"):
            with run_adql(centre, ANONYMOUS, f"SELECT * FROM {schema}.stars ORDER BY id") as answer:
                found.append([row for batch in answer.batches() for row in batch.to_pylist()])
        return found


def test_only_what_nobody_needs_goes(made: Releases) -> None:
    before = answers(made)
    listed = [waste.path for waste in gc.collect(made.root, dry_run=True)]
    assert revisions(made) == [1, 2, 3, 4, 5]
    gone = [waste.path for waste in gc.collect(made.root)]
    # 1 is shared, 3 is the one to go back to, 4 is shown, 5 was built since
    assert revisions(made) == [1, 3, 4, 5] and made.root / "data/snapshots/sim/dr1/v1@2" in gone
    assert set(listed) <= set(gone)
    assert list(gc.collect(made.root)) == [] and list(fsck(made.root)) == [] and answers(made) == before


def test_what_was_shown_a_moment_ago_stays(made: Releases, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gc, "_GRACE", timedelta(hours=1))
    publish(made.root, FIRST, 2)
    publish(made.root, FIRST, 5)
    list(gc.collect(made.root))
    assert revisions(made) == [1, 2, 4, 5]


def test_a_withdrawn_version_can_be_shown_again(made: Releases) -> None:
    withdraw(made.root, FIRST)
    list(gc.collect(made.root))
    publish(made.root, FIRST, 4)
    assert answers(made)[0] == [{"id": 1, "ra": 10.0, "dec": 20.0}, {"id": 2, "ra": 11.0, "dec": 21.0}]


def test_what_an_ingest_is_made_from_stays(made: Releases) -> None:
    store = SnapshotStore(made.root / "data" / "snapshots")
    staging = store.new_revision(SECOND)
    staging.note_needs([gc.SnapshotRef(dataset=FIRST, revision=2)])
    list(gc.collect(made.root))
    assert 2 in revisions(made) and staging.path.is_dir()
    staging.discard()
    list(gc.collect(made.root))
    assert 2 not in revisions(made)


@pytest.mark.parametrize("point", [point for point in POINTS if point.startswith("gc.")])
def test_killed_anywhere_it_loses_nothing_and_goes_on(made: Releases, point: str) -> None:
    before = answers(made)
    command = [sys.executable, "-m", "tianku", "-r", str(made.root), "gc"]
    assert subprocess.run(command, env=os.environ | {VARIABLE: point}, check=False).returncode == 137
    assert answers(made) == before and list(fsck(made.root)) == []
    list(gc.collect(made.root))
    assert revisions(made) == [1, 3, 4, 5] and answers(made) == before
    assert not list((made.root / "data/snapshots/.trash").iterdir())
    shown = [(r.dataset, r.revision) for r in repositories.publications()]
    assert shown == [(FIRST, 1), (FIRST, 3), (FIRST, 4), (FIRST, 5), (SECOND, 1)]


def old(path: Path) -> Path:
    """Make a file, or all of a folder, ten days old."""
    then = time.time() - 864_000
    for one in (*path.rglob("*"), path):
        os.utime(one, (then, then))
    return path


def test_orphans_of_every_kind_go(made: Releases) -> None:
    data = made.root / "data"
    make_downloads(made.root, FIRST)
    store = SnapshotStore(data / "snapshots")
    killed = store.new_revision(SECOND)
    (killed.path / "half.parquet").write_bytes(b"x" * 1000)
    killed.close()
    waste = [old(killed.path)]
    trash = data / "snapshots/.trash/sim~dr1~v1@9-0"
    job = data / "jobs/00000000000000000000000000000000/1"
    for folder in (trash, job, data / "cache/serving/sim/gone@3", data / "cache/downloads/sim/dr1/v1@9"):
        folder.mkdir(parents=True)
        (folder / "file").write_bytes(b"x" * 10)
        waste.append(old(folder))
    old(job.parent)
    dead, alive = Scratch(data / "tmp"), Scratch(data / "tmp")
    copy = shutil.copytree(dead.path, data / "tmp/process-dead")
    waste += [old(Path(copy)), old(Path(shutil.copytree(dead.path, data / "tmp/match-1")))]
    old(alive.path)
    found = {one.path: one.bytes for one in gc.collect(made.root)}
    assert not [path for path in waste if path.exists()] and alive.path.is_dir()
    assert found[killed.path] == 1000
    assert (data / "cache/downloads/sim/dr1/v1@4/downloads.json").is_file()
    for scratch in (dead, alive):
        scratch.close()


def test_copied_files_go_only_when_asked(made: Releases, monkeypatch: pytest.MonkeyPatch) -> None:
    made.spectra(2)
    key = {"first": ["header.OBSID > 0", "{stem}"]}
    lrs = {"type": "spectrum", "from": "spectra/**/*.fits.gz", "reader": "lamost", "key": key, "store": "copy"}
    lrs |= {"obscore": {"calib_level": 2}}
    made.add("sim/copied", products={"lrs": lrs, "packed": lrs | {"store": "pack-copy"}})
    originals = made.root / "data" / "originals"
    named = {path for path in originals.rglob("*") if path.is_file()}
    (shard,) = (made.root / "data" / "packs").rglob("*.tar")
    stray, lost = originals / "sim" / "stray.fits", shard.with_name("0.tar")
    for path in (stray, lost):
        path.write_bytes(b"x")
    monkeypatch.setattr(gc, "_STALE", -1.0)
    list(gc.collect(made.root))
    assert stray.exists() and lost.exists()
    list(gc.collect(made.root, originals=True))
    assert named and {path for path in originals.rglob("*") if path.is_file()} == named
    assert shard.exists() and not lost.exists()
