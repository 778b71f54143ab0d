"""Images as the caller may look at them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tianku.model.access import Principal
from tianku.model.errors import NotFoundError
from tianku.products.image import read_indexed
from tianku.products.render_image import to_wire
from tianku.usecases.opening import open_product

if TYPE_CHECKING:
    from tianku.usecases.centre import Centre


def image_wire(
    centre: Centre, principal: Principal, dataset: str, set_name: str, key: str, part: str | None = None
) -> tuple[bytes, bool]:
    """Return what the viewer draws of an image, and whether everybody may have it.

    Raises
    ------
    NotFoundError
        As `open_product`; ``products.no_image``.
    UsageError
        What reading the file raises.
    """
    opened = open_product(centre, principal, dataset, set_name, key, part)
    if opened.kind != "image":
        raise NotFoundError("products.no_image", "{name} holds no images", name=f"{dataset}/{set_name}")
    entry = opened.file.entry
    image = read_indexed(opened.file.path, entry)
    return to_wire(image, [e.part for e in opened.file.parts], entry.o_unit), opened.public
