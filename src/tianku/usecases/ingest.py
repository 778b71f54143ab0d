"""Build a snapshot of a dataset: its tables and product sets, without showing it."""

from __future__ import annotations

import json
import logging
import os
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa

import tianku
from tianku.catalogue.append import append_table
from tianku.catalogue.assemble import Resources
from tianku.catalogue.digest import digest_text
from tianku.catalogue.ingest import ingest_table
from tianku.catalogue.manifest import MOST_DELTAS, ProductSetManifest, SnapshotManifest, SnapshotRef, TableManifest
from tianku.catalogue.progress import Progress as StageProgress
from tianku.catalogue.progress import Report
from tianku.catalogue.sources import source_digest, table_digest
from tianku.catalogue.staging import Staging
from tianku.catalogue.store import SnapshotStore
from tianku.model.config.load import Installation, LoadedDataset, load_installation
from tianku.model.config.products import EpochSource
from tianku.model.config.site import SiteConfig
from tianku.model.config.sources import resolve_files
from tianku.model.errors import TransientError, UsageError
from tianku.model.sizes import parse_bytes
from tianku.model.types import DataType, arrow_to_datatype
from tianku.products.context import SetContext, set_context
from tianku.products.expressions import check, evaluate
from tianku.products.ingest import ingest_products
from tianku.products.ingest_epochs import EpochTables, ingest_epochs
from tianku.products.logbook import logbook
from tianku.products.renditions import offered
from tianku.products.sharing import share_products
from tianku.state import repositories
from tianku.storage.files import link_tree, require_room
from tianku.usecases.installation import connect
from tianku.usecases.pictures import snapshot_store
from tianku.usecases.preflight import check_tables
from tianku.usecases.progress import Progress, Step, silent
from tianku.usecases.serving import build_serving_copies
from tianku.usecases.sharing import Sharing, resolve_sharing

log = logging.getLogger(__name__)

#: bytes that an ingest uses at most: sorts beyond go through the disk
MOST_MEMORY = 4 << 30


@dataclass(frozen=True, slots=True)
class IngestReport:
    """What an ingest made of a dataset; `unchanged` when a snapshot of the same sources existed."""

    dataset: str
    revision: int
    manifest: SnapshotManifest
    folder: Path
    unchanged: bool = False

    def lines(self) -> Iterator[str]:
        """Yield what an operator should read, rejects with the place of their report."""
        state = "unchanged" if self.unchanged else "built"
        yield f"{self.dataset} revision {self.revision}: {state}"
        for name, table in self.manifest.tables.items():
            rows, columns = table.meta.nrows or 0, len(table.meta.columns)
            yield f"  table {name}: {rows:,} rows, {columns} columns{_shared(table)}{_segments(table)}"
            if table.nulled:
                yield f"    made null: {', '.join(f'{c} {n:,}' for c, n in table.nulled.items())}"
            yield from self._rejects(table)
            yield from (f"    note: {warning}" for warning in table.warnings)
        for name, one in self.manifest.products.items():
            counts = f"{one.products:,} products, {one.parts:,} parts, {one.files:,} files"
            yield f"  products {name}: {counts}{_shared(one)}"
            if one.never_public:
                yield f"    note: {one.never_public:,} products have no date from which they are public"
            if one.skipped:
                yield f"    {one.skipped:,} files left to other sets by `where`"
            yield from self._rejects(one)

    def _rejects(self, one: TableManifest | ProductSetManifest) -> Iterator[str]:
        if one.rejects.total:
            reasons = ", ".join(f"{reason} ({count:,})" for reason, count in one.rejects.reasons.items())
            yield f"    {one.rejects.total:,} rejected: {reasons}"
            yield f"    see {self.folder / (one.rejects.report or '')}"


def _segments(table: TableManifest) -> str:
    if not table.deltas:
        return ""
    return f", the last {table.deltas[-1].rows:,} in added segment {len(table.deltas)} of at most {MOST_DELTAS}"


def _shared(one: TableManifest | ProductSetManifest) -> str:
    return f" (shared with {one.shared.dataset}, revision {one.shared.revision})" if one.shared else ""


