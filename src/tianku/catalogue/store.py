"""Snapshots on disk: complete folders that never change, and folders under construction."""

from __future__ import annotations

import fcntl
import json
import os
import re
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tianku.catalogue.checksums import write_sums
from tianku.catalogue.manifest import FORMAT, SnapshotManifest, SnapshotRef
from tianku.catalogue.staging import NEEDS, STATE, Staging
from tianku.model.errors import FatalError, NotFoundError
from tianku.storage.failpoints import failpoint
from tianku.storage.files import atomic_write, fsync_directory, fsync_tree, require_room

__all__ = ["Leftover", "SnapshotStore", "Staging"]

MANIFEST = "manifest.json"
_STAGING, _TRASH = ".staging", ".trash"


@dataclass(frozen=True, slots=True)
class Leftover:
    """A folder that no snapshot needs: an unfinished ingest (it can be resumed) or a half-deleted one."""

    path: Path
    dataset: str
    bytes: int
    resumable: bool


class SnapshotStore:
    """Snapshots below one folder, as ``<dataset>@<revision>/manifest.json`` (``@`` is in no dataset id)."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def relative(self, dataset: str, revision: int) -> str:
        """Return a snapshot's folder relative to the store."""
        return f"{dataset}@{revision}"

    def path(self, dataset: str, revision: int) -> Path:
        """Return a snapshot's folder."""
        return self.root / self.relative(dataset, revision)

    def revisions(self, dataset: str) -> list[int]:
        """Return the complete revisions of a dataset, oldest first."""
        place = self.root / dataset
        found = place.parent.glob(f"{place.name}@*/{MANIFEST}") if place.parent.is_dir() else iter(())
        return sorted(int(number) for f in found if (number := f.parent.name.rpartition("@")[2]).isdigit())

    def datasets(self) -> list[str]:
        """Return the ids of all datasets that have a snapshot."""
        names = {str(f.parent.relative_to(self.root)).rpartition("@")[0] for f in self._manifests()}
        return sorted(names)

    def _manifests(self) -> Iterator[Path]:
        for depth in ("", "*/", "*/*/"):
            yield from (p for p in self.root.glob(f"{depth}*@*/{MANIFEST}") if not _hidden(p, self.root))

    def load(self, dataset: str, revision: int) -> SnapshotManifest:
        """Read the manifest of a snapshot.

        Raises
        ------
        NotFoundError
            ``snapshot.unknown``.
        FatalError
            ``snapshot.newer`` when newer code wrote it.
        """
        try:
            text = (self.path(dataset, revision) / MANIFEST).read_bytes()
        except FileNotFoundError as error:
            known = ", ".join(map(str, self.revisions(dataset))) or "none"
            raise NotFoundError(
                "snapshot.unknown",
                "{dataset} has no revision {revision} (it has {known})",
                dataset=dataset,
                revision=revision,
                known=known,
            ) from error
        if (found := _format(text)) > FORMAT:
            raise FatalError(
                "snapshot.newer",
                "{dataset}@{revision} has manifest format {found}, this code reads up to {known}: upgrade it",
                dataset=dataset,
                revision=revision,
                found=found,
                known=FORMAT,
            )
        return SnapshotManifest.model_validate_json(text)

    def new_revision(self, dataset: str) -> Staging:
        """Open the folder of the next revision; one that a killed run left is resumed.

        Raises
        ------
        TransientError
            ``ingest.running`` when another process builds this dataset, ``storage.full``.
        """
        self.root.mkdir(parents=True, exist_ok=True)
        require_room(self.root)
        revision = max([*self.revisions(dataset), self._last(dataset)]) + 1
        for state in (self.root / _STAGING).glob(f"{_slug(dataset)}@*{STATE}"):
            if state.name != f"{_slug(dataset)}@{revision}{STATE}":  # of a run killed between rename and end
                shutil.rmtree(state, ignore_errors=True)
        return Staging(dataset, revision, self.root / _STAGING / f"{_slug(dataset)}@{revision}")

    def commit(self, staging: Staging, manifest: SnapshotManifest) -> Path:
        """Make a finished folder a snapshot: everything durable, the manifest last, one rename.

        Returns
        -------
        Path
            The snapshot's folder.
        """
        final = self.path(staging.dataset, staging.revision)
        failpoint("commit.before_sync")
        fsync_tree(staging.path)
        written = manifest.model_dump_json(indent=1).encode()
        write_sums(staging.path, manifest, written, MANIFEST)
        with atomic_write(staging.path / MANIFEST) as file:
            file.write(written)
        failpoint("commit.before_rename")
        final.parent.mkdir(parents=True, exist_ok=True)
        with atomic_write(self._counter(staging.dataset)) as file:
            file.write(str(staging.revision).encode())
        staging.path.rename(final)
        failpoint("commit.after_rename")
        self._sync_up_from(final.parent)
        staging.forget()
        return final

    def _sync_up_from(self, folder: Path) -> None:
        while folder != self.root:
            fsync_directory(folder)
            folder = folder.parent
        fsync_directory(self.root)

    @contextmanager
    def chosen(self, *, to_delete: bool = False) -> Iterator[None]:
        """Keep others from deleting snapshots while one that is needed is chosen; or from choosing while deleting.

        Held for moments: who has chosen notes it in its `Staging`.
        """
        self.root.mkdir(parents=True, exist_ok=True)
        handle = os.open(self.root, os.O_RDONLY | os.O_DIRECTORY)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX if to_delete else fcntl.LOCK_SH)
            yield
        finally:
            os.close(handle)

    def needed(self) -> set[SnapshotRef]:
        """Return the snapshots that unfinished ones are made from."""
        found = set()
        for file in (self.root / _STAGING).glob(f"*{STATE}/{NEEDS}"):
            for line in file.read_text("utf-8").splitlines():
                dataset, _, revision = line.rpartition("@")
                found.add(SnapshotRef(dataset=dataset, revision=int(revision)))
        return found

    def remove(self, dataset: str, revision: int) -> None:
        """Delete a snapshot: it disappears at once, its bytes soon after. Its number is not used again."""
        shutil.rmtree(self.discard(dataset, revision))

    def discard(self, dataset: str, revision: int) -> Path:
        """Move a snapshot away, to be deleted by `clean`; return where it is."""
        place = self.path(dataset, revision)
        if not place.is_dir():
            self.load(dataset, revision)
        trash = self.root / _TRASH / f"{_slug(dataset)}@{revision}-{uuid.uuid4().hex[:8]}"
        trash.parent.mkdir(parents=True, exist_ok=True)
        place.rename(trash)
        fsync_directory(place.parent)
        return trash

    def leftovers(self) -> list[Leftover]:
        """Return unfinished and half-deleted folders, with their sizes."""
        found = []
        for kind in (_STAGING, _TRASH):
            for folder in sorted(p for p in (self.root / kind).glob("*@*") if p.suffix != STATE):
                size = sum(f.stat().st_size for f in folder.rglob("*") if f.is_file())
                dataset = folder.name.rpartition("@")[0].replace("~", "/")
                found.append(Leftover(folder, dataset, size, kind == _STAGING))
        return found

    def clean(self, *, resumable: bool = False) -> int:
        """Delete half-deleted folders, and with `resumable` unfinished ingests too; return the bytes freed.

        A folder that a running ingest holds is left alone (``TransientError`` ``ingest.running``).
        """
        freed = 0
        for one in self.leftovers():
            if one.resumable and not resumable:
                continue
            if one.resumable:
                Staging(one.dataset, int(one.path.name.rpartition("@")[2]), one.path).discard()
            else:
                shutil.rmtree(one.path)
            freed += one.bytes
        return freed

    def _counter(self, dataset: str) -> Path:
        place = self.root / dataset
        return place.with_name(f"{place.name}@last")

    def _last(self, dataset: str) -> int:
        try:
            text = self._counter(dataset).read_text(encoding="ascii")
        except FileNotFoundError:
            return 0
        return int(text) if re.fullmatch(r"\d+", text) else 0


def _format(manifest: bytes) -> int:
    """The format number stands first; reading the whole only to find it would double the time of start-up."""
    head = re.match(rb'\s*\{\s*"format"\s*:\s*(\d+)', manifest)
    return int(head[1]) if head else int(json.loads(manifest).get("format", 0))


def _slug(dataset: str) -> str:
    return dataset.replace("/", "~")


def _hidden(path: Path, root: Path) -> bool:
    return any(part.startswith(".") for part in path.relative_to(root).parts)
