"""A product's file as the caller may open it, with what the index and the configuration say of it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tianku.model.access import Level, Principal
from tianku.model.errors import NotFoundError
from tianku.products.joining import following
from tianku.products.preview.previewers import ProductFile
from tianku.products.spectrum import FluxInfo
from tianku.usecases.packed import plain_file
from tianku.usecases.policy import closed
from tianku.usecases.products import ProductPage, main_parts, product_file, product_page
from tianku.usecases.viewer import Viewer

if TYPE_CHECKING:
    from tianku.usecases.centre import Centre


@dataclass(frozen=True, slots=True)
class Opened:
    """A file to read, the type of its set, when the file last changed, and whether everybody may have it."""

    file: ProductFile
    kind: str
    mtime: float
    public: bool


def open_product(
    centre: Centre, principal: Principal, dataset: str, set_name: str, key: str, part: str | None = None
) -> Opened:
    """Return the main file of a product, or the table it is rows of, with the part that is wanted, or the first.

    Raises
    ------
    NotFoundError
        As `product_file`; ``products.no_part``.
    AuthError
        ``policy.closed``
    """
    page = product_page(centre, principal, dataset, set_name, key)
    one = page.one
    parts = main_parts(page)
    path, mtime = _place(centre, principal, page)
    chosen = next((e for e in parts if part is None or e.part == part), None)
    if chosen is None:
        known = ", ".join(e.part for e in parts)
        raise NotFoundError(
            "products.no_part", "{key} has no part {part!r}; it has: {known}", key=key, part=part, known=known
        )
    flux = FluxInfo.of(one.config.flux)
    layout = centre.picture().datasets[dataset].config.formats.get(one.config.format or "")
    file = ProductFile(path, chosen, parts, one.config, flux, _following(centre, page), layout)
    return Opened(file, one.manifest.type, mtime, page.public)


def _following(centre: Centre, page: ProductPage) -> tuple[Path, ...]:
    """The files that follow the main one in the product, in their order."""
    main = page.one.config.main
    places = [(following(entry.category, main), entry) for entry in page.entries]
    later = sorted((place, plain_file(centre, entry)) for place, entry in places if place and place > 1)
    return tuple(path for _, path in later)


def _place(centre: Centre, principal: Principal, page: ProductPage) -> tuple[Path, float]:
    """The main file and when it last changed; or the folder of the table that holds the rows, which never does."""
    one, parts = page.one, main_parts(page)
    if not parts or not parts[0].in_table:
        file = product_file(centre, principal, one.dataset, one.name, page.did.key, one.config.main, plain=True)
        return file.path, file.mtime
    if not page.open:
        raise closed(principal, one.rule, f"{one.dataset}/{one.name}")
    viewer = Viewer(centre.picture(), principal, centre.clock())
    table = viewer.published_table(one.dataset, parts[0].path, Level.DATA)
    return table.folder / "tables" / parts[0].path, 0.0
