"""The published picture as pages want it: plain views, filtered by the policy."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from tianku import __version__
from tianku.model.access import ANONYMOUS, Level, Principal, Rule
from tianku.model.text import Text
from tianku.pages.ports import (
    AccessView,
    CitationView,
    CollectionCard,
    ColumnView,
    DatasetCard,
    DatasetView,
    Link,
    Numbers,
    ProductView,
    Service,
    SetCard,
    SiteView,
    TableCard,
    TableView,
    VersionView,
)
from tianku.pages.product_source import product_view
from tianku.usecases.picture import PublishedDataset, PublishedSet, PublishedTable
from tianku.usecases.policy import decide
from tianku.usecases.products import product_page
from tianku.usecases.viewer import Viewer

if TYPE_CHECKING:
    from tianku.usecases.centre import Centre


class CentreSource:
    """Answers the pages from a centre; see `tianku.pages.ports.Source`."""

    def __init__(self, centre: Centre) -> None:
        self._centre = centre

    def site(self, principal: Principal) -> SiteView:
        """Return the installation with its collections and live numbers."""
        site = self._centre.site
        cards = self.datasets(principal)
        collections = [
            _collection_card(viewer_dataset, [c for c in cards if c.collection == name])
            for name, viewer_dataset in self._first_of_collections(principal).items()
        ]
        return SiteView(
            title=site.title,
            publisher=site.publisher,
            acknowledgement=site.acknowledgement,
            numbers=_sum(card.numbers for card in cards),
            collections=tuple(collections),
            version=__version__,
            authority=site.authority,
            contact=site.contact,
        )

    def datasets(self, principal: Principal) -> Sequence[DatasetCard]:
        """Return the datasets in order of collection and release, with their tables."""
        viewer = self._viewer(principal)
        return [dataset_card(viewer, one) for one in viewer.picture.visible(principal, viewer.now)]

    def dataset(self, principal: Principal, dataset: str) -> DatasetView:
        """Return one dataset."""
        viewer = self._viewer(principal)
        return dataset_view(viewer, viewer.published_dataset(dataset))

    def table(self, principal: Principal, dataset: str, name: str) -> TableView:
        """Return one table."""
        viewer = self._viewer(principal)
        owner = viewer.published_dataset(dataset)
        return table_view(viewer, owner, viewer.published_table(dataset, name, Level.EXISTENCE))

    def product(self, principal: Principal, dataset: str, product_set: str, key: str) -> ProductView:
        """Return one product."""
        viewer = self._viewer(principal)
        owner = viewer.published_dataset(dataset)
        one = viewer.published_set(dataset, product_set)
        page = product_page(self._centre, principal, dataset, product_set, key)
        return product_view(
            dataset_card(viewer, owner), set_card(viewer, one), page, access_view(viewer, one.rule)
        )

    def _viewer(self, principal: Principal) -> Viewer:
        return Viewer(self._centre.picture(), principal, time.time())

    def _first_of_collections(self, principal: Principal) -> dict[str, PublishedDataset]:
        viewer = self._viewer(principal)
        found: dict[str, PublishedDataset] = {}
        for one in viewer.picture.visible(principal, viewer.now):
            found.setdefault(one.config.collection, one)
        return found


def access_view(viewer: Viewer, rule: Rule) -> AccessView:
    """Return how open `rule` is for the viewer's principal and for everybody."""
    held = [level for level in Level if decide(viewer.principal, rule, level, viewer.now)]
    public = [level for level in Level if decide(ANONYMOUS, rule, level, viewer.now)]
    coming = [at for at in rule.public_from.values() if at > viewer.now]
    return AccessView(
        level=max(held, default=Level.EXISTENCE),
        public=max(public, default=Level.EXISTENCE),
        opens=max(coming, default=None),
        apply=Text(en=rule.apply or ""),
    )


def table_card(viewer: Viewer, one: PublishedTable) -> TableCard:
    """Return a table for lists."""
    access = access_view(viewer, one.rule)
    return TableCard(
        dataset=one.dataset,
        name=one.meta.name,
        qualified_name=one.meta.qualified_name,
        title=one.meta.title,
        description=one.meta.description,
        columns=tuple(c.name for c in one.meta.columns),
        rows=one.meta.nrows if access.rows else None,
        has_position=one.meta.main_position is not None,
        access=access,
    )


def set_card(viewer: Viewer, one: PublishedSet) -> SetCard:
    """Return a product set for lists."""
    access = access_view(viewer, one.rule)
    shown = one.manifest if access.rows else None
    return SetCard(
        name=one.name,
        type=one.manifest.type,
        title=one.config.title,
        description=one.config.description,
        products=shown.products if shown else None,
        parts=shown.parts if shown else None,
        files=shown.files if shown else None,
        bytes=shown.bytes if shown else None,
        services=(Service("DataLink", "/vo/datalink/links", Text(en="links to files", zh="文件链接")),),
        access=access,
    )


