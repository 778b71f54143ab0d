"""Products cut to what a caller wants of them: one cutter per type of product."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from tianku.model.access import Principal
from tianku.model.errors import NotFoundError, UsageError
from tianku.planner.regions import Shape
from tianku.products.cutting import cut_spectrum
from tianku.products.did import ProductId
from tianku.products.render import to_fits
from tianku.products.spectrum_votable import to_votable
from tianku.usecases.cut_images import cut_images
from tianku.usecases.picture import PublishedSet
from tianku.usecases.products import FITS, product_page, spectrum

if TYPE_CHECKING:
    from tianku.usecases.centre import Centre

PROTOCOL = "soda"
Form = Literal["fits", "votable"]
MEDIA_TYPES: dict[Form, str] = {"fits": FITS, "votable": "application/x-votable+xml"}


@dataclass(frozen=True, slots=True)
class Cut:
    """What is wanted of a product; `band` are vacuum wavelengths (m), None for all; `region` likewise."""

    form: Form = "fits"
    band: tuple[float, float] | None = None
    region: Shape | None = None


@dataclass(frozen=True, slots=True)
class Cutout:
    """A part of a product, in pieces of its file; `public` when everybody may have it."""

    pieces: Iterable[bytes]
    media_type: str
    filename: str
    public: bool


@dataclass(frozen=True, slots=True)
class Cutter:
    """How products of one type are cut: by which parameters, and the function, which gives None for nothing.

    Arguments of `cut` are the centre, who asks, the product, and what is wanted.
    """

    parameters: frozenset[str]
    cut: Callable[[Centre, Principal, ProductId, Cut], Iterable[bytes] | None]


def _cut_spectrum(centre: Centre, principal: Principal, did: ProductId, cut: Cut) -> Iterable[bytes] | None:
    found = spectrum(centre, principal, did.dataset, did.set, did.key, did.part)
    kept = found if cut.band is None else cut_spectrum(found, *cut.band)
    if kept is None:
        return None
    if cut.form == "fits":
        return [to_fits(kept)]
    if len(kept.parts) > 1:
        raise UsageError(
            "soda.several",
            "{id} has {count} parts there: {parts}; name one in ID (…/part), or ask for FITS.",
            id=str(did),
            count=len(kept.parts),
            parts=", ".join(part.name for part in kept.parts),
        )
    return to_votable(kept)


def _cut_image(centre: Centre, principal: Principal, did: ProductId, cut: Cut) -> Iterable[bytes] | None:
    if cut.form != "fits":
        raise UsageError("soda.image_format", "Images are cut to fits, not to {format}.", format=cut.form)
    return cut_images(centre, principal, did, cut.region)


#: by type of product set
CUTTERS: dict[str, Cutter] = {
    "image": Cutter(frozenset({"CIRCLE", "POLYGON", "POS"}), _cut_image),
    "spectrum": Cutter(frozenset({"BAND"}), _cut_spectrum),
}


def cuttable(one: PublishedSet) -> bool:
    """Return whether products of a set can be cut."""
    return PROTOCOL in one.config.protocols and one.manifest.type in CUTTERS


def cut_product(
    centre: Centre, principal: Principal, did: ProductId, cut: Cut, given: Iterable[str]
) -> Cutout | None:
    """Return what is wanted of a product; None when it has nothing there.

    `given` are the names of the parameters that limit it.

    Raises
    ------
    NotFoundError
        As `product_page`; ``did.elsewhere``; ``soda.type`` for what cannot be cut.
    UsageError
        ``soda.parameter``, ``soda.several``, ``soda.image_format``; what the type's cutter raises.
    AuthError
        ``policy.closed``
    """
    if did.authority.lower() != centre.site.authority.lower():
        raise NotFoundError("did.elsewhere", "{did} is not of this site", did=str(did))
    page = product_page(centre, principal, did.dataset, did.set, did.key)
    kind = page.one.manifest.type
    if not cuttable(page.one):
        raise NotFoundError(
            "soda.type", "{id} cannot be cut: {type} has no cutout service here; there is one for {known}.",
            id=str(did), type=kind, known=", ".join(CUTTERS),
        )  # fmt: skip
    cutter = CUTTERS[kind]
    for name in given:
        if name not in cutter.parameters:
            raise UsageError(
                "soda.parameter", "{name} does not limit a {type}; use {known}.",
                name=name, type=kind, known=", ".join(sorted(cutter.parameters)),
            )  # fmt: skip
    pieces = cutter.cut(centre, principal, did, cut)
    if pieces is None:
        return None
    name = "_".join(filter(None, (did.key, did.part, "cutout")))
    return Cutout(pieces, MEDIA_TYPES[cut.form], name, page.public)
