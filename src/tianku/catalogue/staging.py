"""A snapshot under construction: what a killed run leaves and the next one resumes."""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Iterable
from pathlib import Path

from pydantic import ValidationError

from tianku.catalogue.manifest import SnapshotRef, TableManifest
from tianku.model.errors import TransientError
from tianku.storage.failpoints import failpoint
from tianku.storage.files import atomic_write

#: suffix of the folder beside it that remembers what is finished
STATE = ".state"
#: file in it with the snapshots that are needed
NEEDS = "needs"


class Staging:
    """The folder of one coming revision; held by one process at a time until committed or closed.

    Attributes
    ----------
    path
        Folder that the manifests' paths are relative to.
    """

    def __init__(self, dataset: str, revision: int, path: Path) -> None:
        self.dataset, self.revision, self.path = dataset, revision, path
        self.state = path.with_name(path.name + STATE)
        for folder in (path, self.state):
            folder.mkdir(parents=True, exist_ok=True)
        self._lock = os.open(self.state / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(self._lock)
            raise TransientError(
                "ingest.running",
                "another ingest of {dataset} is running; wait for it or stop it",
                retry_after=60,
                dataset=dataset,
            ) from error

    def note_needs(self, snapshots: Iterable[SnapshotRef]) -> None:
        """Note the snapshots that the coming one is made from or shares: nobody may delete them meanwhile."""
        with atomic_write(self.state / NEEDS) as file:
            file.write("".join(f"{one.dataset}@{one.revision}\n" for one in snapshots).encode())

    def finished_table(self, name: str, digest: str) -> TableManifest | None:
        """Return the table's manifest when an earlier run finished it from equal sources and configuration.

        Anything else of that table is deleted, so that its ingest starts clean.
        """
        found = self._read(name)
        if found is not None and found.digest == digest:
            return found
        self._mark(name).unlink(missing_ok=True)
        shutil.rmtree(self.path / "tables" / name, ignore_errors=True)
        return None

    def finish_table(self, name: str, manifest: TableManifest) -> None:
        """Record that a table is complete; from here a killed run keeps it."""
        with atomic_write(self._mark(name)) as file:
            file.write(manifest.model_dump_json().encode())
        failpoint("ingest.after_table")

    def drop_unfinished(self) -> None:
        """Delete tables that a run began and did not finish."""
        for folder in (self.path / "tables").glob("*"):
            if not self._mark(folder.name).is_file():
                shutil.rmtree(folder, ignore_errors=True)

    def close(self) -> None:
        """Let another process take over; the folder stays."""
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1

    def forget(self) -> None:
        """End the construction: the folder was moved to its place."""
        shutil.rmtree(self.state, ignore_errors=True)
        self.close()

    def discard(self) -> None:
        """Delete the folder."""
        shutil.rmtree(self.path, ignore_errors=True)
        self.forget()

    def _mark(self, name: str) -> Path:
        return self.state / f"{name}.json"

    def _read(self, name: str) -> TableManifest | None:
        if not self._mark(name).is_file():
            return None
        try:
            return TableManifest.model_validate_json(self._mark(name).read_bytes())
        except ValidationError:  # written by other code: ingest again
            return None
