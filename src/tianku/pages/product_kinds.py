"""What the page of a product shows by its type: the viewer, the formats offered, and the facts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tianku.model.text import Text
from tianku.pages.ports import Fact, Viewer
from tianku.pages.units import pretty
from tianku.pages.words import word
from tianku.products.index import IndexEntry
from tianku.usecases.products import ProductPage


@dataclass(frozen=True, slots=True)
class Kind:
    """One type of product.

    `viewer` is also the name of the API view that it draws; `formats` are suffixes of that view with
    their media types; `facts` get the parts of the main file.
    """

    viewer: Viewer
    formats: tuple[tuple[str, str], ...] = ()
    facts: Callable[[ProductPage, Sequence[IndexEntry]], list[Fact]] = lambda page, parts: []


def kind_of(page: ProductPage) -> Kind:
    """Return how products of the page's type are shown."""
    return _KINDS.get(page.one.manifest.type, _OTHER)


def number(value: float | None, digits: int) -> str:
    """Return a number to `digits` decimals, or nothing."""
    return "" if value is None else f"{value:.{digits}f}"


def _spectrum_facts(page: ProductPage, parts: Sequence[IndexEntry]) -> list[Fact]:
    flux = page.one.config.flux
    best = max((e.snr for e in parts if e.snr is not None), default=None)
    return [
        Fact(Text(en="Signal to noise", zh="信噪比"), number(best, 1)),
        Fact(Text(en="Flux calibration", zh="流量定标"), word(flux.calibration)),
        Fact(Text(en="Flux unit", zh="流量单位"), word(pretty(flux.unit)), spelled=flux.unit),
    ]


_OTHER = Kind("none")
_KINDS: dict[str, Kind] = {
    "spectrum": Kind(
        "spectrum",
        (
            ("vot", "application/x-votable+xml"),
            ("csv", "text/csv"),
            ("fits", "application/fits"),
            ("png", "image/png"),
        ),
        _spectrum_facts,
    ),
}
