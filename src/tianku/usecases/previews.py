"""Previews of products: drawn once, kept in memory for the next list that shows them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from tianku.model.access import Principal
from tianku.model.errors import NotFoundError, UsageError
from tianku.products.preview.previewers import THUMBNAIL, ProductFile, Size, has_preview, previewer
from tianku.usecases.opening import open_product

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
        As `open_product`; ``products.no_preview``.
    AuthError
        ``policy.closed``
    """
    if size not in SIZES:
        raise UsageError(
            "preview.size", "no preview of size {size}; there are: {known}", size=size[:20], known=", ".join(SIZES)
        )
    opened = open_product(centre, principal, dataset, set_name, key, part)
    if not has_preview(opened.kind):
        raise NotFoundError("products.no_preview", "{name} has no previews", name=f"{dataset}/{set_name}")
    subject = _Subject(opened.file, opened.kind, opened.mtime)
    return Preview(_drawn(subject, SIZES[size], language), opened.public)


class _Subject:
    """What a kept preview is known by: the bytes of the file, the part, and how set and records are configured."""

    def __init__(self, file: ProductFile, kind: str, mtime: float) -> None:
        self.file, self.kind = file, kind
        entry, layout = file.entry, file.record_format
        said = (file.config.model_dump_json(), layout.model_dump_json() if layout else None)
        self._known_by = (file.path, entry.key, entry.sha256, mtime, entry.part, file.following, *said)

    def __hash__(self) -> int:
        return hash(self._known_by)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Subject) and self._known_by == other._known_by


def _drawn(subject: _Subject, size: Size, language: str) -> bytes:
    """Thumbnails, of which a list shows many, are kept much longer than larger pictures."""
    draw = _thumbnail if size[0] < THUMBNAIL else _picture
    return draw(subject, size, language)


@lru_cache(maxsize=1024)
def _thumbnail(subject: _Subject, size: Size, language: str) -> bytes:
    return previewer(subject.kind)(subject.file, size, language)


@lru_cache(maxsize=32)
def _picture(subject: _Subject, size: Size, language: str) -> bytes:
    return previewer(subject.kind)(subject.file, size, language)
