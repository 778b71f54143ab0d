"""Previews of products: drawn once, kept in memory for the next list that shows them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from tianku.model.access import Principal
from tianku.model.errors import NotFoundError, UsageError
from tianku.products.preview.previewers import ProductFile, Size, has_preview, previewer
from tianku.products.spectrum import FluxInfo
from tianku.usecases.products import main_parts, product_file, product_page

if TYPE_CHECKING:
    from tianku.usecases.centre import Centre

#: the sizes offered, in px: what a list, a page and a big screen want
SIZES: dict[str, Size] = {"small": (240, 160), "medium": (640, 420), "large": (1000, 640)}


@dataclass(frozen=True, slots=True)
class Preview:
    """A PNG, and whether everybody may have it."""

    png: bytes
    public: bool


def preview(
    centre: Centre,
    principal: Principal,
    dataset: str,
    set_name: str,
    key: str,
    part: str | None = None,
    size: str = "medium",
    language: str = "en",
) -> Preview:
    """Return the preview of a product, or of one part of it.

    Raises
    ------
    UsageError
        ``preview.size``; what reading the file raises.
    NotFoundError
        As `product_file`; ``products.no_part``, ``products.no_preview``.
    AuthError
        ``policy.closed``
    """
    if size not in SIZES:
        raise UsageError(
            "preview.size", "no preview of size {size}; there are: {known}", size=size[:20], known=", ".join(SIZES)
        )
    page = product_page(centre, principal, dataset, set_name, key)
    one = page.one
    file = product_file(centre, principal, dataset, set_name, key, one.config.main)
    if not has_preview(one.manifest.type):
        raise NotFoundError("products.no_preview", "{name} has no previews", name=f"{dataset}/{set_name}")
    parts = main_parts(page)
    chosen = next((e for e in parts if part is None or e.part == part), None)
    if chosen is None:
        known = ", ".join(e.part for e in parts)
        raise NotFoundError(
            "products.no_part", "{key} has no part {part!r}; it has: {known}", key=key, part=part, known=known
        )
    flux = FluxInfo(one.config.flux.unit or None, one.config.flux.calibration)
    subject = _Subject(ProductFile(file.path, chosen, parts, one.config, flux), one.manifest.type, file.mtime)
    return Preview(_drawn(subject, SIZES[size], language), page.public)


class _Subject:
    """What a kept preview is known by: the bytes of the file, the part, and how the set is configured."""

    def __init__(self, file: ProductFile, kind: str, mtime: float) -> None:
        self.file, self.kind = file, kind
        self._known_by = (file.path, file.entry.sha256, mtime, file.entry.part, file.config.model_dump_json())

    def __hash__(self) -> int:
        return hash(self._known_by)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Subject) and self._known_by == other._known_by


@lru_cache(maxsize=1024)
def _drawn(subject: _Subject, size: Size, language: str) -> bytes:
    return previewer(subject.kind)(subject.file, size, language)