def ingest_dataset(
    root: Path,
    dataset: str,
    *,
    progress: Progress = silent,
    force: bool = False,
    append: bool = False,
    copies: bool = True,
) -> IngestReport:
    """Build a snapshot of `dataset` from its configuration and sources.

    Nothing is shown by it. A killed ingest leaves what is published untouched; running it
    again resumes. Unchanged sources and configuration build nothing, unless `force`. With `append`, and for
    tables that say ``append: true``, new source files become a segment of their own, and all that was ingested
    before is linked. Without `copies` the serving copies are left to `build_serving_copies`.

    Raises
    ------
    UsageError, ConfigError
        What the operator must mend, with file and line where there is one.
    """
    connect(root)
    installation = load_installation(root)
    store = snapshot_store(installation.data_root)
    loaded = installation.dataset(dataset)
    sharing = resolve_sharing(store, loaded)
    digest = _digest(installation, sharing)
    _note_snapshots(store, dataset)
    if not force and (same := _newest(store, dataset, digest)) is not None:
        if copies:
            build_serving_copies(installation.data_root, installation.site, same.manifest, same.folder, progress)
        return same
    check_tables(sharing.loaded, [t for t in sharing.loaded.config.tables if t not in sharing.tables])
    with store.chosen():  # again: what was found before may have been deleted meanwhile
        if (shared := resolve_sharing(store, loaded)).named() != sharing.named():
            raise TransientError("ingest.changed", "what {dataset} shares was changed just now; run it again",
                                 retry_after=1, dataset=dataset)  # fmt: skip
        sharing = shared
        staging = store.new_revision(dataset)
        base = None if force else _base(store, sharing.loaded, append)
        staging.note_needs({*sharing.snapshots(), *([base.ref] if base else [])})
    try:
        manifest = _build(_Job(installation, sharing, staging, progress, base), digest)
        folder = store.commit(staging, manifest)
    except TransientError as error:
        if error.code == "storage.full":
            _give_room_back(staging)
        raise
    finally:
        staging.close()
    with repositories.session():
        repositories.record_built(dataset, manifest.revision, store.relative(dataset, manifest.revision))
    if copies:
        build_serving_copies(installation.data_root, installation.site, manifest, folder, progress)
    return IngestReport(dataset, manifest.revision, manifest, folder)


def _base(store: SnapshotStore, loaded: LoadedDataset, append: bool) -> _Base | None:
    """Return the newest snapshot where anything is to be added to it."""
    built = store.revisions(loaded.config.dataset)
    if not built or not (append or any(table.append for table in loaded.config.tables.values())):
        return None
    manifest = store.load(loaded.config.dataset, built[-1])
    return _Base(manifest, store.path(loaded.config.dataset, built[-1]), append)


def _give_room_back(staging: Staging) -> None:
    """Delete what is not finished, and all when that leaves too little: the state database shares the disk."""
    staging.drop_unfinished()
    try:
        require_room(staging.path)
    except TransientError:
        staging.discard()


def _build(job: _Job, digest: str) -> SnapshotManifest:
    loaded = job.loaded
    return SnapshotManifest(
        dataset=loaded.config.dataset,
        revision=job.staging.revision,
        created=datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        tianku=tianku.__version__,
        configuration={
            "dataset": loaded.config.model_dump(mode="json", by_alias=True),
            "collection": loaded.collection.model_dump(mode="json", by_alias=True),
            "digest": digest,
        },
        tables={name: job.table(name) for name in loaded.config.tables},
        products={name: job.products(name) for name in loaded.config.products},
    )


def _note_snapshots(store: SnapshotStore, dataset: str) -> None:
    """Record complete snapshots that the state database does not know: their maker died just before."""
    with repositories.session():
        known = {r.revision for r in repositories.publications() if r.dataset == dataset}
        for revision in store.revisions(dataset):
            if revision not in known:
                repositories.record_built(dataset, revision, store.relative(dataset, revision))


def _newest(store: SnapshotStore, dataset: str, digest: str) -> IngestReport | None:
    built = store.revisions(dataset)
    if not built:
        return None
    manifest = store.load(dataset, built[-1])
    if manifest.configuration.get("digest") != digest:
        return None
    return IngestReport(
        dataset, manifest.revision, manifest, store.path(dataset, manifest.revision), unchanged=True
    )


