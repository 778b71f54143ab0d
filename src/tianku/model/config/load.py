"""Read an installation's configuration: site, collections and datasets, with `extends` resolved."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tianku.model.config.collection import CollectionConfig
from tianku.model.config.dataset import DatasetConfig
from tianku.model.config.elements import with_element_tables
from tianku.model.config.site import SiteConfig
from tianku.model.config.table import ColumnConfig
from tianku.model.config.validate import ConfigError, Problem, in_file, validate
from tianku.model.config.yamlfile import KeyPath, YamlFile, read_yaml
from tianku.model.errors import NotFoundError, UsageError


@dataclass(frozen=True, slots=True)
class LoadedDataset:
    """A dataset's effective configuration, and where it was written."""

    config: DatasetConfig
    collection: CollectionConfig
    path: Path
    #: column definitions shared by the collection, by folded name
    dictionary: dict[str, ColumnConfig] = field(repr=False)
    #: folder that relative source globs start from
    source_root: Path = Path()

    def column(self, table: str, name: str) -> ColumnConfig:
        """Return what is configured of a column: the table's own words over the dictionary's."""
        own = self.config.tables[table].column(name)
        shared = self.dictionary.get(name.lower())
        if own is None:
            return shared.model_copy(update={"name": name}) if shared else ColumnConfig(name=name)
        if shared is None:
            return own
        said = {k: getattr(own, k) for k in own.model_fields_set}
        return shared.model_copy(update=said)

    def nulls(self, table: str) -> tuple[float | int | str, ...]:
        """Return the null sentinels of a table: its own, else the dataset's, else the collection's."""
        return self.config.tables[table].nulls or self.config.nulls or self.collection.nulls


@dataclass(frozen=True, slots=True)
class Installation:
    """Everything the configuration says."""

    root: Path
    site: SiteConfig
    collections: dict[str, CollectionConfig]
    datasets: dict[str, LoadedDataset]

    @property
    def data_root(self) -> Path:
        """Absolute folder of this installation's bytes."""
        return (self.root / self.site.data_root).resolve()

    def dataset(self, name: str) -> LoadedDataset:
        """Return one dataset or raise `NotFoundError` naming those that exist."""
        if name not in self.datasets:
            known = ", ".join(sorted(self.datasets)) or "none"
            raise NotFoundError(
                "config.no_dataset",
                "no dataset {name!r} is configured; there are: {known}",
                name=name,
                known=known,
            )
        return self.datasets[name]


def load_site(root: Path) -> SiteConfig:
    """Read ``site.yaml`` of the installation in `root`."""
    path = root / "site.yaml"
    if not path.is_file():
        raise UsageError(
            "config.no_site",
            "{root} holds no site.yaml; make an installation with `tianku init {root}`",
            root=root,
        )
    source = read_yaml(path)
    return validate(SiteConfig, source.data, in_file(source))


def load_installation(root: Path) -> Installation:
    """Read the whole configuration below `root`.

    Raises
    ------
    UsageError, ConfigError
        Naming file, line, key and fix.
    """
    root = root.resolve()
    site = load_site(root)
    base = root / site.collections
    collections: dict[str, CollectionConfig] = {}
    datasets: dict[str, LoadedDataset] = {}
    for path in sorted(base.rglob("collection.yaml")):
        collection, loaded = load_collection(path)
        if collection.collection in collections:
            raise ConfigError([Problem(path, 1, "collection", f"`{collection.collection}` is configured twice")])
        collections[collection.collection] = collection
        for one in loaded:
            where = site.sources.get(one.config.dataset) or site.sources.get(collection.collection)
            source_root = (root / where).resolve() if where else one.path.parent
            datasets[one.config.dataset] = LoadedDataset(
                one.config, one.collection, one.path, one.dictionary, source_root
            )
    _refuse_equal_schemas(datasets)
    return Installation(root, site, collections, datasets)


def load_collection(path: Path) -> tuple[CollectionConfig, list[LoadedDataset]]:
    """Read one ``collection.yaml`` and every ``dataset.yaml`` below its folder."""
    source = read_yaml(path)
    collection = validate(CollectionConfig, source.data, in_file(source))
    dictionary = _dictionary(path.parent, collection)
    files = {f: read_yaml(f) for f in sorted(path.parent.rglob("dataset.yaml"))}
    by_id = {str(f.data.get("dataset", "")): f for f in files.values()}
    loaded = []
    for file, parsed in files.items():
        config = _effective(parsed, by_id)
        if config.collection != collection.collection:
            raise ConfigError(
                [
                    Problem(
                        file,
                        parsed.line(("dataset",)),
                        "dataset",
                        f"`{config.dataset}` is not of collection `{collection.collection}`",
                        f"begin the id with `{collection.collection}`",
                    )
                ]
            )
        loaded.append(LoadedDataset(config, collection, file, dictionary, file.parent))
    return collection, loaded


