"""Products as the caller may have them: found by key, opened, sent."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from tianku.model.access import ANONYMOUS, Level, Principal
from tianku.model.errors import NotFoundError
from tianku.model.metadata import Bit
from tianku.model.text import Text
from tianku.products.did import ProductId
from tianku.products.index import IndexEntry, ProductIndex
from tianku.products.keys import canonical
from tianku.products.observed import Header
from tianku.products.readers.headers import file_header
from tianku.products.readers.spectra import read_spectrum
from tianku.products.spectrum import FluxInfo, Spectrum
from tianku.usecases.packed import plain_file
from tianku.usecases.picture import PublishedSet
from tianku.usecases.policy import closed, decide, row_open
from tianku.usecases.viewer import Viewer

if TYPE_CHECKING:
    from tianku.usecases.centre import Centre

FITS = "application/fits"
_MEDIA_TYPES = {
    ".fits": FITS,
    ".fit": FITS,
    ".fits.gz": FITS,
    ".fit.gz": FITS,
    ".fits.fz": FITS,
    ".csv": "text/csv",
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".vot": "application/x-votable+xml",
    ".txt": "text/plain",
    ".nc": "application/x-netcdf",
    ".cdf": "application/x-cdf",
    ".jp2": "image/jp2",
}


@dataclass(frozen=True, slots=True)
class FileToSend:
    """A file as it is kept, and what to say of it."""

    path: Path
    size: int
    mtime: float
    sha256: str
    media_type: str
    filename: str
    #: False when not everybody may have it
    public: bool = True
    #: where its first byte is in `path`
    offset: int = 0


@dataclass(frozen=True, slots=True)
class ProductPage:
    """One product: its rows in the index (one per part and file), and what it is part of."""

    did: ProductId
    dataset_title: Text
    one: PublishedSet
    entries: tuple[IndexEntry, ...]
    simulated: bool
    #: whether the caller may have files and spectra
    open: bool
    public: bool

    @property
    def files(self) -> tuple[IndexEntry, ...]:
        """One entry per file; none for what is rows of a table."""
        return tuple({e.path: e for e in reversed(self.entries) if not e.in_table}.values())[::-1]


@dataclass(frozen=True, slots=True)
class ProductList:
    """Some products of a set, in key order, each with its rows of the index."""

    one: PublishedSet
    #: products in the whole set, as far as the caller may know of them
    total: int
    products: tuple[tuple[IndexEntry, ...], ...]
    #: whether the caller may have files and previews
    open: bool = False


def media_type(path: str) -> str:
    """Return the media type that a file's name stands for."""
    name = path.lower()
    known = [kind for suffix, kind in _MEDIA_TYPES.items() if name.endswith(suffix)]
    return known[-1] if known else "application/octet-stream"


@lru_cache(maxsize=256)
def _index(path: Path) -> ProductIndex:
    return ProductIndex(path)


def product_page(centre: Centre, principal: Principal, dataset: str, set_name: str, key: str) -> ProductPage:
    """Return what is known of one product.

    Raises
    ------
    NotFoundError
        ``dataset.unknown``, ``set.unknown``, ``products.no_product``
    AuthError
        ``policy.closed`` when its metadata are closed to the caller.
    """
    viewer = Viewer(centre.picture(), principal, centre.clock())
    one = viewer.published_set(dataset, set_name, by_row=True)
    owner = viewer.picture.datasets[dataset]
    entries = tuple(_index(one.folder / one.manifest.index.path).find(key))
    instant = entries[0].public_from
    if not row_open(principal, one.rule, Level.METADATA, viewer.now, instant):
        raise NotFoundError("products.no_product", "no product {key!r} in this set", key=key)
    return ProductPage(
        did=ProductId(centre.site.authority, dataset, set_name, key),
        dataset_title=owner.config.title,
        one=one,
        entries=entries,
        simulated=owner.config.simulated,
        open=row_open(principal, one.rule, Level.DATA, viewer.now, instant),
        public=row_open(ANONYMOUS, one.rule, Level.DATA, viewer.now, instant),
    )


def main_parts(page: ProductPage) -> tuple[IndexEntry, ...]:
    """Return the parts in the file that carries the metadata, in its order."""
    return tuple(e for e in page.entries if e.category == page.one.config.main)


def main_media_type(one: PublishedSet) -> str:
    """Return the media type of the files that carry the metadata of a set, as its first product has it."""
    found = _index(one.folder / one.manifest.index.path).products(0, 1, None)
    names = [e.path for entries in found for e in entries if e.category == one.config.main and not e.in_table]
    return media_type(names[0] if names else "")


