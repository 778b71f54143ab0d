"""Which reader sees the products in a file, by type of product; loaded when a set needs it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from importlib import import_module

from tianku.model.config.products import ProductType
from tianku.products.context import SetContext
from tianku.products.observed import Observed
from tianku.products.readers.source import SourceFile

#: raises UsageError when the file is at fault: the reason of the reject report
Observer = Callable[[SetContext, SourceFile], Sequence[Observed]]

#: modules with a function ``observe``; importing all of them would be most of a worker's start
_MODULES: dict[ProductType, str] = {
    "image": "tianku.products.readers.observe_images",
    "spectrum": "tianku.products.readers.observe_spectra",
    "timeseries": "tianku.products.readers.observe_timeseries",
    "dynamic-spectrum": "tianku.products.readers.observe_dynamic",
    "other": "tianku.products.readers.observe_other",
}


@cache
def observer(kind: ProductType) -> Observer:
    """Return the function that sees the products of `kind` in a file."""
    observe: Observer = import_module(_MODULES.get(kind, _MODULES["other"])).observe
    return observe