def _digest(installation: Installation, sharing: Sharing) -> str:
    """Digest of everything a snapshot is made from: configuration, sources, code."""
    loaded = sharing.loaded
    config = loaded.config
    tables = [name for name in config.tables if name not in sharing.tables]
    products = [name for name in config.products if name not in sharing.products]
    facts: dict[str, Any] = {
        "version": tianku.__version__,
        "authority": installation.site.authority,
        "dataset": config.model_dump(mode="json", by_alias=True),
        "collection": loaded.collection.model_dump(mode="json", by_alias=True),
        "dictionary": {name: column.model_dump(mode="json") for name, column in sorted(loaded.dictionary.items())},
        "tables": {name: source_digest(loaded, name) for name in tables} | sharing.refs("tables"),
        "products": {name: digest_names(_all_files(loaded, name)) for name in products} | sharing.refs("products"),
    }
    return digest_text(json.dumps(facts, sort_keys=True))


def product_files(loaded: LoadedDataset, name: str) -> list[Path]:
    """Return the files of a product set's main category, sorted, so that an interrupted ingest resumes."""
    said = loaded.config.products[name]
    patterns = (said.from_ or {}).get(said.main, [])
    return sorted(resolve_files([patterns] if isinstance(patterns, str) else patterns, loaded.source_root))


def _all_files(loaded: LoadedDataset, name: str) -> list[Path]:
    """The files of every category."""
    others = offered(loaded.config.products[name], loaded.source_root)
    return [*product_files(loaded, name), *(file.path for file in others)]


def digest_names(files: list[Path]) -> str:
    """Digest of names, sizes and times: reading millions of files to learn that none changed is no way."""
    lines = []
    for path in files:
        facts = path.stat()
        lines.append(f"{path}\0{facts.st_size}\0{facts.st_mtime_ns}")
    return digest_text("\n".join(lines))


@dataclass(frozen=True, slots=True)
class _Base:
    """The snapshot that is added to; with `all` a table that cannot be is an error, else it is made anew."""

    manifest: SnapshotManifest
    folder: Path
    all: bool

    @property
    def ref(self) -> SnapshotRef:
        """Which snapshot it is."""
        return SnapshotRef(dataset=self.manifest.dataset, revision=self.manifest.revision)


