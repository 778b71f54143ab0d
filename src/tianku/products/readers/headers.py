"""The header of a file of any kind, for people to read."""

from __future__ import annotations

from pathlib import Path

from tianku.products.observed import Header
from tianku.products.readers.fits_cards import fits_hdus
from tianku.products.readers.image_hdus import content
from tianku.products.readers.raster import is_raster, read_raster
from tianku.products.readers.source import SourceFile


def file_header(path: Path, ext: int | None = None) -> Header:
    """Return the primary header and that of HDU `ext`, whose values win; nothing for a file without headers."""
    if is_raster(path):
        return read_raster(path).cards
    buffer = content(SourceFile(path))
    if buffer[:6] != b"SIMPLE":
        return {}
    hdus = fits_hdus(buffer)
    chosen = hdus[ext] if ext is not None and ext < len(hdus) else hdus[0]
    return {**hdus[0].cards, **chosen.cards}
