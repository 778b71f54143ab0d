"""What is published as lists show it, filtered by the policy."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime
from itertools import groupby

from tianku.model.access import ANONYMOUS, Level, Rule
from tianku.model.metadata import TableMeta, schema_name
from tianku.model.text import Text
from tianku.pages.ports.cards import AccessView, CollectionCard, DatasetCard, Numbers, Service, SetCard, TableCard
from tianku.usecases.picture import PublishedDataset, PublishedSet, PublishedTable
from tianku.usecases.policy import decide, partly
from tianku.usecases.products import ProductPage
from tianku.usecases.set_query import serves
from tianku.usecases.viewer import Viewer


def access_view(viewer: Viewer, rule: Rule) -> AccessView:
    """Return how open `rule` is for the viewer's principal and for everybody."""
    held = [level for level in Level if decide(viewer.principal, rule, level, viewer.now)]
    public = [level for level in Level if decide(ANONYMOUS, rule, level, viewer.now)]
    coming = [at for at in rule.public_from.values() if at > viewer.now]
    return AccessView(
        level=max(held, default=Level.EXISTENCE),
        public=max(public, default=Level.EXISTENCE),
        opens=max(coming, default=None),
        by_row=Level.DATA not in held and partly(viewer.principal, rule, Level.DATA, viewer.now),
        apply=Text(en=rule.apply or ""),
    )


def product_access(viewer: Viewer, page: ProductPage) -> AccessView:
    """Return how open one product is: its own instant counts where products open one by one."""
    whole = access_view(viewer, page.one.rule)
    level = Level.DATA if page.open else max(whole.level, Level.METADATA)
    return replace(whole, level=level, public=Level.DATA if page.public else whole.public, by_row=False)


def exists(viewer: Viewer, rule: Rule) -> bool:
    """Return whether the viewer's principal may know of what `rule` guards."""
    return decide(viewer.principal, rule, Level.EXISTENCE, viewer.now)


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
        words=" ".join(_column_words(one.meta)).lower(),
    )


def _column_words(meta: TableMeta) -> Iterator[str]:
    for column in meta.columns:
        yield from filter(None, (column.name, column.ucd, column.description.en, column.description.zh))


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
        services=_services(one),
        access=access,
    )


def _services(one: PublishedSet) -> tuple[Service, ...]:
    links = Service("DataLink", "/vo/datalink/links", Text(en="links to files", zh="文件链接"))
    search = Service("SSA", f"/vo/{one.dataset}/{one.name}/ssa", Text(en="search for spectra", zh="光谱检索"))
    sia = f"/vo/{one.dataset}/{one.name}/sia2/query"
    images = Service("SIA", sia, Text(en="search for images", zh="图像检索"))
    found = [service for service, protocol in ((search, "ssa"), (images, "sia")) if serves(one, protocol)]
    return (links, *found)


def dataset_card(viewer: Viewer, one: PublishedDataset) -> DatasetCard:
    """Return a dataset for lists."""
    tables = tuple(table_card(viewer, t) for t in one.tables.values() if exists(viewer, t.rule))
    sets = [set_card(viewer, s) for s in one.sets.values() if exists(viewer, s.rule)]
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


def collection_cards(viewer: Viewer, cards: Iterable[DatasetCard]) -> tuple[CollectionCard, ...]:
    """Return the collections of `cards`, which are in order of collection and release."""
    aliases = viewer.aliases()
    return tuple(
        _collection_card(viewer, name, tuple(members)[::-1], aliases.get(schema_name(name)))
        for name, members in groupby(cards, lambda card: card.collection)
    )


def _collection_card(
    viewer: Viewer, name: str, datasets: tuple[DatasetCard, ...], current: PublishedDataset | None
) -> CollectionCard:
    configs = [viewer.picture.datasets[card.id].config for card in datasets]
    collection = viewer.picture.datasets[datasets[0].id].collection
    return CollectionCard(
        id=name,
        title=collection.title,
        description=collection.description,
        datasets=datasets,
        numbers=total(card.numbers for card in datasets),
        current=current.id if current and len(datasets) > 1 else None,
        superseded=frozenset(config.supersedes for config in configs if config.supersedes),
    )


def total(numbers: Iterable[Numbers]) -> Numbers:
    """Return the sum of `numbers`."""
    found = list(numbers)
    return Numbers(
        datasets=sum(n.datasets for n in found),
        tables=sum(n.tables for n in found),
        rows=sum(n.rows for n in found),
        products=sum(n.products for n in found),
        bytes=sum(n.bytes for n in found),
    )
