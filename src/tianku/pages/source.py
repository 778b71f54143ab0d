"""The published picture as pages want it: plain views, filtered by the policy."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from tianku.model.access import Level, Principal
from tianku.model.errors import TiankuError
from tianku.model.text import Text
from tianku.pages.cards import access_view, exists, product_access, set_card, table_card
from tianku.pages.catalogue import CatalogueView, catalogue_view, span
from tianku.pages.coverage import point, union
from tianku.pages.downloads import DownloadsView, downloads_view
from tianku.pages.ports.cards import CollectionCard, DatasetCard, Link, Service, SiteView
from tianku.pages.ports.datasets import (
    CitationView,
    ColumnView,
    DatasetView,
    DifferenceView,
    Related,
    TableView,
    VersionView,
)
from tianku.pages.ports.products import EpochsView, ProductListView, ProductView, ReleaseView
from tianku.pages.product_source import list_view, product_view
from tianku.pages.shown import Shown, ShownCache, make_shown
from tianku.products.observed import Header
from tianku.usecases import difference as use
from tianku.usecases.datasets import Wanted, children, parent, search
from tianku.usecases.downloads import offered
from tianku.usecases.epochs import siblings
from tianku.usecases.jobs.operation import Desk
from tianku.usecases.picture import PublishedDataset, PublishedTable
from tianku.usecases.products import ProductPage, product_header, product_list, product_page
from tianku.usecases.releases import other_releases
from tianku.usecases.viewer import Viewer

if TYPE_CHECKING:
    from tianku.usecases.centre import Centre

log = logging.getLogger(__name__)


class CentreSource:
    """Answers the pages from a centre; see `tianku.pages.ports.source.Source`."""

    def __init__(self, centre: Centre) -> None:
        self._centre = centre
        self._shown = ShownCache(lambda viewer: make_shown(centre, viewer))

    def desk(self) -> Desk:
        """Return where jobs are prepared."""
        return self._centre

    def site(self, principal: Principal) -> SiteView:
        """Return the installation with its collections and live numbers."""
        return self._shown.get(self._viewer(principal)).site

    def datasets(self, principal: Principal) -> Sequence[DatasetCard]:
        """Return the datasets in order of collection and release, with their tables."""
        return list(self._shown.get(self._viewer(principal)).datasets.values())

    def catalogue(self, principal: Principal, wanted: Wanted) -> CatalogueView:
        """Return what is wanted of the catalogue of data sets."""
        viewer = self._viewer(principal)
        shown = self._shown.get(viewer)
        return catalogue_view(search(shown.entries, wanted), shown.datasets, shown.site.collections)

    def downloads(self, principal: Principal, dataset: str) -> DownloadsView:
        """Return what can be downloaded of one dataset."""
        viewer = self._viewer(principal)
        one = viewer.published_dataset(dataset)
        card, collection = self._owner(viewer, dataset)
        sets = [set_card(viewer, s) for s in one.sets.values() if s.manifest.tree and exists(viewer, s.rule)]
        return downloads_view(card, collection, offered(self._centre, viewer, one), sets)

    def collection(self, principal: Principal, name: str) -> CollectionCard:
        """Return one collection."""
        return self._shown.get(self._viewer(principal)).collection(name)

    def dataset(self, principal: Principal, dataset: str) -> DatasetView:
        """Return one dataset."""
        viewer = self._viewer(principal)
        return _dataset_view(viewer, self._shown.get(viewer), viewer.published_dataset(dataset))

    def table(self, principal: Principal, dataset: str, name: str) -> TableView:
        """Return one table."""
        viewer = self._viewer(principal)
        one = viewer.published_table(dataset, name, Level.EXISTENCE)
        return _table_view(viewer, self._shown.get(viewer), one)

    def product(self, principal: Principal, dataset: str, product_set: str, key: str) -> ProductView:
        """Return one product."""
        viewer = self._viewer(principal)
        page = product_page(self._centre, principal, dataset, product_set, key)
        header = self._header(principal, page)
        card, collection = self._owner(viewer, dataset)
        access = product_access(viewer, page)
        view = product_view(card, collection, set_card(viewer, page.one), page, header, access)
        return replace(view, releases=self._releases(principal, page), **self._epochs(principal, page))

    def _releases(self, principal: Principal, page: ProductPage) -> tuple[ReleaseView, ...]:
        return tuple(
            ReleaseView(one.page.one.dataset, one.page.dataset_title, one.newer, one.superseded, one.identical)
            for one in other_releases(self._centre, principal, page)
        )

    def _epochs(self, principal: Principal, page: ProductPage) -> dict[str, Any]:
        found = siblings(self._centre, principal, page.one.dataset, page.one.name, page.did.key)
        if found is None:
            return {}
        epochs = tuple(EpochsView(one.link.set, one.keys) for one in found.epochs if one.link)
        return {"source": found.uid, "epochs": epochs}

    def products(
        self, principal: Principal, dataset: str, product_set: str, offset: int, limit: int
    ) -> ProductListView:
        """Return `limit` products of a set from number `offset` on."""
        viewer = self._viewer(principal)
        found = product_list(self._centre, principal, dataset, product_set, offset, limit)
        card, collection = self._owner(viewer, dataset)
        return list_view(card, collection, set_card(viewer, found.one), found)

    def latest(self, principal: Principal, prefix: str) -> str:
        """Return the id of the newest readable dataset of a collection or release."""
        return self._viewer(principal).newest(prefix).id

    def difference(
        self, principal: Principal, dataset: str, other: str, table: str | None, offset: int, limit: int
    ) -> DifferenceView:
        """Return what changed from `other` to `dataset`."""
        viewer = self._viewer(principal)
        tables = use.dataset_difference(self._centre, principal, dataset, other)
        card, collection = self._owner(viewer, tables.dataset)
        view = DifferenceView(card, collection, self._shown.get(viewer).card(tables.other), tables)
        if table is None:
            return view
        found = use.table_difference(self._centre, principal, dataset, other, table)
        with use.changes(self._centre, principal, dataset, other, table, offset=offset, maxrec=limit) as answer:
            rows = [row for batch in answer.batches() for row in batch.to_pylist()]
        lines = tuple(tuple("" if v is None else str(v) for v in row.values()) for row in rows)
        return replace(view, found=found, lines=lines, more=answer.overflowed)

    def _header(self, principal: Principal, page: ProductPage) -> Header:
        try:
            return product_header(self._centre, principal, page)
        except (TiankuError, OSError):
            # The index knows enough for a page; what is wrong with the file is told by the viewer in it.
            log.exception("the header of %s cannot be read", page.did)
            return {}

    def _owner(self, viewer: Viewer, dataset: str) -> tuple[DatasetCard, CollectionCard]:
        shown = self._shown.get(viewer)
        card = shown.card(dataset)
        return card, shown.collection(card.collection)

    def _viewer(self, principal: Principal) -> Viewer:
        return Viewer(self._centre.picture(), principal, self._centre.clock())


def _dataset_view(viewer: Viewer, shown: Shown, one: PublishedDataset) -> DatasetView:
    """Return a dataset's landing page."""
    config, collection = one.config, one.collection
    card = shown.card(one.id)
    cited = config.citation if config.citation.text or config.citation.bibcode else collection.citation
    services = [_TAP] if one.tables else []
    services += [_cone_service(t) for t in one.tables.values() if t.searched_by_cone and exists(viewer, t.rule)]
    return DatasetView(
        card=card,
        collection=shown.collection(card.collection),
        schema_name=one.schema_name,
        revision=one.revision,
        created=one.created,
        sets=tuple(set_card(viewer, s) for s in one.sets.values() if exists(viewer, s.rule)),
        services=tuple(services),
        versions=_versions(shown.collection(card.collection), one),
        creators=tuple(c.name for c in (config.creators or collection.creators)),
        citation=CitationView(cited.text, cited.bibcode, cited.doi, cited.cstr),
        acknowledgement=config.acknowledgement or collection.acknowledgement,
        licence=config.licence or collection.licence,
        links=tuple(Link(link.title, link.url) for link in (config.links or collection.links)),
        keywords=config.keywords or collection.keywords,
        facility=config.facility or collection.facility,
        instrument=config.instrument or collection.instrument,
        coverage=union(_coverages(viewer, one)),
        years=span(config.years or collection.years),
        wavebands=config.waveband or collection.waveband,
        parent=_related(shown, parent(viewer, one)),
        children=tuple(Related(child.id, shown.card(child.id).title) for child in children(viewer, one)),
    )


