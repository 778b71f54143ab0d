"""A product's page, and lists of products, from what the index and the file say."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import PurePath
from urllib.parse import quote

from tianku.model.text import Text
from tianku.pages.ports.cards import AccessView, CollectionCard, DatasetCard, SetCard
from tianku.pages.ports.products import Fact, FileView, PartView, ProductListView, ProductRow, ProductView
from tianku.pages.product_kinds import Kind, kind_of, number
from tianku.products.index import IndexEntry
from tianku.products.observed import Header
from tianku.products.preview.previewers import has_preview
from tianku.usecases.picture import PublishedSet
from tianku.usecases.products import ProductList, ProductPage, main_parts, media_type, obscore_text

_MJD_UNIX = 40587.0
#: formats that hold one part of a product
_TABLES = {"csv": "CSV", "vot": "VOTable"}
#: what files say where they know nothing
_NOTHING = frozenset({"", "Unknown", "Non", "null", "-9999"})


def product_view(
    dataset: DatasetCard,
    collection: CollectionCard,
    card: SetCard,
    page: ProductPage,
    header: Header,
    access: AccessView,
) -> ProductView:
    """Return the view of one product."""
    parts = main_parts(page) or page.entries
    first, kind = parts[0], kind_of(page)
    path = f"{page.one.dataset}/{page.one.name}/{quote(page.did.key)}"
    return ProductView(
        dataset=dataset,
        collection=collection,
        set=card,
        key=page.did.key,
        did=str(page.did),
        title=obscore_text(page.one, first, "target_name") or page.did.key,
        kind=_kind(header),
        facts=tuple(_facts(page, kind, parts)),
        parts=tuple(_part(e) for e in parts),
        files=(*_files(page, path), *_formats(kind, path)),
        data_url=f"/api/v1/products/{path}/{kind.viewer}" if kind.viewer != "none" and page.open else None,
        viewer=kind.viewer,
        preview=_preview(page.one, first.key, page.open),
        part_formats=_part_formats(kind) if page.open else (),
        ra=first.ra,
        dec=first.dec,
        access=access,
        header=tuple((name, _told(value)) for name, value in header.items() if value is not None),
    )


def list_view(
    dataset: DatasetCard, collection: CollectionCard, card: SetCard, found: ProductList
) -> ProductListView:
    """Return some products of a set."""
    rows = tuple(_row(found, entries) for entries in found.products)
    return ProductListView(dataset, collection, card, found.total, rows)


def _row(found: ProductList, entries: Sequence[IndexEntry]) -> ProductRow:
    parts = [e for e in entries if e.category == found.one.config.main] or list(entries)
    first = parts[0]
    return ProductRow(
        key=first.key,
        target=obscore_text(found.one, first, "target_name") or "",
        kind=obscore_text(found.one, first, "target_class") or "",
        ra=first.ra,
        dec=first.dec,
        start=_earliest(parts),
        exposure=first.t_exptime,
        snr=_best_snr(parts),
        parts=len(parts),
        preview=_preview(found.one, first.key, found.open),
    )


def _preview(one: PublishedSet, key: str, readable: bool) -> str | None:
    drawn = readable and has_preview(one.manifest.type)
    return f"/api/v1/products/{one.dataset}/{one.name}/{quote(key)}/preview.png" if drawn else None


def iso(mjd: float | None) -> str | None:
    """Return a UTC MJD as ISO text to the second."""
    if mjd is None:
        return None
    return datetime.fromtimestamp((mjd - _MJD_UNIX) * 86400.0, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _earliest(entries: Sequence[IndexEntry]) -> str | None:
    return iso(min((e.t_min for e in entries if e.t_min is not None), default=None))


def _best_snr(entries: Sequence[IndexEntry]) -> float | None:
    return max((e.snr for e in entries if e.snr is not None), default=None)


def _kind(header: Header) -> str:
    """Return class, subclass and redshift, as far as the pipeline found them."""
    said = [str(header[name]) for name in ("CLASS", "SUBCLASS") if header.get(name) is not None]
    words = [text for text in said if text.strip() not in _NOTHING]
    redshift = header.get("Z")
    if isinstance(redshift, int | float) and redshift > -1:  # the null sentinels are far below
        words.append(f"z = {redshift:.6f}")
    return " · ".join(words)


def _told(value: str | float | None) -> str:
    return {True: "T", False: "F"}[value] if isinstance(value, bool) else str(value)


def _facts(page: ProductPage, kind: Kind, parts: Sequence[IndexEntry]) -> list[Fact]:
    first = parts[0]
    facts = [
        Fact(Text(en="Start of observation", zh="观测开始"), _utc(_earliest(parts))),
        Fact(Text(en="Exposure time", zh="曝光时间"), number(first.t_exptime, 1), "s"),
        *kind.facts(page, parts),
        Fact(Text(en="File format", zh="文件格式"), first.layout or ""),
        Fact(Text(en="Checksum (SHA-256)", zh="校验和（SHA-256）"), first.sha256),
    ]
    return [fact for fact in facts if fact.value]


def _utc(moment: str | None) -> str:
    return f"{moment.removesuffix('Z').replace('T', ' ')} UTC" if moment else ""


def _part(entry: IndexEntry) -> PartView:
    return PartView(
        name=entry.part,
        kind=entry.part_kind or "single",
        band=entry.band or "",
        start=iso(entry.t_min),
        exposure=entry.t_exptime,
        snr=entry.snr,
        points=entry.em_xel if entry.em_xel is not None else entry.t_xel,
    )


def _files(page: ProductPage, path: str) -> list[FileView]:
    main = page.one.config.main
    return [
        FileView(
            name=PurePath(e.path).name,
            category=e.category,
            href=f"/download/{path}" + ("" if e.category == main else f"/{e.category}"),
            media_type=media_type(e.path),
            bytes=e.size,
        )
        for e in page.files
    ]


def _part_formats(kind: Kind) -> tuple[tuple[str, str], ...]:
    return tuple((suffix, _TABLES[suffix]) for suffix in sorted(_TABLES) if suffix in dict(kind.formats))


def _formats(kind: Kind, path: str) -> list[FileView]:
    stem = path.rpartition("/")[2]
    return [
        FileView(f"{stem}.{suffix}", suffix, f"/api/v1/products/{path}/{kind.viewer}.{suffix}", media)
        for suffix, media in kind.formats
    ]
