"""Showing, hiding and deleting snapshots: one flipped row each."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from tianku.catalogue.store import SnapshotStore
from tianku.model.config.load import load_installation
from tianku.model.errors import NotFoundError, UsageError
from tianku.state import repositories
from tianku.state.repositories import PublicationRecord
from tianku.storage.failpoints import failpoint
from tianku.usecases.downloads import download_folder
from tianku.usecases.installation import connect
from tianku.usecases.pictures import PictureSource, serving_copies, snapshot_store
from tianku.usecases.sharing import sharers


@dataclass(frozen=True, slots=True)
class Listed:
    """One line of `tianku list`."""

    dataset: str
    revision: int | None
    state: str
    tables: int = 0
    rows: int = 0
    products: int = 0


def publish(root: Path, dataset: str, revision: int | None = None) -> PublicationRecord:
    """Show `revision` (the newest built one if None) in place of what the dataset shows now.

    The site tables of the coming generation are made before the flip, so that no server waits.
    """
    site = connect(root)
    data_root = (root / site.data_root).resolve()
    with repositories.session():
        chosen = _choose(dataset, revision)
        PictureSource(data_root).prepare(dataset, chosen)
        failpoint("publish.before_flip")
        shown = repositories.flip(dataset, chosen)
        failpoint("publish.after_flip")
        return shown


def _choose(dataset: str, revision: int | None) -> int:
    built = [r.revision for r in repositories.publications() if r.dataset == dataset]
    if not built:
        raise NotFoundError(
            "publish.nothing",
            "{dataset} has no snapshot; build one with `tianku ingest {dataset}`",
            dataset=dataset,
        )
    if revision is not None and revision not in built:
        raise NotFoundError(
            "publish.no_revision",
            "{dataset} has no revision {revision}; it has: {built}",
            dataset=dataset,
            revision=revision,
            built=", ".join(map(str, built)),
        )
    return revision if revision is not None else max(built)


def withdraw(root: Path, dataset: str) -> PublicationRecord:
    """Hide a dataset; its snapshots stay."""
    site = connect(root)
    with repositories.session():
        PictureSource((root / site.data_root).resolve()).prepare(dataset, None)
        return repositories.withdraw(dataset)


def remove(root: Path, dataset: str, revision: int | None = None) -> list[int]:
    """Delete one snapshot, or all of a dataset that is not published; return their revisions."""
    site = connect(root)
    data_root = (root / site.data_root).resolve()
    store = snapshot_store(data_root)
    with repositories.session():
        mine = [r for r in repositories.publications() if r.dataset == dataset]
        chosen = [r for r in mine if revision in (None, r.revision)]
        if not chosen:
            raise NotFoundError("publish.nothing", "{dataset} has no such snapshot", dataset=dataset)
        if any(r.state == "published" for r in chosen):
            raise UsageError(
                "publish.shown", "{dataset} is published; `tianku withdraw {dataset}` first", dataset=dataset
            )
        if users := sharers(store, dataset, {r.revision for r in chosen}):
            raise UsageError(
                "publish.shared",
                "{users} share files of {dataset}: remove them first, or only withdraw {dataset}",
                users=", ".join(users),
                dataset=dataset,
            )
        for record in chosen:
            repositories.remove(dataset, record.revision)
            store.remove(dataset, record.revision)
            for made in (serving_copies, download_folder):
                shutil.rmtree(made(data_root, dataset, record.revision), ignore_errors=True)
    return [r.revision for r in chosen]


def listing(root: Path) -> list[Listed]:
    """Return every configured or built dataset with its state."""
    site = connect(root)
    store = snapshot_store((root / site.data_root).resolve())
    with repositories.session():
        records = repositories.publications()
    rows = [_listed(store, record) for record in records]
    built = {row.dataset for row in rows}
    configured = load_installation(root).datasets
    rows += [Listed(name, None, "configured") for name in configured if name not in built]
    return sorted(rows, key=lambda row: (row.dataset, row.revision or 0))


def _listed(store: SnapshotStore, record: PublicationRecord) -> Listed:
    manifest = store.load(record.dataset, record.revision)
    return Listed(
        record.dataset,
        record.revision,
        record.state,
        len(manifest.tables),
        sum(table.meta.nrows or 0 for table in manifest.tables.values()),
        sum(one.products for one in manifest.products.values()),
    )