def _dictionary(folder: Path, collection: CollectionConfig) -> dict[str, ColumnConfig]:
    columns = {c.name.lower(): c for c in collection.columns}
    for pattern in collection.column_dictionary:
        for path in sorted(folder.glob(pattern)):
            source = read_yaml(path)
            for name, said in source.data.items():
                locate = _shifted(source, (name,))
                columns[name.lower()] = validate(ColumnConfig, {"name": name, **(said or {})}, locate)
    return columns


def _shifted(source: YamlFile, prefix: KeyPath) -> Callable[[KeyPath], tuple[Path, int]]:
    return lambda where: (source.path, source.line((*prefix, *where)))


def _effective(source: YamlFile, by_id: dict[str, YamlFile]) -> DatasetConfig:
    chain = _ancestry(source, by_id)
    merged: dict[str, Any] = {}
    for file in reversed(chain):
        merged = merge(merged, _own(file))
    merged["tables"] = _with_defaults(merged.get("tables") or {}, merged.get("table_defaults") or {})
    with_element_tables(merged)

    def locate(where: KeyPath) -> tuple[Path, int]:
        for file in chain:
            if where in file.lines:
                return file.path, file.lines[where]
        return source.path, source.line(where)

    return validate(DatasetConfig, merged, locate)


def _own(file: YamlFile) -> dict[str, Any]:
    return copy.deepcopy(file.data)


def _ancestry(source: YamlFile, by_id: dict[str, YamlFile]) -> list[YamlFile]:
    chain = [source]
    while parent := chain[-1].data.get("extends"):
        where = chain[-1].path, chain[-1].line(("extends",))
        found = by_id.get(str(parent))
        if found is None:
            known = ", ".join(sorted(k for k in by_id if k))
            raise ConfigError(
                [Problem(*where, "extends", f"no dataset `{parent}` in this collection", f"one of {known}")]
            )
        if found in chain:
            raise ConfigError([Problem(*where, "extends", f"`{parent}` extends this one: a circle")])
        chain.append(found)
    return chain


#: keys that are a version's own and are not inherited
_NOT_INHERITED = ("extends", "supersedes", "released")


def merge(base: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    """Return `base` with `over` laid on it: mappings merge, `null` deletes a table, set or key,
    columns merge by name, everything else replaces."""
    result = {k: v for k, v in base.items() if k not in _NOT_INHERITED}
    for key, value in over.items():
        old = result.get(key)
        if value is None and key in result and isinstance(old, dict):
            del result[key]
        elif isinstance(value, dict) and isinstance(old, dict):
            result[key] = merge(old, value)
        elif key == "columns" and isinstance(value, list) and isinstance(old, list):
            result[key] = _merge_columns(old, value)
        else:
            result[key] = value
    return result


def _merge_columns(old: list[Any], new: list[Any]) -> list[Any]:
    named = {c["name"]: c for c in old if isinstance(c, dict) and "name" in c}
    for column in new:
        if isinstance(column, dict) and "name" in column:
            named[column["name"]] = {**named.get(column["name"], {}), **column}
    return list(named.values())


def _with_defaults(tables: dict[str, Any], defaults: dict[str, Any]) -> dict[str, Any]:
    return {
        name: merge(_filled(defaults, name), table or {}) if isinstance(table, dict | None) else table
        for name, table in tables.items()
    }


def _filled(value: Any, table: str) -> Any:
    if isinstance(value, str):
        return value.replace("{table}", table)
    if isinstance(value, dict):
        return {k: _filled(v, table) for k, v in value.items()}
    return [_filled(v, table) for v in value] if isinstance(value, list) else value


def _refuse_equal_schemas(datasets: dict[str, LoadedDataset]) -> None:
    seen: dict[str, LoadedDataset] = {}
    for one in datasets.values():
        other = seen.setdefault(one.config.schema_name, one)
        if other is not one:
            raise ConfigError(
                [
                    Problem(
                        one.path,
                        1,
                        "dataset",
                        f"`{one.config.dataset}` and `{other.config.dataset}` ({other.path}) both give the "
                        f"schema `{one.config.schema_name}`",
                        "rename one",
                    )
                ]
            )
