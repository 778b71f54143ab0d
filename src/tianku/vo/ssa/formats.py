"""What a spectrum can be had as, and where: one row of an answer each (SSA 1.1, 4.2.5.2)."""

from __future__ import annotations

from tianku.usecases.picture import PublishedSet
from tianku.usecases.products import FITS
from tianku.vo.dali.product_formats import ProductFormat

VOTABLE = "application/x-votable+xml"


def spectrum_formats(one: PublishedSet, native: str, asked: frozenset[str]) -> tuple[ProductFormat, ...]:
    """Return the formats of `one`'s spectra that FORMAT asks for; `native` is the media type of its files."""
    base = f"{one.dataset}/{one.name}/"
    api = f"/api/v1/products/{base}"
    words = {"all", "native", *({"fits"} if native == FITS else ())}
    known = (
        ProductFormat("votable", VOTABLE, frozenset({"all", "compliant", "votable"}), api, "/spectrum.vot"),
        ProductFormat("native", native, frozenset(words), f"/download/{base}", "", of_part=False, original=True),
        ProductFormat("picture", "image/png", frozenset({"graphic"}), api, "/preview.png"),
    )
    media = {word.partition(";")[0] for word in asked} | ({VOTABLE} if "text/xml" in asked else set())
    return tuple(f for f in known if f.words & asked or f.media_type in media)
