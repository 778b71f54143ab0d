"""Coverage of the sky as a picture, for clients that want one."""

from __future__ import annotations

import io
from functools import lru_cache

import numpy as np
from PIL import Image, ImageDraw

from tianku.products.plot_frame import INK, LINE, PAPER
from tianku.sky.coverage import coverage_mask
from tianku.sky.moc import MOC, from_ascii

#: px of a cell of the grid, which is 360 cells wide
_STEP = 4


@lru_cache(maxsize=64)
def footprint_png(moc: str | None) -> bytes:
    """Return the Mollweide map of an ASCII MOC as a PNG of 1440 × 720 px; east is to the left."""
    mask = coverage_mask(from_ascii(moc) if moc else MOC.new_empty(0))
    large = np.kron(mask, np.ones((_STEP, _STEP), dtype=bool))
    image = Image.new("RGB", (large.shape[1], large.shape[0]), PAPER)
    image.paste(LINE, mask=Image.fromarray(large))
    ImageDraw.Draw(image).ellipse((0, 0, image.width - 1, image.height - 1), outline=INK, width=2)
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()
