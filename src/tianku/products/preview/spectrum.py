"""The preview of a spectrum: a labelled plot, or a bare curve."""

from __future__ import annotations

from tianku.products.plot import thumbnail, to_png
from tianku.products.preview.previewers import THUMBNAIL, ProductFile, Size
from tianku.products.readers.spectra import read_spectrum


def preview(file: ProductFile, size: Size, language: str) -> bytes:
    """Return the plot of one part; labels are English (units and names of the VO)."""
    found = read_spectrum(file.path, file.config.reader, flux=file.flux)
    part = file.entry.part or None
    if size[0] < THUMBNAIL:
        return thumbnail(found, part, *size)
    return to_png(found, part, *size)
