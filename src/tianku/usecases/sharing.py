"""``same_as``: tables and product sets that one version shares with another, without a copy of any file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal, TypeVar

from tianku.catalogue.manifest import (
    ProductSetManifest,
    RejectSummary,
    SnapshotManifest,
    SnapshotRef,
    TableManifest,
)
from tianku.catalogue.store import SnapshotStore
from tianku.model.config.access import AccessRule
from tianku.model.config.collection import CollectionConfig
from tianku.model.config.dataset import DatasetConfig
from tianku.model.config.load import LoadedDataset
from tianku.model.config.products import ProductConfig
from tianku.model.config.rights import access_rule
from tianku.model.config.table import TableConfig
from tianku.model.errors import UsageError
from tianku.state import repositories

Part = TypeVar("Part", TableConfig, ProductConfig)
Kind = Literal["tables", "products"]
#: what a version that shares may say for itself; everything else is the other's
_OWN = ("title", "description", "access", "protocols", "compat", "same_as")


@dataclass(frozen=True, slots=True)
class Shared:
    """What a dataset shares: its manifest in the other's snapshot, and where that is."""

    ref: SnapshotRef
    folder: Path
    manifest: TableManifest | ProductSetManifest


@dataclass(frozen=True, slots=True)
class Sharing:
    """A dataset whose shared parts are configured as the snapshots they are in say."""

    loaded: LoadedDataset
    tables: Mapping[str, Shared] = field(default_factory=dict)
    products: Mapping[str, Shared] = field(default_factory=dict)

    def refs(self, kind: Kind) -> dict[str, str]:
        """Return which snapshot each shared part is in, as text."""
        parts = self.tables if kind == "tables" else self.products
        return {name: f"{one.ref.dataset}@{one.ref.revision}" for name, one in parts.items()}

    def snapshots(self) -> set[SnapshotRef]:
        """Return the snapshots that hold what is shared."""
        return {one.ref for one in (*self.tables.values(), *self.products.values())}

    def named(self) -> tuple[dict[str, str], dict[str, str]]:
        """Return which snapshot each shared table and set is in."""
        return self.refs("tables"), self.refs("products")

    def table(self, name: str) -> TableManifest:
        """Return the manifest of a shared table under this dataset's name."""
        one = self.tables[name]
        assert isinstance(one.manifest, TableManifest)
        config = self.loaded.config
        said = config.tables[name]
        own = {"schema_name": config.schema_name, "title": said.title, "description": said.description}
        # what was refused and remarked is in the report of who ingested it
        told: dict[str, Any] = {
            "shared": one.ref,
            "digest": None,
            "rejects": RejectSummary(),
            "warnings": (),
            "nulled": {},
        }
        return one.manifest.model_copy(update={"meta": one.manifest.meta.model_copy(update=own)} | told)


def resolve_sharing(store: SnapshotStore, loaded: LoadedDataset) -> Sharing:
    """Find what ``same_as`` names: the published snapshot of the other dataset, or its newest.

    Raises
    ------
    UsageError
        ``sharing.*``: there is no such snapshot, table or set, or it cannot be shared as configured.
    """
    config = loaded.config
    tables = {n: _find(store, loaded, "tables", n, one.same_as) for n, one in config.tables.items() if one.same_as}
    products = {
        n: _find(store, loaded, "products", n, one.same_as) for n, one in config.products.items() if one.same_as
    }
    if not tables and not products:
        return Sharing(loaded)
    effective = {
        "tables": {n: _effective(store, loaded, t, "tables", n, tables.get(n)) for n, t in config.tables.items()},
        "products": {
            n: _effective(store, loaded, p, "products", n, products.get(n)) for n, p in config.products.items()
        },
    }
    return Sharing(replace(loaded, config=config.model_copy(update=effective)), tables, products)


