"""The preview of an image: asinh stretch, and on larger ones a compass and a scale bar."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image as Pillow
from PIL import ImageDraw

from tianku.products.image import Image, read_indexed, stretched
from tianku.products.image_sky import Compass, compass
from tianku.products.preview.fonts import font, language_of
from tianku.products.preview.previewers import THUMBNAIL, ProductFile, Size

_PAPER, _INK, _SHADE = "#ffffff", "#ffd98a", "#000000"
#: lengths of scale bars in arcsec
_BARS = [m * u for u in (1e-3, 1.0, 60.0, 3600.0) for m in (1, 2, 5, 10, 20, 30)] + [m * 3600.0 for m in (60, 90)]
_NORTH = {"en": "N", "zh": "北"}
#: where longitudes grow: to the east on the sky, to the west on the Sun
_GROWS = {True: {"en": "E", "zh": "东"}, False: {"en": "W", "zh": "西"}}


def preview(file: ProductFile, size: Size, language: str) -> bytes:
    """Return the picture of one image of a file; a thumbnail carries no words."""
    image = read_indexed(file.path, file.entry, max(size))
    grey = stretched(image.pixels, image.cuts)
    if not image.flipped:
        grey = grey[::-1]
    height, width = grey.shape
    factor = min(size[0] / width, size[1] / height)
    shown = (max(1, round(width * factor)), max(1, round(height * factor)))
    how = Pillow.Resampling.LANCZOS if factor < 1 else Pillow.Resampling.NEAREST
    picture = Pillow.fromarray(np.ascontiguousarray(grey)).resize(shown, how)
    if size[0] >= THUMBNAIL and (needle := compass(image)) is not None:
        picture = picture.convert("RGB")
        _annotate(picture, image, needle, shown[0] / image.shape[-1], language_of(language))
    stream = io.BytesIO()
    picture.save(stream, "PNG", optimize=False)
    return stream.getvalue()


def _annotate(picture: Pillow.Image, image: Image, needle: Compass, zoom: float, language: str) -> None:
    """Draw the compass at the upper right and the scale bar at the lower left."""
    draw = ImageDraw.Draw(picture)
    letters = font(15)
    arm = max(18.0, min(picture.size) * 0.07)
    x, y = picture.width - 2.2 * arm, 2.2 * arm
    up = 1 if image.flipped else -1
    grows = _GROWS[image.sky is not None]
    for words, (dx, dy) in ((_NORTH, needle.north), (grows, needle.east)):
        end = (x + dx * arm, y + up * dy * arm)
        _line(draw, (x, y), end)
        at = (x + dx * arm * 1.5, y + up * dy * arm * 1.5)
        draw.text(at, words[language], fill=_INK, font=letters, anchor="mm", stroke_width=1, stroke_fill=_SHADE)
    length = max((b for b in _BARS if b / needle.scale * zoom <= picture.width * 0.35), default=None)
    if length is None:
        return
    pixels = length / needle.scale * zoom
    left, bottom = 14.0, picture.height - 14.0
    _line(draw, (left, bottom), (left + pixels, bottom))
    draw.text(
        (left + pixels / 2, bottom - 5), angle(length), fill=_INK, font=letters, anchor="ms",
        stroke_width=1, stroke_fill=_SHADE,
    )  # fmt: skip


def _line(draw: ImageDraw.ImageDraw, start: tuple[float, float], end: tuple[float, float]) -> None:
    draw.line((*start, *end), fill=_SHADE, width=4)
    draw.line((*start, *end), fill=_INK, width=2)


def angle(arcsec: float) -> str:
    """Return a length on the sky in its natural unit."""
    for unit, sign in ((3600.0, "°"), (60.0, "′"), (1.0, "″")):
        if arcsec >= unit:
            return f"{arcsec / unit:g}{sign}"
    return f"{arcsec * 1000:g} mas"
