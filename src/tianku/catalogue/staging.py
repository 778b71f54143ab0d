"""A snapshot under construction: what a killed run leaves and the next one resumes."""

from __future__ import annotations

import fcntl
import os
import shutil
from pathlib import Path
from typing import TypeVar

from pydantic import ValidationError

from tianku.catalogue.manifest import ProductSetManifest, TableManifest
from tianku.model.errors import TransientError
from tianku.storage.failpoints import failpoint
from tianku.storage.files import atomic_write

_DONE = ".done.json"
_LOCK = ".lock"
M = TypeVar("M", TableManifest, ProductSetManifest)


class Staging:
    """The folder of one coming revision; held by one process at a time until committed or closed.

    Attributes
    ----------
    path
        Folder that the manifests' paths are relative to.
    """

    def __init__(self, dataset: str, revision: int, path: Path) -> None:
        self.dataset, self.revision, self.path = dataset, revision, path
        path.mkdir(parents=True, exist_ok=True)
        self._lock = os.open(path / _LOCK, os.O_RDWR | os.O_CREAT, 0o600)
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

    def finished_table(self, name: str, digest: str) -> TableManifest | None:
        """Return the table's manifest when an earlier run finished it from equal sources and configuration.

        Anything else of that table is deleted, so that its ingest starts clean.
        """
        found = self._read(self.path / "tables" / name, TableManifest)
        if found is not None and found.digest == digest:
            return found
        shutil.rmtree(self.path / "tables" / name, ignore_errors=True)
        return None

    def finish_table(self, name: str, manifest: TableManifest) -> None:
        """Record that a table is complete; from here a killed run keeps it."""
        with atomic_write(self.path / "tables" / name / _DONE) as file:
            file.write(manifest.model_dump_json().encode())
        failpoint("ingest.after_table")

    def strip(self) -> None:
        """Remove what only a run under construction needs."""
        for mark in self.path.rglob(_DONE):
            mark.unlink()
        (self.path / _LOCK).unlink(missing_ok=True)

    def close(self) -> None:
        """Let another process take over; the folder stays."""
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1

    def discard(self) -> None:
        """Delete the folder."""
        shutil.rmtree(self.path, ignore_errors=True)
        self.close()

    def _read(self, folder: Path, kind: type[M]) -> M | None:
        mark = folder / _DONE
        if not mark.is_file():
            return None
        try:
            return kind.model_validate_json(mark.read_bytes())
        except ValidationError:  # written by other code: ingest again
            return None
