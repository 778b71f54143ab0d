"""An image as its viewer wants it: a binary reply with pixels, coordinates and what to show first."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from tianku.products.image import Image
from tianku.products.image_sky import compass, lattice
from tianku.products.wire import pack

#: first bytes of the reply; see `tianku.products.wire.pack`
WIRE_MAGIC = b"TKI1"
WIRE_TYPE = "application/vnd.tianku.image"


def to_wire(image: Image, parts: list[str], unit: str | None) -> bytes:
    """Return the reply that the viewer draws.

    The one part holds ``pixels`` (float32, `width` by `height`, first row lowest) and, where the image has
    coordinates, ``lon`` and ``lat``: degrees at `lattice` by `lattice` points over its outer edges.
    """
    ny, nx = image.shape[-2:]
    found, needle = lattice(image), compass(image)
    facts: dict[str, Any] = {
        "width": image.pixels.shape[1],
        "height": image.pixels.shape[0],
        "step": image.step,
        "nx": nx,
        "ny": ny,
        "axes": image.axes,
        "cuts": image.cuts,
        "unit": unit,
        "coordinates": found.names if found else None,
        "lattice": found.n if found else 0,
        "compass": {"north": needle.north, "east": needle.east} if needle else None,
        "scale": needle.scale if needle else None,
        "parts_named": parts,
    }
    arrays: dict[str, npt.NDArray[np.generic]] = {"pixels": image.pixels[::-1] if image.flipped else image.pixels}
    if found:
        arrays |= {"lon": found.lon, "lat": found.lat}
    return pack(
        WIRE_MAGIC, facts, [({"name": image.name}, {k: np.ascontiguousarray(a) for k, a in arrays.items()})]
    )
