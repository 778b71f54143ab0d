"""Images cut to a region of the sky, with the masks and weights that belong to them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

from tianku.model.access import Principal
from tianku.model.errors import LimitError, NotFoundError, UsageError
from tianku.planner.outlines import outlines
from tianku.planner.regions import Shape
from tianku.products.celestial import Celestial, celestial
from tianku.products.did import ProductId
from tianku.products.image_cut import ImageCut, to_fits
from tianku.products.image_window import Window, window_of
from tianku.products.index import IndexEntry
from tianku.products.readers.fits_cards import CARD, Buffer
from tianku.products.readers.image_hdus import ImageHdu, image_hdus, opened
from tianku.usecases.policy import closed
from tianku.usecases.products import ProductPage, main_parts, product_file, product_page

if TYPE_CHECKING:
    from tianku.usecases.centre import Centre

#: pixels of one cutout, all its images together
MOST_PIXELS = 1 << 28


def cut_images(
    centre: Centre, principal: Principal, did: ProductId, region: Shape | None
) -> Iterable[bytes] | None:
    """Return FITS of the images of a product, or the one that `did` names, where a region lies; None for nowhere.

    Raises
    ------
    NotFoundError
        As `product_file`; ``products.no_part``.
    UsageError
        ``soda.no_sky``, ``soda.picture``; what reading the file raises.
    LimitError
        ``soda.too_large``
    AuthError
        ``policy.closed``
    """
    page = product_page(centre, principal, did.dataset, did.set, did.key)
    if not page.open:
        raise closed(principal, page.one.rule, f"{did.dataset}/{did.set}")
    wanted = [entry for entry in _images(page, did) if region is None or _overlaps(entry, region)]
    cuts: list[ImageCut] = []
    for entry in wanted:
        cuts += _cut(centre, principal, page, entry, region)
    if not cuts:
        return None
    pixels = sum(cut.window.pixels * prod(cut.hdu.shape[:-2]) for cut in cuts)
    if pixels > MOST_PIXELS:
        raise LimitError(
            "soda.too_large",
            "The cutout has {pixels} pixels; at most {limit} are cut at once. Ask for a smaller region.",
            pixels=pixels,
            limit=MOST_PIXELS,
        )
    return to_fits(cuts, [f"Cut out of {did}", *map(_section, cuts)])


def _section(cut: ImageCut) -> str:
    window = cut.window
    pixels = f"[{window.x0 + 1}:{window.x1},{window.y0 + 1}:{window.y1}]"
    return f"Pixels {pixels} of HDU {cut.hdu.number}{f' ({cut.name})' if cut.name else ''}"


def _images(page: ProductPage, did: ProductId) -> list[IndexEntry]:
    """The wanted images, each once: exposures of one plate are the same image."""
    parts = main_parts(page)
    found = [entry for entry in parts if did.part is None or entry.part == did.part]
    if not found:
        known = ", ".join(entry.part for entry in parts)
        raise NotFoundError(
            "products.no_part",
            "{key} has no part {part!r}; it has: {known}",
            key=did.key,
            part=did.part,
            known=known,
        )
    if any(entry.ext is None for entry in found):
        raise UsageError("soda.picture", "{key} is a picture, not FITS: it cannot be cut.", key=did.key)
    return list({entry.ext: entry for entry in found}.values())


def _overlaps(entry: IndexEntry, region: Shape) -> bool:
    """Whether the outline in the index meets a region; no file is opened for that."""
    if entry.s_region is None:
        raise UsageError(
            "soda.no_sky", "{key} has no celestial coordinates: it cannot be cut by position.", key=entry.key
        )
    nowhere = pa.nulls(1, pa.float64())
    return bool(region.overlaps(outlines(pa.array([entry.s_region]), nowhere, nowhere))[0])


def _cut(
    centre: Centre, principal: Principal, page: ProductPage, entry: IndexEntry, region: Shape | None
) -> Iterator[ImageCut]:
    """The window of an image, and the same pixels of its companions."""
    one = page.one

    def path_of(category: str) -> Path:
        return product_file(centre, principal, one.dataset, one.name, entry.key, category, plain=True).path

    path = path_of(one.config.main)
    buffer = opened(path)
    hdu = image_hdus(buffer, entry.ext)[0]
    detail = json.loads(entry.detail) if entry.detail else {}
    cards = str(detail.get("wcs") or "")
    window = _window(entry, hdu, cards, region)
    if window is None:
        return
    yield ImageCut(path, buffer, hdu, window, None, cards if _foreign(cards, hdu.wcs) else None)
    for category in (e.category for e in page.entries if e.category in one.config.companions):
        beside = path_of(category)
        content = opened(beside)
        same = _same_image(content, hdu, one.config.companions[category].ext)
        if same is not None:
            name = f"{hdu.name}-{category}" if hdu.name else category
            yield ImageCut(beside, content, same, window, name.upper())


def _window(entry: IndexEntry, hdu: ImageHdu, cards: str, region: Shape | None) -> Window | None:
    ny, nx = hdu.shape[-2:]
    if region is None:
        return Window(0, nx, 0, ny)
    sky = _celestial(cards)
    if sky is None:  # an outline from a logbook says not which way the pixels run
        raise UsageError(
            "soda.no_sky", "{key} has no celestial coordinates: it cannot be cut by position.", key=entry.key
        )
    return window_of(sky, nx, ny, entry.s_pixel_scale or 1.0, region.border(), region.holds)


@lru_cache(maxsize=256)
def _celestial(cards: str) -> Celestial | None:
    return celestial(cards)


def _foreign(cards: str, own: str) -> bool:
    """Whether coordinates come from elsewhere than the image's header, as from a file beside it."""
    said = {own[i : i + CARD] for i in range(0, len(own), CARD)}
    found = (cards[i : i + CARD] for i in range(0, len(cards), CARD))
    return any(card not in said for card in found if not card.startswith("NAXIS"))


def _same_image(buffer: Buffer, hdu: ImageHdu, ext: str | int | None) -> ImageHdu | None:
    """The image of a companion that has the pixels of `hdu`: of its name, the only one, or in the same place."""
    alike = [one for one in image_hdus(buffer, "each" if ext is None else ext) if one.shape[-2:] == hdu.shape[-2:]]
    named: Sequence[ImageHdu] = [one for one in alike if hdu.name and one.name == hdu.name] or alike
    return named[0] if len(named) == 1 else next((one for one in alike if one.number == hdu.number), None)