def _find(store: SnapshotStore, loaded: LoadedDataset, kind: Kind, name: str, source: str) -> Shared:
    config = loaded.config
    if source == config.dataset or source.partition("/")[0] != config.collection:
        raise UsageError(
            "sharing.elsewhere",
            "{dataset}, {name}: `same_as: {source}` must name another version of the collection {collection}",
            dataset=config.dataset,
            name=name,
            source=source,
            collection=config.collection,
        )
    snapshot = store.load(source, _revision(store, source))
    found = getattr(snapshot, kind).get(name)
    if found is None:
        raise UsageError(
            "sharing.unknown",
            "{dataset}: {source} has no {name} among its {kind}; it has: {known}",
            dataset=config.dataset,
            source=source,
            name=name,
            kind=kind,
            known=", ".join(getattr(snapshot, kind)) or "none",
        )
    ref = found.shared or SnapshotRef(dataset=snapshot.dataset, revision=snapshot.revision)
    return Shared(ref, store.path(ref.dataset, ref.revision), found)


def _revision(store: SnapshotStore, dataset: str) -> int:
    """Return the published revision, else the newest."""
    with repositories.session():
        shown = [r.revision for r in repositories.publications(["published"]) if r.dataset == dataset]
    built = shown or store.revisions(dataset)
    if not built:
        raise UsageError(
            "sharing.no_snapshot",
            "`same_as: {dataset}`: it has no snapshot yet; `tianku ingest {dataset}` builds one",
            dataset=dataset,
        )
    return built[-1]


def _effective(
    store: SnapshotStore, loaded: LoadedDataset, said: Part, kind: Kind, name: str, shared: Shared | None
) -> Part:
    """Return the configuration of a shared part: the other's, but for what a sharer may say itself."""
    if shared is None:
        return said
    snapshot = store.load(shared.ref.dataset, shared.ref.revision)
    values: dict[str, Any] = snapshot.configuration["dataset"][kind][name]
    theirs = type(said).model_validate(values)
    own = {key: getattr(said, key) for key in _OWN if key in said.model_fields_set}
    effective = theirs.model_copy(update={"access": None} | own)
    if isinstance(effective, ProductConfig) and effective.table_source is not None:
        raise UsageError(
            "sharing.epochs",
            "products {name} are rows of tables: share the tables, and configure the set as it is in {source}",
            name=name,
            source=shared.ref.dataset,
        )
    return _with_dates(loaded, effective, name, _dates(snapshot, kind, name))


def _dates(snapshot: SnapshotManifest, kind: Kind, name: str) -> str | None:
    """Return the ``public_from`` by which the shared rows were judged."""
    if not getattr(snapshot, kind)[name].by_row:
        return None
    config = DatasetConfig.model_validate(snapshot.configuration["dataset"])
    collection = CollectionConfig.model_validate(snapshot.configuration["collection"])
    rule = access_rule(config, collection, getattr(config, kind)[name])
    return rule.public_from if rule else None


def _with_dates(loaded: LoadedDataset, part: Part, name: str, dates: str | None) -> Part:
    """The dates on which single rows open go with the rows; a sharer can neither drop nor change them."""
    rule = access_rule(loaded.config, loaded.collection, part)
    said = rule.public_from if rule else None
    if said == dates:
        return part
    if said is not None:
        raise UsageError(
            "sharing.dates",
            "{name}: `public_from: {said}` differs from that of the rows it shares ({dates}); leave it out",
            name=name,
            said=said,
            dates=dates or "none",
        )
    return part.model_copy(update={"access": (rule or AccessRule()).model_copy(update={"public_from": dates})})


def sharers(store: SnapshotStore, dataset: str, revisions: set[int]) -> list[str]:
    """Return the snapshots of other datasets, as ``dataset@revision``, that share files of these ones."""
    found = []
    for other in store.datasets():
        for revision in store.revisions(other) if other != dataset else ():
            snapshot = store.load(other, revision)
            if any(ref.dataset == dataset and ref.revision in revisions for ref in snapshot.refs()):
                found.append(f"{other}@{revision}")
    return found
