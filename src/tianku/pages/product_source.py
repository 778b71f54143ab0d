"""A product's page from what the index and the file say."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import PurePath
from urllib.parse import quote

from tianku.model.text import Text
from tianku.pages.ports import AccessView, DatasetCard, Fact, FileView, PartView, ProductView, SetCard
from tianku.products.index import IndexEntry
from tianku.usecases.products import ProductPage, media_type

_MJD_UNIX = 40587.0
_FORMATS = (
    ("vot", "application/x-votable+xml"),
    ("csv", "text/csv"),
    ("fits", "application/fits"),
    ("png", "image/png"),
)


def product_view(dataset: DatasetCard, card: SetCard, page: ProductPage, access: AccessView) -> ProductView:
    """Return the view of one product."""
    first = page.entries[0]
    is_spectrum = page.one.manifest.type == "spectrum"
    path = f"{page.one.dataset}/{page.one.name}/{quote(page.did.key)}"
    return ProductView(
        dataset=dataset,
        set=card,
        key=page.did.key,
        did=str(page.did),
        title=page.did.key,
        facts=tuple(_facts(page, first)),
        parts=tuple(_part(e) for e in page.entries if e.category == page.one.config.main),
        files=(*_files(page, path), *(_formats(path) if is_spectrum else ())),
        data_url=f"/api/v1/products/{path}/spectrum" if is_spectrum and page.open else None,
        viewer="spectrum" if is_spectrum else "none",
        ra=first.ra,
        dec=first.dec,
        access=access,
    )


def iso(mjd: float | None) -> str | None:
    """Return a UTC MJD as ISO text to the second."""
    if mjd is None:
        return None
    return datetime.fromtimestamp((mjd - _MJD_UNIX) * 86400.0, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _facts(page: ProductPage, first: IndexEntry) -> list[Fact]:
    flux = page.one.config.flux
    starts = [e.t_min for e in page.entries if e.t_min is not None]
    facts = [
        Fact(Text(en="Publisher DID", zh="发布者标识"), str(page.did)),
        Fact(Text(en="Right ascension", zh="赤经"), _number(first.ra, 6), "deg"),
        Fact(Text(en="Declination", zh="赤纬"), _number(first.dec, 6), "deg"),
        Fact(Text(en="Start of observation", zh="观测开始"), iso(min(starts, default=None)) or ""),
        Fact(Text(en="Exposure time", zh="曝光时间"), _number(first.t_exptime, 1), "s"),
        Fact(Text(en="Flux calibration", zh="流量定标"), flux.calibration),
        Fact(Text(en="Flux unit", zh="流量单位"), flux.unit),
        Fact(Text(en="File format", zh="文件格式"), first.layout or ""),
        Fact(Text(en="Checksum (SHA-256)", zh="校验和（SHA-256）"), first.sha256),
    ]
    return [fact for fact in facts if fact.value]


def _number(value: float | None, digits: int) -> str:
    return "" if value is None else f"{value:.{digits}f}"


def _part(entry: IndexEntry) -> PartView:
    return PartView(
        name=entry.part,
        kind=entry.part_kind or "single",
        band=entry.band or "",
        start=iso(entry.t_min),
        exposure=entry.t_exptime,
        points=entry.em_xel,
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


def _formats(path: str) -> list[FileView]:
    return [
        FileView(
            f"{path.rpartition('/')[2]}.{suffix}", "format", f"/api/v1/products/{path}/spectrum.{suffix}", kind
        )
        for suffix, kind in _FORMATS
    ]