def dataset_card(viewer: Viewer, one: PublishedDataset) -> DatasetCard:
    """Return a dataset for lists."""
    tables = tuple(table_card(viewer, t) for t in one.tables.values() if _exists(viewer, t.rule))
    sets = [set_card(viewer, s) for s in one.sets.values() if _exists(viewer, s.rule)]
    numbers = Numbers(
        datasets=1,
        tables=len(tables),
        rows=sum(t.rows or 0 for t in tables),
        products=sum(s.products or 0 for s in sets),
        bytes=sum(s.bytes or 0 for s in sets),
    )
    public = one.config.released.public
    return DatasetCard(
        id=one.id,
        collection=one.config.collection,
        collection_title=one.collection.title,
        title=one.config.title or Text(en=one.id),
        description=one.config.description or one.collection.description,
        released=public.timestamp() if isinstance(public, datetime) else None,
        numbers=numbers,
        tables=tables,
        simulated=one.config.simulated,
        metadata_only=one.config.kind == "metadata-only",
        access=access_view(viewer, one.rule),
    )


def dataset_view(viewer: Viewer, one: PublishedDataset) -> DatasetView:
    """Return a dataset's landing page."""
    config, collection = one.config, one.collection
    sets = tuple(set_card(viewer, s) for s in one.sets.values() if _exists(viewer, s.rule))
    cited = config.citation if config.citation.text or config.citation.bibcode else collection.citation
    services = [Service("TAP", "/vo/tap", Text(en="queries in ADQL", zh="ADQL 查询"))]
    services += [_cone_service(t) for t in one.tables.values() if t.meta.main_position and _exists(viewer, t.rule)]
    return DatasetView(
        card=dataset_card(viewer, one),
        schema_name=one.schema_name,
        revision=one.revision,
        created=one.created,
        sets=sets,
        services=tuple(services),
        versions=_versions(viewer, one),
        creators=tuple(c.name for c in (config.creators or collection.creators)),
        citation=CitationView(cited.text, cited.bibcode, cited.doi, cited.cstr),
        acknowledgement=config.acknowledgement or collection.acknowledgement,
        licence=config.licence or collection.licence,
        links=tuple(Link(link.title, link.url) for link in (config.links or collection.links)),
        keywords=config.keywords or collection.keywords,
        facility=config.facility or collection.facility,
        instrument=config.instrument or collection.instrument,
        coverage=_coverage(viewer, one),
    )


def table_view(viewer: Viewer, owner: PublishedDataset, one: PublishedTable) -> TableView:
    """Return a table's page; statistics and coverage only where rows are open."""
    card = table_card(viewer, one)
    statistics = one.manifest.statistics if card.access.rows else {}
    configured = owner.config.tables.get(one.meta.name)
    return TableView(
        dataset=dataset_card(viewer, owner),
        card=card,
        meta=one.meta,
        columns=tuple(ColumnView(c, statistics.get(c.name)) for c in one.meta.columns),
        services=_table_services(one),
        coverage=one.manifest.moc if card.access.rows else None,
        product_set=configured.product.set if configured and configured.product else None,
        updated=owner.created,
    )


def _table_services(one: PublishedTable) -> tuple[Service, ...]:
    services = [Service("TAP", "/vo/tap", Text(en="queries in ADQL", zh="ADQL 查询"))]
    if one.meta.main_position is not None:
        services.append(_cone_service(one))
    return tuple(services)


def _cone_service(one: PublishedTable) -> Service:
    return Service("SCS", f"/vo/{one.dataset}/{one.meta.name}/scs", one.meta.title or Text(en=one.meta.name))


def _exists(viewer: Viewer, rule: Rule) -> bool:
    return decide(viewer.principal, rule, Level.EXISTENCE, viewer.now)


def _coverage(viewer: Viewer, one: PublishedDataset) -> str | None:
    mocs = [t.manifest.moc for t in one.tables.values() if t.manifest.moc and access_view(viewer, t.rule).rows]
    mocs += [s.manifest.moc for s in one.sets.values() if s.manifest.moc and access_view(viewer, s.rule).rows]
    return max(mocs, key=len, default=None)


def _versions(viewer: Viewer, one: PublishedDataset) -> tuple[VersionView, ...]:
    release = one.id.rpartition("/")[0]
    others = [
        d
        for d in viewer.picture.visible(viewer.principal, viewer.now)
        if release and d.id.rpartition("/")[0] == release
    ]
    superseded = {d.config.supersedes for d in others}
    return tuple(VersionView(d.id, d.id.rpartition("/")[2], d.id == one.id, d.id in superseded) for d in others)


def _collection_card(first: PublishedDataset, cards: Sequence[DatasetCard]) -> CollectionCard:
    return CollectionCard(
        id=first.config.collection,
        title=first.collection.title,
        description=first.collection.description,
        datasets=tuple(card.id for card in cards),
        numbers=_sum(card.numbers for card in cards),
    )


def _sum(numbers: Iterable[Numbers]) -> Numbers:
    total = Numbers()
    for one in numbers:
        total = Numbers(
            total.datasets + one.datasets,
            total.tables + one.tables,
            total.rows + one.rows,
            total.products + one.products,
            total.bytes + one.bytes,
        )
    return total
