"""What an image can be had as: the file as published, and a picture of it (SIA 1.0, 4.1.3)."""

from __future__ import annotations

from tianku.usecases.picture import PublishedSet
from tianku.usecases.products import FITS
from tianku.vo.dali.product_formats import ProductFormat

#: the name that SIA clients know FITS by
IMAGE_FITS = "image/fits"
PICTURE = "image/png"


def image_formats(one: PublishedSet, native: str, asked: frozenset[str]) -> tuple[ProductFormat, ...]:
    """Return the formats of `one`'s images that FORMAT asks for; `native` is the media type of its files."""
    base = f"{one.dataset}/{one.name}/"
    named = IMAGE_FITS if native == FITS else native
    graphic = {"GRAPHIC", "GRAPHIC-ALL", "GRAPHIC-PNG"} | {
        w for w in asked if w.startswith("GRAPHIC-") and "PNG" in w
    }
    known = (
        ProductFormat("native", named, frozenset({"ALL", named, native}), f"/download/{base}", "",
                      of_part=False, original=True),
        ProductFormat("picture", PICTURE, frozenset({"ALL", PICTURE, *graphic}), f"/api/v1/products/{base}",
                      "/preview.png"),
    )  # fmt: skip
    return tuple(one for one in known if one.words & asked)
