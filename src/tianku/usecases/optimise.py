"""Compaction: the segments of each table of a data set become one base, in a new revision."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import tianku
from tianku.catalogue.compact import compact_table
from tianku.catalogue.manifest import SnapshotManifest, SnapshotRef, TableManifest
from tianku.catalogue.staging import Staging
from tianku.catalogue.store import SnapshotStore
from tianku.model.config.dataset import DatasetConfig
from tianku.model.config.load import Installation, load_installation
from tianku.model.errors import NotFoundError
from tianku.state import repositories
from tianku.storage.files import link_tree
from tianku.usecases.ingest import ingest_resources
from tianku.usecases.installation import connect
from tianku.usecases.pictures import snapshot_store
from tianku.usecases.progress import Progress, Step, silent
from tianku.usecases.serving import build_serving_copies


@dataclass(frozen=True, slots=True)
class OptimiseReport:
    """What a compaction made: names and rows of the tables written anew, none when there was nothing to do."""

    dataset: str
    revision: int
    tables: dict[str, int]

    def lines(self) -> Iterator[str]:
        """Yield what an operator should read."""
        if not self.tables:
            yield f"{self.dataset} revision {self.revision}: every table is one segment already"
            return
        yield f"{self.dataset} revision {self.revision}: built"
        for name, rows in self.tables.items():
            yield f"  table {name}: {rows:,} rows in one segment"


def optimise_dataset(root: Path, dataset: str, *, progress: Progress = silent) -> OptimiseReport:
    """Build a revision of `dataset` with the rows of its newest one, every table in one segment.

    Nothing is shown by it; the older revision stays.

    Raises
    ------
    NotFoundError
        ``publish.nothing``
    TransientError
        ``storage.full``, ``ingest.memory``, ``ingest.running``.
    """
    connect(root)
    installation = load_installation(root)
    store = snapshot_store(installation.data_root)
    built = store.revisions(dataset)
    if not built:
        raise NotFoundError(
            "publish.nothing",
            "{dataset} has no snapshot; build one with `tianku ingest {dataset}`",
            dataset=dataset,
        )
    with store.chosen():
        base = store.load(dataset, built[-1])
        scattered = [name for name, table in base.tables.items() if table.deltas and table.shared is None]
        if not scattered:
            return OptimiseReport(dataset, base.revision, {})
        staging = store.new_revision(dataset)
        staging.note_needs({*base.refs(), SnapshotRef(dataset=dataset, revision=base.revision)})
    try:
        manifest = _build(installation, store, staging, base, progress)
        folder = store.commit(staging, manifest)
    finally:
        staging.close()
    with repositories.session():
        repositories.record_built(dataset, manifest.revision, store.relative(dataset, manifest.revision))
    build_serving_copies(installation.data_root, installation.site, manifest, folder, progress)
    return OptimiseReport(
        dataset, manifest.revision, {name: manifest.tables[name].meta.nrows or 0 for name in scattered}
    )


def _build(
    installation: Installation, store: SnapshotStore, staging: Staging, base: SnapshotManifest, progress: Progress
) -> SnapshotManifest:
    folder = store.path(base.dataset, base.revision)
    config = DatasetConfig.model_validate(base.configuration["dataset"])
    link_tree(folder / "products", staging.path / "products")
    resources = ingest_resources(installation.site)

    def table(name: str, one: TableManifest) -> TableManifest:
        if one.shared is not None:
            return one
        if not one.deltas:
            link_tree(folder / "tables" / name, staging.path / "tables" / name)
            return one
        mark = f"compacted:{base.revision}:{one.digest}"
        finished = staging.finished_table(name, mark)
        if finished is None:
            made = compact_table(
                config,
                name,
                one,
                folder,
                staging.path,
                resources=resources,
                progress=lambda p: progress(Step(f"table {name}: {p.stage}", p.rows, p.total, "rows", p.rate)),
            )
            finished = made.model_copy(update={"digest": mark})
            staging.finish_table(name, finished)
        return finished.model_copy(update={"digest": one.digest})

    return base.model_copy(
        update={
            "revision": staging.revision,
            "created": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "tianku": tianku.__version__,
            "tables": {name: table(name, one) for name, one in base.tables.items()},
        }
    )
