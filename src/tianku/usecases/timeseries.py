"""Light curves as the caller may have them, from files and from tables of epochs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tianku.model.access import Principal
from tianku.model.errors import NotFoundError
from tianku.products.curves import open_curves
from tianku.products.timeseries import TimeSeries
from tianku.usecases.opening import open_product

if TYPE_CHECKING:
    from tianku.usecases.centre import Centre


@dataclass(frozen=True, slots=True)
class OpenedCurves:
    """A product's light curves, and whether everybody may have them."""

    curves: TimeSeries
    public: bool


def timeseries(centre: Centre, principal: Principal, dataset: str, set_name: str, key: str) -> OpenedCurves:
    """Return the light curves of a product.

    Raises
    ------
    NotFoundError
        As `open_product`; ``products.no_timeseries``
    AuthError
        ``policy.closed``: the product, or the table that holds its rows.
    UsageError
        The file is at fault, or changed since it was published.
    """
    opened = open_product(centre, principal, dataset, set_name, key)
    if opened.kind != "timeseries":
        raise NotFoundError("products.no_timeseries", "{name} holds no light curves", name=f"{dataset}/{set_name}")
    return OpenedCurves(open_curves(opened.file.path, opened.file.parts, opened.file.config), opened.public)
