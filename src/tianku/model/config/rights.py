"""Which configured access rule holds for a dataset, a table or a product set."""

from __future__ import annotations

from tianku.model.config.access import AccessRule
from tianku.model.config.collection import CollectionConfig
from tianku.model.config.dataset import DatasetConfig
from tianku.model.config.products import ProductConfig
from tianku.model.config.table import TableConfig


def access_rule(
    dataset: DatasetConfig, collection: CollectionConfig, part: TableConfig | ProductConfig | None = None
) -> AccessRule | None:
    """Return the rule of the part, else of the dataset, else of its release; None where nobody says anything."""
    if part is not None and part.access is not None:
        return part.access
    return dataset.access or _release_rule(dataset, collection)


def _release_rule(dataset: DatasetConfig, collection: CollectionConfig) -> AccessRule | None:
    segments = dataset.dataset.split("/")
    release = next((r for r in collection.releases if len(segments) > 1 and r.id == segments[1]), None)
    return collection.access_rules.get(release.access) if release and release.access else None


def public_from(
    dataset: DatasetConfig, collection: CollectionConfig, part: TableConfig | ProductConfig
) -> str | None:
    """Return the expression that says when each row of a table or product becomes public, if there is one."""
    rule = access_rule(dataset, collection, part)
    return rule.public_from if rule else None