class _Job:
    """One ingest: what its steps share."""

    def __init__(
        self,
        installation: Installation,
        sharing: Sharing,
        staging: Staging,
        progress: Progress,
        base: _Base | None = None,
    ) -> None:
        self.installation, self.sharing, self.base = installation, sharing, base
        self.loaded = loaded = sharing.loaded
        self.staging, self.progress = staging, progress
        cores = os.cpu_count() or 1
        self.workers = cores
        self.resources = ingest_resources(installation.site)
        telescope = loaded.collection.telescope
        self.local_time = telescope.local_time if telescope else None
        self.tables: dict[str, TableManifest] = {}

    def table(self, name: str) -> TableManifest:
        """Ingest one table, or take it up from a killed run, or from the version it is shared with."""
        if name in self.sharing.tables:
            self.tables[name] = self.sharing.table(name)
            return self.tables[name]
        digest = table_digest(self.loaded, name, tianku.__version__)
        finished = self.staging.finished_table(name, digest)
        self.tables[name] = finished or self._new_table(name, digest)
        return self.tables[name]

    def _new_table(self, name: str, digest: str) -> TableManifest:
        def progress(stage: StageProgress) -> None:
            self._report(_step(f"table {name}", stage, "rows"))

        manifest = self._added(name, digest, progress) or ingest_table(
            self.loaded,
            name,
            self.staging.path,
            resources=self.resources,
            progress=progress,
            evaluate=self._evaluate,
        )
        self.staging.finish_table(name, manifest)
        return manifest

    def _added(self, name: str, digest: str, progress: Report) -> TableManifest | None:
        """Return the table as it was, or with its new files added; None when it is to be made anew."""
        earlier = self.base.manifest.tables.get(name) if self.base else None
        if self.base is None or earlier is None or earlier.shared is not None:
            return None
        if earlier.digest == digest:
            link_tree(self.base.folder / "tables" / name, self.staging.path / "tables" / name)
            return earlier
        if not self.base.all and not self.loaded.config.tables[name].append:
            return None
        try:
            return append_table(
                self.loaded,
                name,
                earlier,
                self.base.folder,
                self.staging.path,
                resources=self.resources,
                progress=progress,
                evaluate=self._evaluate,
            )
        except UsageError as error:
            if self.base.all or not error.code.startswith("append."):
                raise
            log.warning("%s", error.message)
            shutil.rmtree(self.staging.path / "tables" / name, ignore_errors=True)
            return None

    def products(self, name: str) -> ProductSetManifest:
        """Ingest one product set, or link it where nothing changed and the snapshot is added to."""
        digest = self._set_digest(name)
        earlier = self.base.manifest.products.get(name) if self.base else None
        if self.base is not None and earlier is not None and earlier.digest == digest and earlier.shared is None:
            link_tree(self.base.folder / "products" / name, self.staging.path / "products" / name)
            return earlier
        return self._new_products(name).model_copy(update={"digest": digest})

    def _set_digest(self, name: str) -> str:
        """Digest of all that a product set is made from."""
        config = self.loaded.config
        facts = {
            "version": tianku.__version__,
            "authority": self.installation.site.authority,
            "dataset": config.model_dump(mode="json", by_alias=True),
            "collection": self.loaded.collection.model_dump(mode="json", by_alias=True),
            "files": "" if name in self.sharing.products else digest_names(_all_files(self.loaded, name)),
            "tables": {table: manifest.digest for table, manifest in self.tables.items()}
            if config.products[name].metadata or config.products[name].table_source
            else {},
        }
        return digest_text(json.dumps(facts, sort_keys=True))

    def _new_products(self, name: str) -> ProductSetManifest:
        context = set_context(
            self.loaded, name, self.installation.site.authority, self.installation.data_root / "originals"
        )
        if (metadata := context.config.metadata) is not None:
            context = replace(context, logbook=logbook(metadata, self.tables, self.staging.path))
        shared = self.sharing.products.get(name)
        if shared is not None and isinstance(shared.manifest, ProductSetManifest):
            return share_products(context, shared.manifest, shared.ref, shared.folder, self.staging.path)
        if context.config.table_source is not None:
            return self._epochs(context, context.config.table_source)
        files = product_files(self.loaded, name)
        if not files:
            raise UsageError(
                "ingest.no_source",
                "products {name}: no file matches {patterns} in {folder}",
                name=name,
                patterns=context.config.from_,
                folder=self.loaded.source_root,
            )
        return ingest_products(
            context,
            files,
            self.staging.path,
            self.workers,
            progress=lambda p: self._report(_step(f"products {name}", p, "files")),
            total=len(files),
        )

    def _epochs(self, context: SetContext, source: EpochSource) -> ProductSetManifest:
        """Light curves that are rows of tables of this dataset."""
        for named in filter(None, (source.table, source.source)):
            if named not in self.tables:
                raise UsageError(
                    "timeseries.no_table",
                    "products {name}: there is no table {table}",
                    name=context.name,
                    table=named,
                )
        tables = EpochTables(
            self.staging.path,
            self.tables[source.table],
            self.tables[source.source] if source.source else None,
            self.loaded.config.tables[source.table].times,
        )
        return ingest_epochs(
            context,
            tables,
            self.staging.path,
            self.resources.memory_bytes,
            self.resources.threads,
            progress=lambda p: self._report(_step(f"products {context.name}", p, "rows")),
        )

    def _report(self, step: Step) -> None:
        """Tell how far it is, unless it went into the room that others need."""
        require_room(self.staging.path)
        self.progress(step)

    def _evaluate(self, wanted: Mapping[str, tuple[str, DataType]], rows: pa.Table) -> pa.Table:
        names = {field.name: arrow_to_datatype(field.type)[0] for field in rows.schema}
        checked = {name: (check(text, names), kind) for name, (text, kind) in wanted.items()}
        return evaluate(checked, rows, local_time=self.local_time)


def ingest_resources(site: SiteConfig) -> Resources:
    """What an ingest may use: the site's memory, but no more than any amount of rows needs."""
    return Resources(memory_bytes=min(parse_bytes(site.memory), MOST_MEMORY), threads=os.cpu_count() or 1)


def _step(name: str, progress: StageProgress, unit: str) -> Step:
    return Step(f"{name}: {progress.stage}", progress.rows, progress.total, unit, progress.rate)
