"""``tianku gc``: deletes what nobody needs any more, and nothing that is shown, shared, read or being made."""

from __future__ import annotations

import json
import shutil
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow.compute as pc
import pyarrow.parquet as pq

from tianku.catalogue.manifest import SnapshotRef
from tianku.catalogue.staging import Staging
from tianku.catalogue.store import MANIFEST, Leftover, SnapshotStore
from tianku.model.config.site import Keep, SiteConfig
from tianku.model.errors import NotFoundError, TransientError, UsageError
from tianku.products.index import PACK, packs_beside
from tianku.state import repositories
from tianku.state.repositories import PublicationRecord
from tianku.storage.failpoints import failpoint
from tianku.storage.scratch import PREFIX, abandoned
from tianku.usecases.installation import connect
from tianku.usecases.jobs import files as job_files
from tianku.usecases.pictures import snapshot_store
from tianku.usecases.serving import copies

#: how long after a flip servers and their queries may still read what was shown before
_GRACE = timedelta(hours=1)
#: seconds after which a half-written file of a cache, or a stray one in ``tmp``, is nobody's
_STALE = 86_400.0
_MOST_EXPIRED = 500


@dataclass(frozen=True, slots=True)
class Waste:
    """Something to delete: why, and the bytes that it frees."""

    path: Path
    reason: str
    bytes: int


@dataclass(frozen=True, slots=True)
class _Snapshot:
    dataset: str
    revision: int
    recorded: bool


def collect(root: Path, *, dry_run: bool = False, originals: bool = False) -> Iterator[Waste]:
    """Yield what is deleted, each after it is gone; with `dry_run` nothing is.

    Safe beside servers, workers and ingests; killed at any moment it loses nothing, and the next run goes on.

    Parameters
    ----------
    originals
        Delete copied files that no snapshot names, too.
    """
    site = connect(root)
    with repositories.session():
        yield from _Collector((root / site.data_root).resolve(), site, dry_run).run(originals)


class _Collector:
    def __init__(self, data_root: Path, site: SiteConfig, dry_run: bool) -> None:
        self.data_root, self.site, self.keep, self.dry_run = data_root, site, site.keep, dry_run
        self.store = snapshot_store(data_root)

    def run(self, originals: bool) -> Iterator[Waste]:
        yield from self._unfinished()
        yield from self._snapshots()
        yield from self._caches()
        yield from self._temporary()
        yield from self._jobs()
        if originals:
            yield from self._originals()

    def _snapshots(self) -> Iterator[Waste]:
        for one in self._unneeded():
            folder = self.store.path(one.dataset, one.revision)
            waste = Waste(folder, "no publication, job or other snapshot needs it", _freed(folder))
            if self.dry_run or self._discard(one):
                yield waste
        if not self.dry_run:
            failpoint("gc.mid_delete")
            self.store.clean()

    def _unneeded(self) -> list[_Snapshot]:
        with self.store.chosen(to_delete=True):
            return unneeded(self.store, self.keep, datetime.now(UTC))

    def _discard(self, one: _Snapshot) -> bool:
        """Forget a snapshot and move it away, unless somebody needs it by now."""
        with self.store.chosen(to_delete=True):
            if one not in unneeded(self.store, self.keep, datetime.now(UTC)):
                return False
            failpoint("gc.before_forget")
            if one.recorded:
                try:
                    repositories.remove(one.dataset, one.revision)
                except (UsageError, NotFoundError):  # shown, or read by a job, since it was chosen
                    return False
            failpoint("gc.after_forget")
            self.store.discard(one.dataset, one.revision)
        return True

    def _unfinished(self) -> Iterator[Waste]:
        """Half-deleted snapshots, and ingests that nobody resumed."""
        for one in self.store.leftovers():
            if not one.resumable:
                yield from self._delete(one.path, "half-deleted", one.bytes)
            elif self._abandoned(one):
                yield Waste(one.path, "an ingest that was interrupted and not resumed", one.bytes)

    def _abandoned(self, one: Leftover) -> bool:
        if time.time() - _newest(one.path) < self.keep.unfinished_days * 86_400:
            return False
        try:
            staging = Staging(one.dataset, int(one.path.name.rpartition("@")[2]), one.path)
        except TransientError:  # it runs
            return False
        if self.dry_run:
            staging.close()
        else:
            staging.discard()
        return True

    def _caches(self) -> Iterator[Waste]:
        """What was made from snapshots that are gone, and what a killed process left half-made."""
        cache = self.data_root / "cache"
        there = {(d, r) for d in self.store.datasets() for r in self.store.revisions(d)}
        for kind in ("serving", "downloads"):
            for folder in sorted((cache / kind).rglob("*@*")):
                dataset, _, revision = folder.relative_to(cache / kind).as_posix().rpartition("@")
                if folder.is_dir() and revision.isdigit() and (dataset, int(revision)) not in there:
                    yield from self._delete(folder, "made from a snapshot that is gone")
        if self.site.serving.copies == "never":
            for one in copies(self.data_root):
                yield from self._delete(one.path, "a serving copy, and there are to be none")
        for path in sorted((cache / "serving").rglob(".*.duckdb.*")) + sorted(
            (cache / "downloads").rglob(".*.tmp")
        ):
            if _age(path) > _STALE:
                yield from self._delete(path, "half-made")
        for path in sorted((cache / "difference").glob("*.json")):
            said = json.loads(path.read_bytes())
            pairs = {(said["dataset"], said["revision"]), (said["other"], said["other_revision"])}
            if not pairs <= there:
                yield from self._delete(path, "compares a snapshot that is gone")

    def _temporary(self) -> Iterator[Waste]:
        folder = self.data_root / "tmp"
        for path in abandoned(folder):
            yield from self._delete(path, "of a process that is gone")
        for path in sorted(folder.iterdir()) if folder.is_dir() else ():
            if not path.name.startswith(PREFIX) and _age(path) > _STALE:
                yield from self._delete(path, "temporary, and a day old")

    def _jobs(self) -> Iterator[Waste]:
        while expired := repositories.expired_jobs(_MOST_EXPIRED):
            for job in expired:
                folder = job_files.jobs_root(self.data_root) / job
                size = _freed(folder)
                if not self.dry_run:
                    repositories.delete_job(job)
                    job_files.remove_job(self.data_root, job)
                yield Waste(folder, "a job whose time is over", size)
            if self.dry_run:
                break
        for folder in job_files.stale(self.data_root, repositories.shown_attempts):
            yield from self._delete(folder, "of a job or an attempt that is gone")

    def _originals(self) -> Iterator[Waste]:
        """Copied files and shards that no index names; while something is being ingested none can be told."""
        if any(one.resumable for one in self.store.leftovers()):
            return
        originals = self.data_root / "originals"
        for folder, column in ((originals, "path"), (packs_beside(originals), "shard")):
            named = {path for index in self._indexes() for path in _named(index, column)}
            for path in sorted(p for p in folder.rglob("*") if p.is_file()):
                if (
                    path.relative_to(folder).as_posix() not in named
                    and time.time() - path.stat().st_ctime > _STALE
                ):
                    yield from self._delete(path, "copied product files that no snapshot names")

    def _indexes(self) -> Iterator[Path]:
        for dataset in self.store.datasets():
            for revision in self.store.revisions(dataset):
                for one in self.store.load(dataset, revision).products.values():
                    if one.shared is None:
                        yield self.store.path(dataset, revision) / one.index.path

    def _delete(self, path: Path, reason: str, size: int | None = None) -> Iterator[Waste]:
        waste = Waste(path, reason, _freed(path) if size is None else size)
        if not self.dry_run:
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink(missing_ok=True)
        yield waste