def _related(shown: Shown, name: str | None) -> Related | None:
    """Return a visible dataset or collection with its title."""
    if name is None:
        return None
    card = shown.datasets.get(name)
    return Related(name, card.title if card else shown.collection(name).title)


def _table_view(viewer: Viewer, shown: Shown, one: PublishedTable) -> TableView:
    """Return a table's page; statistics and coverage only where rows are open."""
    owner = viewer.picture.datasets[one.dataset]
    card, dataset = table_card(viewer, one), shown.card(one.dataset)
    statistics = one.manifest.statistics if card.access.rows else {}
    configured = owner.config.tables.get(one.meta.name)
    link = configured.product if configured else None
    coverage = one.manifest.moc if card.access.rows else None
    return TableView(
        dataset=dataset,
        collection=shown.collection(dataset.collection),
        card=card,
        meta=viewer.meta(one),
        columns=tuple(ColumnView(c, statistics.get(c.name)) for c in one.meta.columns),
        services=(_TAP, _cone_service(one)) if one.searched_by_cone else (_TAP,),
        coverage=coverage,
        product_set=link.set if link else None,
        product_key=link.key if link else None,
        coverage_point=point(coverage) if one.meta.main_position is not None else None,
        updated=owner.created,
    )


_TAP = Service("TAP", "/vo/tap", Text(en="queries in ADQL", zh="ADQL 查询"))


def _cone_service(one: PublishedTable) -> Service:
    return Service("SCS", f"/vo/{one.dataset}/{one.meta.name}/scs", one.meta.title or Text(en=one.meta.name))


def _coverages(viewer: Viewer, one: PublishedDataset) -> tuple[str, ...]:
    owners = (o for o in one.owners() if access_view(viewer, o.rule).rows)
    return tuple(dict.fromkeys(o.manifest.moc for o in owners if o.manifest.moc))


def _versions(collection: CollectionCard, one: PublishedDataset) -> tuple[VersionView, ...]:
    """Return the other versions of the release, newest first."""
    release = one.id.rpartition("/")[0]
    if release.count("/") != 1:
        return ()
    others = [d.id for d in collection.datasets if d.id.startswith(f"{release}/") and d.id != one.id]
    return tuple(
        VersionView(d, d.rpartition("/")[2], d == collection.current, d in collection.superseded) for d in others
    )
