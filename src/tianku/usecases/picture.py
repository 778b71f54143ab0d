"""Everything published, in memory: one immutable picture per generation."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

from tianku.catalogue.manifest import ProductSetManifest, SnapshotManifest, SnapshotRef, TableManifest
from tianku.model.access import Level, Principal, Rule
from tianku.model.config.access import AccessRule
from tianku.model.config.collection import CollectionConfig
from tianku.model.config.dataset import DatasetConfig
from tianku.model.config.products import ProductConfig
from tianku.model.metadata import TableMeta
from tianku.usecases.policy import dataset_rule, decide, part_rule


@dataclass(frozen=True, slots=True)
class PublishedTable:
    """A table of a published revision. `number` is its row owner in the site tables."""

    dataset: str
    number: int
    meta: TableMeta
    manifest: TableManifest
    folder: Path
    revision: int
    rule: Rule
    #: the dataset and revision whose snapshot holds the rows
    home: tuple[str, int]
    #: what is said of it to those who see only some of its rows
    partial: TableMeta
    #: services that its configuration wants
    protocols: frozenset[str]

    @property
    def searched_by_cone(self) -> bool:
        """Whether there is a cone search of it."""
        return "scs" in self.protocols and self.meta.main_position is not None


@dataclass(frozen=True, slots=True)
class PublishedSet:
    """A product set of a published revision."""

    dataset: str
    number: int
    name: str
    config: ProductConfig
    manifest: ProductSetManifest
    folder: Path
    rule: Rule
    #: its own ObsCore rows, which are never shared
    obscore: Path | None
    #: its ObsCore rows were written as public
    stored_public: bool


@dataclass(frozen=True, slots=True)
class PublishedDataset:
    """One dataset as it is published now."""

    id: str
    number: int
    revision: int
    created: str
    config: DatasetConfig
    collection: CollectionConfig
    tables: dict[str, PublishedTable]
    sets: dict[str, PublishedSet]
    rule: Rule

    @property
    def schema_name(self) -> str:
        """Its schema in queries."""
        return self.config.schema_name

    def owners(self) -> Iterator[PublishedTable | PublishedSet]:
        """Yield everything that owns rows of the site tables."""
        yield from self.tables.values()
        yield from self.sets.values()


@dataclass(frozen=True, slots=True)
class Picture:
    """What one generation holds; the policy filters it per principal, nothing else does."""

    generation: int
    datasets: dict[str, PublishedDataset]
    collections: dict[str, CollectionConfig]
    #: ``ivoa.obscore`` and ``tap_schema.*``, by folded qualified name
    system: dict[str, TableMeta] = field(default_factory=dict)
    by_schema: dict[str, PublishedDataset] = field(default_factory=dict)

    def visible(self, principal: Principal, now: float, level: Level = Level.EXISTENCE) -> list[PublishedDataset]:
        """Return the datasets `principal` holds `level` of, in order of collection and release."""
        return [d for d in self.datasets.values() if decide(principal, d.rule, level, now)]

    def rules(self) -> dict[int, Rule]:
        """Return the rule of everything numbered."""
        found: dict[int, Rule] = {}
        for dataset in self.datasets.values():
            found[dataset.number] = dataset.rule
            found.update((one.number, one.rule) for one in dataset.owners())
        return found


@dataclass(frozen=True, slots=True)
class Published:
    """One flipped row of the state database with its manifest."""

    dataset: str
    revision: int
    folder: Path
    manifest: SnapshotManifest
    #: folders of the other snapshots that its parts are in
    others: Mapping[SnapshotRef, Path] = field(default_factory=dict)

    def folder_of(self, part: TableManifest | ProductSetManifest) -> Path:
        """Return the folder that the paths of a part are relative to."""
        return self.folder if part.shared is None else self.others[part.shared]


def build_picture(generation: int, published: Iterable[Published], overrides: Mapping[str, Rule]) -> Picture:
    """Assemble a picture without its site tables.

    Parameters
    ----------
    overrides
        Rules that operators set after ingest, by ``dataset`` or ``dataset/name`` of a table or set.
    """
    counter = itertools.count(1)
    found = [_dataset(one, overrides, counter) for one in sorted(published, key=lambda p: p.dataset)]
    datasets = {d.id: d for d in sorted(found, key=release_order)}
    return Picture(
        generation,
        datasets,
        {d.config.collection: d.collection for d in datasets.values()},
        by_schema={d.schema_name: d for d in datasets.values()},
    )


def _dataset(one: Published, overrides: Mapping[str, Rule], counter: Iterator[int]) -> PublishedDataset:
    config = DatasetConfig.model_validate(one.manifest.configuration["dataset"])
    collection = CollectionConfig.model_validate(one.manifest.configuration["collection"])
    rule = overrides.get(one.dataset) or dataset_rule(config, collection)
    number = next(counter)
    tables = {
        name: PublishedTable(
            one.dataset,
            next(counter),
            table.meta,
            table,
            one.folder_of(table),
            one.revision,
            _rule_of(
                overrides.get(f"{one.dataset}/{name}"), config.tables[name].access, config, rule, table.by_row
            ),
            (table.shared.dataset, table.shared.revision) if table.shared else (one.dataset, one.revision),
            table.meta.model_copy(update={"nrows": None}) if table.by_row else table.meta,
            frozenset(config.tables[name].protocols),
        )
        for name, table in one.manifest.tables.items()
    }
    sets = {
        name: PublishedSet(
            one.dataset,
            next(counter),
            name,
            config.products[name],
            products,
            one.folder_of(products),
            _rule_of(
                overrides.get(f"{one.dataset}/{name}"), config.products[name].access, config, rule, products.by_row
            ),
            one.folder / products.obscore.path if products.obscore else None,
            not products.by_row and _was_public(config, one.manifest.created),
        )
        for name, products in one.manifest.products.items()
    }
    return PublishedDataset(
        one.dataset, number, one.revision, one.manifest.created, config, collection, tables, sets, rule
    )


def _rule_of(
    override: Rule | None, configured: AccessRule | None, config: DatasetConfig, parent: Rule, by_row: bool
) -> Rule:
    """Return the rule of a table or set; rows that carry no instants of their own do not open one by one."""
    rule = override or part_rule(configured, config, parent)
    return rule if by_row or not rule.rows_from else replace(rule, rows_from={})


def _was_public(config: DatasetConfig, created: str) -> bool:
    """Whether the release date was past when a snapshot was made."""
    public = config.released.public
    return public is None or (isinstance(public, datetime) and public <= datetime.fromisoformat(created))


def led_to(datasets: Iterable[PublishedDataset]) -> list[PublishedDataset]:
    """Return datasets in the order in which readers are led to the last: `current:` comes after its release's."""
    return sorted(datasets, key=lambda one: (*release_order(one)[:2], _is_current(one), *release_order(one)[2:]))


def _is_current(dataset: PublishedDataset) -> bool:
    _, release, version = [*dataset.id.split("/"), "", ""][:3]
    return any(r.id == release and r.current == version for r in dataset.collection.releases)


def release_order(dataset: PublishedDataset) -> tuple[str, int, int, str]:
    """Sort key: collection, then the order its releases and versions are listed in, then id."""
    segments = [*dataset.id.split("/"), "", ""]
    releases = [r.id for r in dataset.collection.releases]
    if segments[1] not in releases:
        return segments[0], len(releases), 0, dataset.id
    position = releases.index(segments[1])
    versions = dataset.collection.releases[position].versions
    version = versions.index(segments[2]) if segments[2] in versions else len(versions)
    return segments[0], position, version, dataset.id
