"""DataLink: what belongs to a product, as rows of links (DataLink 1.1)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote, urlencode

from tianku.adql.build import Condition, select
from tianku.adql.text import to_adql
from tianku.model.access import Principal
from tianku.model.errors import AuthError, NotFoundError, UsageError
from tianku.products.did import ProductId, parse_did
from tianku.products.index import IndexEntry
from tianku.products.preview.previewers import has_preview
from tianku.usecases.cutouts import CUTTERS, cuttable
from tianku.usecases.products import FITS, ProductPage, main_parts, media_type, product_page
from tianku.usecases.related import MeasuredRows, measured_rows, other_epochs
from tianku.usecases.releases import OtherRelease, other_releases

if TYPE_CHECKING:
    from tianku.usecases.centre import Centre

#: types of products that are given in formats of the VO too (their view has the name of the type), in words
_CONVERTED = {"spectrum": "spectrum", "timeseries": "light curve"}
#: what files of a category are to the product (IVOA vocabulary datalink/core); others are auxiliary
_SEMANTICS = {
    **dict.fromkeys(("preview", "png", "jpg", "jpeg"), "#preview"),
    **dict.fromkeys(("fits", "csv", "vot", "txt"), "#this"),  # the same in another format
    "weight": "#weight",
    "out": "#detached-header",
    "log": "#documentation",
}


#: identifiers of one request up to which what takes a query each (rows, other epochs) is looked for
SEARCHED = 20
_DATALINK = "application/x-votable+xml;content=datalink"


@dataclass(frozen=True, slots=True)
class Link:
    """One row; exactly one of `access_url` (a path of this site), `cutout` and `error_message` is set."""

    id: str
    semantics: str
    description: str = ""
    access_url: str | None = None
    error_message: str | None = None
    content_type: str | None = None
    content_length: int | None = None
    content_qualifier: str | None = None
    local_semantics: str | None = None
    link_auth: str | None = None
    link_authorized: bool | None = None
    cutout: CutoutService | None = None


@dataclass(frozen=True, slots=True)
class CutoutService:
    """The service that cuts the product, by which parameters, and within what it can, if that is told.

    `band` are vacuum wavelengths (m), `circle` is a centre and a radius that hold the product (ICRS degrees).
    """

    name: str
    parameters: frozenset[str]
    band: tuple[float, float] | None = None
    circle: tuple[float, float, float] | None = None


def links(centre: Centre, principal: Principal, ids: Sequence[str], within: str | None = None) -> Iterator[Link]:
    """Yield the links of each id, contiguously; an unknown id gives one row with its fault.

    What takes a query for each product is told for `SEARCHED` ids at most. `within` is a product set,
    ``<dataset>/<name>``: then ids are keys, and parts after a slash, of its products.
    """
    for number, one in enumerate(ids, 1):
        try:
            did = one if within is None else f"ivo://{centre.site.authority}/{within}?{one}"
            yield from _links(centre, principal, one, parse_did(did), number if len(ids) <= SEARCHED else None)
        except AuthError as error:
            yield Link(one, "#this", error_message=f"AuthorizationFault: {error.message}")
        except NotFoundError as error:
            yield Link(one, "#this", error_message=f"NotFoundFault: {error.message}")
        except UsageError as error:
            yield Link(one, "#this", error_message=f"UsageFault: {error.message}")


def _links(centre: Centre, principal: Principal, text: str, did: ProductId, number: int | None) -> Iterator[Link]:
    """`number` is that of the id among the few that are searched; None when there are many."""
    if did.authority.lower() != centre.site.authority.lower():
        raise NotFoundError("did.elsewhere", "{did} is not of this site", did=text)
    page = product_page(centre, principal, did.dataset, did.set, did.key)
    part = _part(page, did)
    yield from (_file_link(text, page, entry, part) for entry in page.files)
    if len(page.files) > 1:
        yield _package_link(text, page, did)
    if page.one.manifest.type in _CONVERTED:
        yield from _converted_links(text, page, did)
    if cuttable(page.one):
        yield _cutout_link(text, page, part, number)
    if has_preview(page.one.manifest.type):
        yield _preview_link(text, page, did)
    if part is not None:
        yield from _kin(text, page, did, part)
    yield from (_release_link(text, other, did) for other in other_releases(centre, principal, page))
    if number is not None:
        yield from (_rows_link(text, rows) for rows in measured_rows(centre, principal, page))
        yield from (_epoch_link(text, did, *epoch) for epoch in other_epochs(centre, principal, page))
    yield Link(
        text,
        "#documentation",
        "web page of the product",
        f"/data/{page.one.dataset}/products/{page.one.name}/{quote(did.key)}",
        content_type="text/html",
    )


def _part(page: ProductPage, did: ProductId) -> IndexEntry | None:
    if did.part is None:
        return None
    found = next((e for e in page.entries if e.part == did.part), None)
    if found is None:
        raise NotFoundError("products.no_part", "{key} has no part {part!r}", key=did.key, part=did.part)
    return found


def _file_link(text: str, page: ProductPage, entry: IndexEntry, part: IndexEntry | None) -> Link:
    is_main = entry.category == page.one.config.main
    semantics = "#this" if is_main else _SEMANTICS.get(entry.category, "#auxiliary")
    if part is not None and is_main:
        semantics = "#this"
    tail = "" if is_main else f"/{entry.category}"
    return Link(
        text,
        semantics,
        f"the {entry.category} file as published" + (", holding every part" if part is not None else ""),
        f"/download/{page.one.dataset}/{page.one.name}/{quote(page.did.key)}{tail}",
        content_type=media_type(entry.path),
        content_length=entry.size,
        local_semantics=entry.category,
        link_auth=None if page.public else "true",
        link_authorized=page.open,
    )


def _package_link(text: str, page: ProductPage, did: ProductId) -> Link:
    """All files of the product in one archive."""
    whole = ProductId(did.authority, did.dataset, did.set, did.key)
    return Link(
        text,
        "#package",
        "all files of the product as one archive",
        f"/download?{urlencode({'ids': str(whole), 'categories': 'all'})}",
        content_type="application/x-tar",
        link_auth=None if page.public else "true",
        link_authorized=page.open,
    )


def _converted_links(text: str, page: ProductPage, did: ProductId) -> Iterator[Link]:
    """The product in formats of the VO; it is itself the VOTable where there is no file of it."""
    view, name = page.one.manifest.type, _CONVERTED[page.one.manifest.type]
    first = "#derivation" if page.files else "#this"
    base = f"/api/v1/products/{page.one.dataset}/{page.one.name}/{quote(did.key)}"
    query = f"?{urlencode({'part': did.part})}" if did.part else ""
    for suffix, kind, semantics, words in (
        ("vot", "application/x-votable+xml", first, f"the {name} as VOTable"),
        ("csv", "text/csv", "#derivation", f"the {name} as CSV"),
    ):
        yield Link(
            text,
            semantics,
            words,
            f"{base}/{view}.{suffix}{query}",
            content_type=kind,
            link_auth=None if page.public else "true",
            link_authorized=page.open,
        )


def _cutout_link(text: str, page: ProductPage, part: IndexEntry | None, number: int | None) -> Link:
    return Link(
        text,
        "#cutout",
        "a part of it, cut out",
        content_type=FITS,
        link_auth=None if page.public else "true",
        link_authorized=page.open,
        cutout=_cutout_service(page, part, number),
    )


def _cutout_service(page: ProductPage, part: IndexEntry | None, number: int | None) -> CutoutService:
    """One of many products shares the service that tells no limits."""
    parameters = CUTTERS[page.one.manifest.type].parameters
    if number is None:
        return CutoutService("soda", parameters)
    parts = main_parts(page) if part is None else (part,)
    low = min((e.em_min for e in parts if e.em_min is not None), default=None)
    high = max((e.em_max for e in parts if e.em_max is not None), default=None)
    band = None if low is None or high is None else (low, high)
    first, several = parts[0], len({e.ext for e in parts}) > 1
    circle = None
    if not several and first.ra is not None and first.dec is not None and first.s_fov is not None:
        circle = (first.ra, first.dec, first.s_fov / 2)
    return CutoutService(f"soda_{number}", parameters, band, circle)


def _preview_link(text: str, page: ProductPage, did: ProductId) -> Link:
    query = f"?{urlencode({'part': did.part})}" if did.part else ""
    return Link(
        text,
        "#preview",
        "picture",
        f"/api/v1/products/{page.one.dataset}/{page.one.name}/{quote(page.did.key)}/preview.png{query}",
        content_type="image/png",
        link_auth=None if page.public else "true",
        link_authorized=page.open,
    )


def _kin(text: str, page: ProductPage, did: ProductId, part: IndexEntry) -> Iterator[Link]:
    """The exposures that a coadded part is made of, or the coadded part that an exposure went into."""
    base = f"/api/v1/products/{page.one.dataset}/{page.one.name}/{quote(did.key)}/spectrum.vot"
    wanted, semantics, words = {
        "coadd": ("exposure", "#progenitor", "single exposure"),
        "exposure": ("coadd", "#derivation", "coadded spectrum"),
    }.get(part.part_kind or "", (None, "", ""))
    for entry in page.entries:
        if wanted and entry.part_kind == wanted and entry.band == part.band and entry.path == part.path:
            yield Link(
                text,
                semantics,
                f"{words} {entry.part}",
                f"{base}?{urlencode({'part': entry.part})}",
                content_type="application/x-votable+xml",
                link_auth=None if page.public else "true",
                link_authorized=page.open,
            )


def _release_link(text: str, other: OtherRelease, did: ProductId) -> Link:
    """The links of the same product in another release: both are made of the same raw data."""
    state = "newer" if other.newer else "older"
    same = ", the same bytes" if other.identical else ""
    replaced = ", superseded" if other.superseded else ""
    return Link(
        text,
        "#coderived",
        f"links of the {state} release {other.page.one.dataset}{replaced}{same}",
        _links_path(ProductId(did.authority, other.page.one.dataset, other.page.one.name, did.key)),
        content_type=_DATALINK,
        local_semantics=f"{state}-release",
    )


def _rows_link(text: str, rows: MeasuredRows) -> Link:
    """What a catalogue says that was measured from the product."""
    query = to_adql(select(rows.table, where=[Condition(rows.column.name, "equal", (rows.value,))]))
    return Link(
        text,
        "#derivation",
        f"rows of the table {rows.table.qualified_name}",
        f"/vo/tap/sync?{urlencode({'LANG': 'ADQL', 'QUERY': query})}",
        content_type="application/x-votable+xml",
        local_semantics=rows.table.name,
    )


def _epoch_link(text: str, did: ProductId, name: str, key: str) -> Link:
    """The links of another observation of the same source."""
    return Link(
        text,
        "#counterpart",
        f"links of another observation of the same source, {name} {key}",
        _links_path(ProductId(did.authority, did.dataset, name, key)),
        content_type=_DATALINK,
        local_semantics="epoch",
    )


def _links_path(did: ProductId) -> str:
    return f"/vo/datalink/links?{urlencode({'ID': str(did)})}"
