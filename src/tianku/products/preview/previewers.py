"""Which module draws the preview of a product, by type of product; loaded when it is asked for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pathlib import Path

from tianku.model.config.formats import RecordFormat
from tianku.model.config.products import ProductConfig
from tianku.products.index import IndexEntry
from tianku.products.spectrum import FluxInfo

Size = tuple[int, int]


@dataclass(frozen=True, slots=True)
class ProductFile:
    """A product's file and what is known of it, for whatever opens it.

    Attributes
    ----------
    path
        The file of the main category.
    entry
        The index row of the part that is wanted, or of the first.
    parts
        The index rows of all parts in the main file, in its order.
    following
        The files that follow the main one in a product of consecutive files.
    record_format
        The layout of its records, for ``reader: binary``.
    """

    path: Path
    entry: IndexEntry
    parts: tuple[IndexEntry, ...]
    config: ProductConfig
    flux: FluxInfo
    following: tuple[Path, ...] = ()
    record_format: RecordFormat | None = None


#: draws ``file.entry`` into a PNG no larger than the size (px), with words in the language (``en``, ``zh``);
#: small sizes carry no words. Raises UsageError when the file is at fault
Previewer = Callable[[ProductFile, Size, str], bytes]

#: below this width a preview is a thumbnail: no axes, no words
THUMBNAIL = 320

#: modules with a function ``preview``
_MODULES: dict[str, str] = {
    "dynamic-spectrum": "tianku.products.preview.dynamic",
    "image": "tianku.products.preview.image",
    "spectrum": "tianku.products.preview.spectrum",
    "timeseries": "tianku.products.preview.timeseries",
}


def has_preview(kind: str) -> bool:
    """Whether products of type `kind` are drawn."""
    return kind in _MODULES


@cache
def previewer(kind: str) -> Previewer:
    """Return the function that draws products of type `kind` (`KeyError` when there is none)."""
    draw: Previewer = import_module(_MODULES[kind]).preview
    return draw
