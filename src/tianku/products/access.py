"""From an index entry to the product itself."""

from __future__ import annotations

from pathlib import Path

from tianku.model.errors import NotFoundError
from tianku.products.context import SetContext
from tianku.products.index import IndexEntry, ProductIndex
from tianku.products.readers import read_spectrum
from tianku.products.spectrum import Spectrum


def read_product(context: SetContext, entry: IndexEntry) -> Spectrum:
    """Read the spectrum of a file, with the units, calibration and mask bits that configuration gives it."""
    path = entry.file(context.originals or Path())
    return read_spectrum(path, context.config.reader, flux=context.flux, bits=context.bits)


def main_file(context: SetContext, index: ProductIndex, key: str) -> IndexEntry:
    """Return the entry of the file that carries the metadata (its first part).

    Raises
    ------
    NotFoundError
        ``products.no_product``.
    """
    for entry in index.find(key):
        if entry.category == context.config.main:
            return entry
    raise NotFoundError("products.no_product", "no product {key!r} in this set", key=key)
