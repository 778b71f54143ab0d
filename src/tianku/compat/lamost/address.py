"""Addresses of the LAMOST OpenAPI: ``/openapi/{release}[/{version}][/{set}]/{operation}``."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tianku.model.access import Level
from tianku.model.config.compat import LamostFamily
from tianku.model.config.table import ProductLink
from tianku.model.errors import NotFoundError
from tianku.model.metadata import TableMeta
from tianku.usecases.picture import PublishedDataset, PublishedTable
from tianku.usecases.policy import decide
from tianku.usecases.viewer import Viewer


@dataclass(frozen=True, slots=True)
class Address:
    """What is asked of which release; `set` names a product set where the operation is of one."""

    owner: PublishedDataset
    rest: tuple[str, ...]

    @property
    def family(self) -> LamostFamily:
        """How the release is shown in this interface."""
        return family_of(self.owner) or LamostFamily()


def family_of(owner: PublishedDataset) -> LamostFamily | None:
    """Return how a dataset is shown in this interface, None when it is not."""
    said = owner.config.compat.lamost_openapi or owner.collection.compat.lamost_openapi
    return said if said is not None and said.served and owner.config.kind == "data" else None


def served(viewer: Viewer) -> list[PublishedDataset]:
    """Return the releases in this interface that a principal may know of."""
    return [one for one in viewer.picture.visible(viewer.principal, viewer.now) if family_of(one) is not None]


def parse_address(viewer: Viewer, path: str) -> Address:
    """Return what an address stands for.

    Raises
    ------
    NotFoundError
        ``compat.no_release``, which names those there are.
    """
    segments = [one for one in path.split("/") if one]
    releases = {tuple(one.id.split("/")[1:]): one for one in served(viewer)}
    for length in (2, 1):
        owner = releases.get(tuple(segments[:length]))
        if owner is not None and len(segments) >= length:
            return Address(owner, tuple(segments[length:]))
    known = ", ".join("/".join(one) for one in releases if one)
    raise NotFoundError(
        "compat.no_release", "there is no release {release}; there are: {known}",
        release="/".join(segments[:2])[:60], known=known or "none",
    )  # fmt: skip


def table_of(viewer: Viewer, address: Address, set_name: str) -> TableMeta:
    """Return the table that cones of a set search, and that stands beside its spectra.

    Raises
    ------
    NotFoundError
        ``compat.no_set``
    """
    named = address.family.tables.get(set_name)
    if named is not None:
        return viewer.dataset_table(address.owner.id, named)
    linked = [
        one
        for one, link in _linked(viewer, address.owner)
        if link.set == set_name and one.meta.main_position is not None
    ]
    if not linked:
        raise NotFoundError(
            "compat.no_set", "{dataset} has no spectra called {name}; there are: {known}",
            dataset=address.owner.id, name=set_name[:40], known=", ".join(sets_of(viewer, address)) or "none",
        )  # fmt: skip
    widest = max(linked, key=lambda one: len(one.meta.columns))
    return viewer.dataset_table(address.owner.id, widest.meta.name)


def sets_of(viewer: Viewer, address: Address) -> list[str]:
    """Return the names of product sets that addresses may have."""
    return list(dict.fromkeys([*address.family.tables, *(link.set for _, link in _linked(viewer, address.owner))]))


def link_of(address: Address, table: TableMeta) -> ProductLink | None:
    """Return how rows of a table name their products."""
    return address.owner.config.tables[table.name].product


def _linked(viewer: Viewer, owner: PublishedDataset) -> Iterator[tuple[PublishedTable, ProductLink]]:
    """Yield the tables a principal may know of whose rows name products."""
    for name, one in owner.tables.items():
        link = owner.config.tables[name].product
        if link is not None and decide(viewer.principal, one.rule, Level.EXISTENCE, viewer.now):
            yield one, link
