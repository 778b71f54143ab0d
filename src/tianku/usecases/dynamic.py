"""Dynamic spectra as the caller may look at them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tianku.model.access import Principal
from tianku.model.errors import NotFoundError
from tianku.products.dynamic import DynamicSpectrum
from tianku.products.dynamic_open import open_dynamic
from tianku.usecases.opening import open_product

if TYPE_CHECKING:
    from tianku.usecases.centre import Centre


@dataclass(frozen=True, slots=True)
class OpenedDynamic:
    """A dynamic spectrum, and whether everybody may have it."""

    spectrum: DynamicSpectrum
    public: bool


def dynamic(centre: Centre, principal: Principal, dataset: str, set_name: str, key: str) -> OpenedDynamic:
    """Return a product read as a dynamic spectrum.

    Raises
    ------
    NotFoundError
        As `open_product`; ``products.no_dynamic``
    AuthError
        ``policy.closed``
    UsageError
        A file is at fault, or changed since it was published.
    """
    opened = open_product(centre, principal, dataset, set_name, key)
    if opened.kind != "dynamic-spectrum":
        raise NotFoundError("products.no_dynamic", "{name} holds no dynamic spectra", name=f"{dataset}/{set_name}")
    return OpenedDynamic(open_dynamic(opened.file), opened.public)
