"""Readers: files in, the product models out."""

from tianku.products.readers.source import DEFAULT_LIMITS, ReadLimits
from tianku.products.readers.spectra import read_spectrum

__all__ = ["DEFAULT_LIMITS", "ReadLimits", "read_spectrum"]
