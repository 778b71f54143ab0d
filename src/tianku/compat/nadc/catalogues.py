"""Catalogues of the interface: what of the published data has a name in it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tianku.compat.wire import Spelling
from tianku.model.access import Level
from tianku.model.config.compat import NadcCatalogue
from tianku.model.errors import NotFoundError
from tianku.model.metadata import TableMeta
from tianku.usecases.picture import PublishedDataset, PublishedSet
from tianku.usecases.policy import decide, partly
from tianku.usecases.viewer import Viewer


@dataclass(frozen=True, slots=True)
class Catalogue:
    """A dataset under its name in the interface; or one of its product sets."""

    said: NadcCatalogue
    owner: PublishedDataset
    of_set: PublishedSet | None = None

    @property
    def name(self) -> str:
        """Its name."""
        return self.said.catname

    @property
    def spelling(self) -> Spelling:
        """How its numbers are written: as numbers, but for columns that are said to be texts."""
        return Spelling(self.said.decimals, every=False)

    def sets(self, viewer: Viewer, level: Level = Level.EXISTENCE) -> list[PublishedSet]:
        """Return its product sets of which a principal holds `level` of some products at least."""
        mine = [self.of_set] if self.of_set is not None else list(self.owner.sets.values())
        return [one for one in mine if partly(viewer.principal, one.rule, level, viewer.now)]

    def tables(self, viewer: Viewer) -> list[TableMeta]:
        """Return its tables that a principal may query, those whose rows name products first."""
        mine = [viewer.meta(one) for one in viewer.queryable() if one.dataset == self.owner.id]
        return sorted(mine, key=lambda one: self.owner.config.tables[one.name].product is None)

    def table(self, viewer: Viewer, name: str | None) -> TableMeta:
        """Return a table by name, the first if none is given; raises as `Viewer.dataset_table`."""
        if name is not None:
            return viewer.dataset_table(self.owner.id, name)
        found = self.tables(viewer)
        if found:
            return found[0]
        closed = [one for one in self.owner.tables.values() if decide(viewer.principal, one.rule, Level.EXISTENCE,
                                                                       viewer.now)]  # fmt: skip
        if closed:
            return viewer.dataset_table(self.owner.id, closed[0].meta.name)
        raise NotFoundError("compat.no_table", "{catalogue} has no tables", catalogue=self.name)


def catalogues(viewer: Viewer) -> list[Catalogue]:
    """Return the catalogues a principal may know of; of a collection's releases the newest they may read."""
    found: dict[str, Catalogue] = {}
    for one in _all(viewer):
        found[one.name] = one
    return list(found.values())


def _all(viewer: Viewer) -> Iterator[Catalogue]:
    visible = viewer.picture.visible(viewer.principal, viewer.now)
    # what may be read comes last, and so wins over what may not
    readable = sorted(visible, key=lambda one: decide(viewer.principal, one.rule, Level.METADATA, viewer.now))
    for owner in readable:
        if owner.collection.compat.nadc is not None:
            yield Catalogue(owner.collection.compat.nadc, owner)
    for owner in visible:
        if owner.config.compat.nadc is not None:
            yield Catalogue(owner.config.compat.nadc, owner)
        for one in owner.sets.values():
            said = one.config.compat.nadc
            if said is not None and decide(viewer.principal, one.rule, Level.EXISTENCE, viewer.now):
                yield Catalogue(said, owner, one)


def catalogue_of(viewer: Viewer, name: str) -> Catalogue:
    """Return a catalogue by name; `NotFoundError` ``compat.no_catalogue`` names those there are."""
    known = {one.name: one for one in catalogues(viewer)}
    if name not in known:
        raise NotFoundError(
            "compat.no_catalogue", "there is no catalogue {name}; there are: {known}",
            name=name[:60], known=", ".join(known) or "none",
        )  # fmt: skip
    return known[name]
