"""Making whole tables as files: after publishing, atomically, resumable, in flat memory."""

from __future__ import annotations

import fcntl
import hashlib
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq

from tianku.catalogue.foreign import as_published
from tianku.catalogue.manifest import SnapshotManifest, TableManifest
from tianku.catalogue.store import SnapshotStore
from tianku.formats.gzip import gzipped
from tianku.formats.table import TableInfo
from tianku.model.config.dataset import DatasetConfig
from tianku.model.errors import NotFoundError, TransientError
from tianku.state import repositories
from tianku.storage.failpoints import failpoint
from tianku.storage.files import atomic_write, require_room
from tianku.usecases.downloads import (
    FORMS,
    LISTING,
    PROTOCOL,
    Download,
    DownloadListing,
    download_folder,
    read_listing,
)
from tianku.usecases.installation import connect
from tianku.usecases.pictures import snapshot_store
from tianku.usecases.progress import Progress, Step, silent

_ROWS = 1 << 16
#: bytes written between two looks at the room that is left
_LOOK = 1 << 26


def make_downloads(root: Path, dataset: str, *, progress: Progress = silent) -> DownloadListing:
    """Make the downloads that the published revision of `dataset` lacks; finished ones are left alone.

    Each file appears whole or not at all, and is listed once it is durable: a killed run is
    resumed by the next.

    Raises
    ------
    NotFoundError
        ``downloads.not_published``
    TransientError
        ``downloads.running`` when another process makes them, ``storage.full``.
    """
    site = connect(root)
    data_root = (root / site.data_root).resolve()
    revision = _published(dataset)
    store = snapshot_store(data_root)
    manifest = store.load(dataset, revision)
    config = DatasetConfig.model_validate(manifest.configuration["dataset"])
    tables = [name for name in manifest.tables if PROTOCOL in config.tables[name].protocols]
    wanted = [(table, form) for table in tables for form in config.downloads]
    folder = download_folder(data_root, dataset, revision)
    if wanted:
        spool = data_root / "tmp"
        spool.mkdir(exist_ok=True)
        with _held(folder, dataset):
            work = _Work(manifest, config, store, folder, spool, progress)
            for table, form in wanted:
                work.make(table, form)
    return read_listing(folder)


def _published(dataset: str) -> int:
    with repositories.session():
        shown = [r.revision for r in repositories.publications(["published"]) if r.dataset == dataset]
    if not shown:
        raise NotFoundError(
            "downloads.not_published",
            "{dataset} is not published; `tianku publish {dataset}` comes first",
            dataset=dataset,
        )
    return shown[0]


@contextmanager
def _held(folder: Path, dataset: str) -> Iterator[None]:
    """Keep other processes from making the same files; what a killed one left half-made is deleted."""
    folder.mkdir(parents=True, exist_ok=True)
    lock = os.open(folder / ".lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise TransientError(
                "downloads.running",
                "the downloads of {dataset} are being made already",
                retry_after=60,
                dataset=dataset,
            ) from error
        for leftover in folder.glob(".*.tmp"):
            leftover.unlink()
        yield
    finally:
        os.close(lock)


@dataclass(frozen=True, slots=True)
class _Work:
    """Making the downloads of one snapshot."""

    manifest: SnapshotManifest
    config: DatasetConfig
    store: SnapshotStore
    folder: Path
    spool: Path
    progress: Progress

    def make(self, table: str, form: str) -> None:
        """Make one file unless it is finished."""
        name = f"{self.config.schema_name}_{table}.{FORMS[form].extension}"
        target = self.folder / name
        listing = read_listing(self.folder)
        found = listing.find(name)
        if found is not None and target.is_file() and target.stat().st_size == found.bytes:
            return
        with atomic_write(target) as file:
            size, sha256 = self._write(file, self.manifest.tables[table], form)
        failpoint("downloads.after_file")
        made = Download(
            name=name,
            table=table,
            format=form,
            bytes=size,
            sha256=sha256,
            rows=self.manifest.tables[table].meta.nrows or 0,
            modified=target.stat().st_mtime,
        )
        kept = [one for one in listing.files if one.name != name]
        with atomic_write(self.folder / LISTING) as file:
            file.write(DownloadListing(files=(*kept, made)).model_dump_json(indent=1).encode())

    def _write(self, file: BinaryIO, table: TableManifest, form: str) -> tuple[int, str]:
        """Write all rows and return the size and SHA-256 of the file."""
        how = FORMS[form]
        # the spool of FITS and the file itself may each take as much as the Parquet files do
        require_room(self.folder, 2 * sum(one.bytes for one in table.files))
        pieces = how.write(table.meta.columns, self._batches(table, form), self._info(table))
        digest, size, looked = hashlib.sha256(), 0, 0
        for piece in gzipped(pieces, threads=os.cpu_count() or 1) if how.packed else pieces:
            file.write(piece)
            digest.update(piece)
            size += len(piece)
            if size - looked > _LOOK:
                looked = size
                require_room(self.folder)
        return size, digest.hexdigest()

    def _batches(self, table: TableManifest, form: str) -> Iterator[pa.RecordBatch]:
        """Yield the rows in the order they are kept in: equal snapshots give equal files."""
        schema, done = table.meta.arrow_schema(), 0
        names = [c.source for c in table.columns] or schema.names
        report = _paced(self.progress)
        held = table.shared or self.manifest
        snapshot = self.store.path(held.dataset, held.revision)
        for one in table.files:
            with pq.ParquetFile(snapshot / one.path) as file:
                for batch in file.iter_batches(_ROWS, columns=names):
                    yield as_published(batch.select(names), schema, table.columns)
                    done += len(batch)
                    report(Step(f"table {table.meta.name}: {form} download", done, table.meta.nrows))

    def _info(self, table: TableManifest) -> TableInfo:
        said = [str(table.meta.title), str(table.meta.description)]
        if self.config.simulated:
            said.insert(0, "Simulated data, not observations.")
        return TableInfo(
            name=table.meta.qualified_name,
            description=" ".join(text for text in said if text),
            nrows=table.meta.nrows,
            spool_dir=str(self.spool),
        )


def _paced(progress: Progress) -> Callable[[Step], None]:
    """Report at most twice a second, and the end."""
    last = time.monotonic()

    def report(step: Step) -> None:
        nonlocal last
        if time.monotonic() - last > 0.5 or step.done == step.total:
            last = time.monotonic()
            progress(step)

    return report