def unneeded(store: SnapshotStore, keep: Keep, now: datetime) -> list[_Snapshot]:
    """Return the snapshots that nothing shows, shares or is made from, and that `keep` lets go."""
    records: dict[str, list[PublicationRecord]] = defaultdict(list)
    for record in repositories.publications():
        records[record.dataset].append(record)
    found, kept = [], store.needed()
    for dataset in store.datasets():
        stay = _kept(records[dataset], keep, now)
        revisions = store.revisions(dataset)
        known = {record.revision for record in records[dataset]}
        for revision in revisions:
            newest = revision == revisions[-1]
            unrecorded = revision not in known and _made(store, dataset, revision) > now - timedelta(
                days=keep.days
            )
            if newest or unrecorded or revision in stay:
                kept.add(SnapshotRef(dataset=dataset, revision=revision))
            else:
                found.append(_Snapshot(dataset, revision, revision in known))
    kept |= {ref for one in kept if _there(store, one) for ref in store.load(one.dataset, one.revision).refs()}
    return [one for one in found if SnapshotRef(dataset=one.dataset, revision=one.revision) not in kept]


def _there(store: SnapshotStore, one: SnapshotRef) -> bool:
    return (store.path(one.dataset, one.revision) / MANIFEST).is_file()


def _kept(records: Iterable[PublicationRecord], keep: Keep, now: datetime) -> set[int]:
    """The recorded revisions of one data set that stay: shown, to be shown again, young."""
    newest_first = sorted(records, key=lambda record: -record.revision)
    shown = next((r for r in newest_first if r.state == "published"), None) or next(
        (r for r in newest_first if r.state == "withdrawn"), None
    )
    stay = {r.revision for r in newest_first if r.built_at > now - timedelta(days=keep.days)}
    if shown is None:
        return stay
    older = [r.revision for r in newest_first if r.revision < shown.revision]
    stay |= {shown.revision, *older[: keep.revisions]}
    if shown.published_at is not None and shown.published_at > now - _GRACE:
        stay |= {r.revision for r in newest_first if r.published_at is not None}
    return stay


def _made(store: SnapshotStore, dataset: str, revision: int) -> datetime:
    return datetime.fromtimestamp((store.path(dataset, revision) / MANIFEST).stat().st_mtime, UTC)


def _named(index: Path, column: str) -> Iterable[str]:
    """Copied files (``path``) or shards of an index."""
    if column not in pq.read_schema(index).names:
        return ()
    store = "copy" if column == "path" else PACK
    table = pq.read_table(index, columns=[column], filters=pc.field("store") == store)
    return (str(path) for path in pc.unique(table[column]).to_pylist())


def _freed(path: Path) -> int:
    """Bytes that only this name holds: files that other snapshots link stay."""
    files = path.rglob("*") if path.is_dir() else (path,)
    facts = [f.lstat() for f in files if f.is_file() and not f.is_symlink()]
    return sum(one.st_size for one in facts if one.st_nlink == 1)


def _newest(folder: Path) -> float:
    return max((p.lstat().st_mtime for p in (folder, *folder.rglob("*"))), default=0.0)


def _age(path: Path) -> float:
    try:
        return time.time() - path.lstat().st_mtime
    except FileNotFoundError:
        return 0.0