def product_list(
    centre: Centre, principal: Principal, dataset: str, set_name: str, offset: int, limit: int
) -> ProductList:
    """Return `limit` products of a set from number `offset` (0 = first) on.

    Raises
    ------
    NotFoundError
        ``dataset.unknown``, ``set.unknown``
    AuthError
        ``policy.closed`` when its metadata are closed to the caller.
    """
    viewer = Viewer(centre.picture(), principal, centre.clock())
    one = viewer.published_set(dataset, set_name, by_row=True)
    index = _index(one.folder / one.manifest.index.path)
    whole = decide(principal, one.rule, Level.METADATA, viewer.now)
    found = index.products(offset, limit, None if whole else viewer.now)
    total = one.manifest.products if whole else index.public(viewer.now)
    readable = decide(principal, one.rule, Level.DATA, viewer.now)
    return ProductList(one, total, tuple(tuple(entries) for entries in found), readable)


def obscore_text(one: PublishedSet, entry: IndexEntry, column: str) -> str | None:
    """Return the value of an ObsCore column that a header keyword, or the file's reader, gives; else None."""
    mapped = one.config.obscore.get(column)
    if mapped is None:
        return entry.target_name if column == "target_name" else None
    return entry.header.get(canonical(str(mapped)))


def product_file(
    centre: Centre,
    principal: Principal,
    dataset: str,
    set_name: str,
    key: str,
    category: str = "science",
    *,
    plain: bool = False,
) -> FileToSend:
    """Return the file of `category` of a product, for the caller to be sent; `plain`: to be opened by its path.

    Raises
    ------
    NotFoundError
        As `product_page`; ``products.no_file`` when the product has no such category; ``file.gone``.
    AuthError
        ``policy.closed``
    """
    page = product_page(centre, principal, dataset, set_name, key)
    if not page.open:
        raise closed(principal, page.one.rule, f"{dataset}/{set_name}")
    entry = next((e for e in page.entries if e.category == category and not e.in_table), None)
    if entry is None:
        raise NotFoundError(
            "products.no_file",
            "{key} has no file of category {category!r}; it has: {known}",
            key=key,
            category=category,
            known=", ".join(sorted({e.category for e in page.entries if not e.in_table})) or "none",
        )
    path = plain_file(centre, entry) if plain else entry.file(centre.originals)
    try:
        mtime = path.stat().st_mtime
    except OSError as error:
        raise NotFoundError(
            "file.gone", "The file {name} is not available.", name=Path(entry.path).name
        ) from error
    return FileToSend(
        path,
        entry.size,
        mtime,
        entry.sha256,
        media_type(entry.path),
        Path(entry.path).name,
        page.public,
        0 if plain else entry.offset or 0,
    )


def spectrum(
    centre: Centre, principal: Principal, dataset: str, set_name: str, key: str, part: str | None = None
) -> Spectrum:
    """Return a product read as a spectrum, or one part of it.

    Raises
    ------
    NotFoundError
        As `product_file`; ``products.no_part``, ``products.no_spectrum``
    AuthError
        ``policy.closed``
    """
    file = product_file(
        centre, principal, dataset, set_name, key, _main_category(centre, dataset, set_name), plain=True
    )
    one = centre.picture().datasets[dataset].sets[set_name]
    if one.manifest.type != "spectrum":
        raise NotFoundError("products.no_spectrum", "{name} holds no spectra", name=f"{dataset}/{set_name}")
    found = read_spectrum(file.path, one.config.reader, flux=_flux(one), bits=_bits(centre, one))
    if part is None:
        return found
    chosen = found.part(part)
    if chosen is None:
        raise NotFoundError(
            "products.no_part",
            "{key} has no part {part!r}; it has: {known}",
            key=key,
            part=part,
            known=", ".join(p.name for p in found.parts),
        )
    return Spectrum(found.header, found.layout, (chosen,), found.ra, found.dec, found.notes)


def product_header(centre: Centre, principal: Principal, page: ProductPage) -> Header:
    """Return the header of a product's file; empty where it is closed or the file has none.

    Raises
    ------
    NotFoundError
        As `product_file`.
    """
    if not page.open or not page.files:
        return {}
    one = page.one
    file = product_file(centre, principal, one.dataset, one.name, page.did.key, one.config.main, plain=True)
    parts = main_parts(page)
    layout = centre.picture().datasets[one.dataset].config.formats.get(one.config.format or "")
    if layout is not None:
        return file_header(file.path, layout=layout)
    return _header(file.path, file.sha256, file.mtime, one.manifest.type, one.config.reader, parts[0].ext)


@lru_cache(maxsize=512)
def _header(path: Path, sha256: str, mtime: float, kind: str, reader: str, ext: int | None) -> Header:
    """Headers of files lately looked at; `sha256` and `mtime` tell a file that was replaced."""
    return read_spectrum(path, reader).header if kind == "spectrum" else file_header(path, ext)


def _main_category(centre: Centre, dataset: str, set_name: str) -> str:
    owner = centre.picture().datasets.get(dataset)
    one = owner.sets.get(set_name) if owner else None
    return one.config.main if one else "science"


def _flux(one: PublishedSet) -> FluxInfo:
    return FluxInfo.of(one.config.flux)


def _bits(centre: Centre, one: PublishedSet) -> dict[str, tuple[Bit, ...]]:
    named = centre.picture().datasets[one.dataset].collection.bits
    return {mask: named[bits] for mask, bits in one.config.masks.items() if bits in named}
