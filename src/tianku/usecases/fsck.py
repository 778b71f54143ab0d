"""``tianku fsck``: every byte of every snapshot and of what was made from it, against what was written."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import duckdb
from pydantic import ValidationError

from tianku.catalogue.fsck import Checked, Finding, check_bytes, check_tables
from tianku.catalogue.manifest import ProductSetManifest, SnapshotManifest, TableManifest
from tianku.catalogue.serving import sum_of
from tianku.model.errors import NotFoundError
from tianku.model.metadata import schema_name
from tianku.products.fsck import check_obscore, check_set
from tianku.state import repositories
from tianku.storage.files import sha256_file
from tianku.usecases.downloads import FORMS, LISTING, Download, DownloadListing, download_folder
from tianku.usecases.installation import connect
from tianku.usecases.pictures import serving_copy, snapshot_store
from tianku.usecases.progress import Progress, Step, silent


def fsck(
    root: Path, dataset: str | None = None, *, deep: bool = False, progress: Progress = silent
) -> Iterator[Finding]:
    """Yield everything that is wrong with the snapshots of `dataset`, or of all.

    Parameters
    ----------
    deep
        Read every value of every table and every file of every product set too.

    Raises
    ------
    NotFoundError
        ``fsck.nothing``: there is no such snapshot.
    """
    site = connect(root)
    data_root = (root / site.data_root).resolve()
    store = snapshot_store(data_root)
    with repositories.session():
        recorded = {(r.dataset, r.revision) for r in repositories.publications() if dataset in (None, r.dataset)}
    there = {(d, r) for d in store.datasets() if dataset in (None, d) for r in store.revisions(d)}
    if dataset is not None and not there | recorded:
        raise NotFoundError("fsck.nothing", "{dataset} has no snapshot", dataset=dataset)
    for name, revision in sorted(there | recorded):
        progress(Step(f"{name}@{revision}", 0, None))
        if (name, revision) not in there:
            yield Finding(
                store.path(name, revision), "the snapshot is missing", f"restore it, or `tianku remove {name}`"
            )
            continue
        yield from _Snapshot(data_root, check_bytes(store, name, revision), deep).findings(name, revision)


class _Snapshot:
    def __init__(self, data_root: Path, checked: Checked, deep: bool) -> None:
        self.data_root, self.checked, self.deep = data_root, checked, deep

    def findings(self, dataset: str, revision: int) -> Iterator[Finding]:
        yield from self.checked.findings
        yield from check_tables(self.checked, deep=self.deep)
        manifest = self.checked.manifest
        if manifest is not None:
            for one in manifest.products.values():
                yield from self._products(dataset, one)
            for name, table in manifest.tables.items():
                copy = serving_copy(self.data_root, dataset, revision, name)
                if copy.is_file():
                    what = self._copy(copy, table)
                    if what is not None:
                        yield Finding(copy, what, "delete it; it is made again when it is needed")
        yield from self._downloads(dataset, revision, manifest)

    def _products(self, dataset: str, one: ProductSetManifest) -> Iterator[Finding]:
        damaged = self.checked.damaged & {entry.path for entry in one.entries()}
        if damaged:
            return
        folder = self.checked.folder
        fix = f"bring the file back, or `tianku ingest {dataset}` takes up what changed"
        for path, what in check_obscore(folder, one):
            yield Finding(path, what, f"build it again with `tianku ingest {dataset} --force`")
        if one.shared is None:
            for path, what in check_set(folder, one, self.data_root / "originals", deep=self.deep):
                yield Finding(path, what, fix)

    def _copy(self, copy: Path, table: TableManifest) -> str | None:
        """Compare a serving copy with its checksum, and its rows with the Parquet files."""
        try:
            if sum_of(copy).read_text("ascii").partition(" ")[0] != sha256_file(copy):
                return "its bytes are not those that were written (sha256)"
        except (OSError, ValueError):
            return "its checksum cannot be read"
        if self.checked.damaged & {entry.path for entry in table.files}:
            return None
        files = [str(self.checked.folder / entry.path) for entry in table.files]
        try:
            with duckdb.connect() as con:
                con.execute(f"ATTACH '{str(copy).replace(chr(39), chr(39) * 2)}' AS copy (READ_ONLY)")
                names = [row[0] for row in con.execute("DESCRIBE copy.data").fetchall()]
                sums = ", ".join(f'sum(hash("{name}"))' for name in names)
                ours = con.execute(f"SELECT count(*), {sums} FROM copy.data").fetchall()
                sql = f"SELECT count(*), {sums} FROM read_parquet($1, hive_partitioning=false)"
                theirs = con.execute(sql, [files]).fetchall()
        except duckdb.Error as error:
            return f"it cannot be read: {str(error).splitlines()[0]}"
        unlike = [n for n, a, b in zip(["rows", *names], ours[0], theirs[0], strict=True) if a != b]
        return f"it differs from the Parquet files in {', '.join(unlike)}" if unlike else None

    def _downloads(self, dataset: str, revision: int, manifest: SnapshotManifest | None) -> Iterator[Finding]:
        folder = download_folder(self.data_root, dataset, revision)
        fix = f"delete it; `tianku downloads {dataset}` makes it again"
        try:
            text = (folder / LISTING).read_bytes()
            listing = DownloadListing.model_validate_json(text)
        except FileNotFoundError:
            return
        except (ValidationError, ValueError):
            yield Finding(folder / LISTING, "it cannot be read", fix)
            return
        for one in listing.files:
            path = folder / one.name
            if manifest is not None and not self._is_of(one, manifest):
                yield Finding(folder / LISTING, f"what it says of {one.name} cannot be", fix)
            elif not path.is_file():
                yield Finding(path, "it is missing", f"`tianku downloads {dataset}` makes it again")
            elif path.stat().st_size != one.bytes or sha256_file(path) != one.sha256:
                yield Finding(path, "its bytes are not those that were written (sha256)", fix)
            elif path.stat().st_mtime != one.modified:
                yield Finding(path, "it was not written when the list of downloads says so", fix)

    @staticmethod
    def _is_of(one: Download, manifest: SnapshotManifest) -> bool:
        """Whether a listed download is one of a table of the snapshot."""
        table, form = manifest.tables.get(one.table), FORMS.get(one.format)
        if table is None or form is None:
            return False
        name = f"{schema_name(manifest.dataset)}_{one.table}.{form.extension}"
        return (one.name, one.rows) == (name, table.meta.nrows or 0)
