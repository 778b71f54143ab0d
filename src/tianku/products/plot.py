"""Spectra as pictures: a labelled plot and a bare thumbnail, drawn with Pillow."""

from __future__ import annotations

import io
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from tianku.products.render import chosen
from tianku.products.spectrum import Doubles, Part, Spectrum

_INK, _LINE, _GRID, _PAPER = "#1d2430", "#1f5fa8", "#e3e7ee", "#ffffff"
#: drawn this many times larger and reduced: Pillow's lines are not smooth
_SCALE = 2


@dataclass(frozen=True, slots=True)
class _Frame:
    """Pixels of the plot's box and the data range it shows."""

    left: float
    top: float
    right: float
    bottom: float
    x: tuple[float, float]
    y: tuple[float, float]

    def across(self, value: float | Doubles) -> Doubles:
        return np.asarray(self.left + (value - self.x[0]) / (self.x[1] - self.x[0]) * (self.right - self.left))

    def up(self, value: float | Doubles) -> Doubles:
        return np.asarray(self.bottom - (value - self.y[0]) / (self.y[1] - self.y[0]) * (self.bottom - self.top))


def to_png(spectrum: Spectrum, part: str | None = None, width: int = 1000, height: int = 420) -> bytes:
    """Return a plot of one part with axes, ticks, units and a title."""
    found = chosen(spectrum, part)
    image = Image.new("RGB", (width * _SCALE, height * _SCALE), _PAPER)
    draw = ImageDraw.Draw(image)
    k = _SCALE
    frame = _frame(found, (76 * k, 34 * k, (width - 18) * k, (height - 52) * k))
    font = ImageFont.load_default(13 * k)
    _axes(draw, frame, font)
    _curve(draw, frame, found, 1 * k)
    draw.rectangle((frame.left, frame.top, frame.right, frame.bottom), outline=_INK, width=k)
    title = " · ".join(str(x) for x in (spectrum.header.get("DESIG"), found.name) if x)
    draw.text((frame.left, 10 * k), title, fill=_INK, font=font)
    middle = (frame.left + frame.right) / 2
    draw.text((middle, (height - 12) * k), "vacuum wavelength [Angstrom]", fill=_INK, font=font, anchor="ms")
    _sideways(image, f"flux [{found.flux_unit or 'no unit'}], {found.calibration}", height * k, font)
    return _encoded(image, (width, height))


def thumbnail(spectrum: Spectrum, part: str | None = None, width: int = 240, height: int = 80) -> bytes:
    """Return a small plot of one part without axes."""
    found = chosen(spectrum, part)
    image = Image.new("RGB", (width * _SCALE, height * _SCALE), _PAPER)
    edge = 3 * _SCALE
    box = (edge, edge, width * _SCALE - edge, height * _SCALE - edge)
    _curve(ImageDraw.Draw(image), _frame(found, box), found, _SCALE)
    return _encoded(image, (width, height))


def _frame(part: Part, box: tuple[float, float, float, float]) -> _Frame:
    """Show all wavelengths, and fluxes but for the outermost noise."""
    good = np.isfinite(part.flux) if part.ivar is None else np.isfinite(part.flux) & (part.ivar > 0)
    flux = part.flux[good] if good.any() else np.array([0.0, 1.0])
    low, high = (float(v) for v in np.percentile(flux, (0.5, 99.5)))
    margin = 0.12 * (high - low) or 1.0
    ends = float(part.wavelength.min()), float(part.wavelength.max())
    return _Frame(*box, x=ends, y=(low - margin, high + margin))


def _curve(draw: ImageDraw.ImageDraw, frame: _Frame, part: Part, width: int) -> None:
    """Draw the envelope (lowest and highest value) of each pixel column, so that no line is lost."""
    order = np.argsort(part.wavelength, kind="stable")
    good = np.isfinite(part.flux[order])
    x = frame.across(part.wavelength[order][good])
    y = np.clip(frame.up(part.flux[order][good].astype(np.float64)), frame.top, frame.bottom)
    if not len(x):
        return
    starts = np.flatnonzero(np.r_[True, np.diff(np.floor(x)) > 0])
    low, high = np.minimum.reduceat(y, starts), np.maximum.reduceat(y, starts)
    points = np.column_stack((np.repeat(x[starts], 2), np.column_stack((low, high)).ravel()))
    draw.line([tuple(p) for p in points.tolist()], fill=_LINE, width=width, joint="curve")


def _axes(draw: ImageDraw.ImageDraw, frame: _Frame, font: ImageFont.FreeTypeFont | ImageFont.ImageFont) -> None:
    gap = 6 * _SCALE
    for value in ticks(*frame.x, 9):
        at = float(frame.across(value))
        draw.line((at, frame.top, at, frame.bottom), fill=_GRID, width=_SCALE)
        draw.text((at, frame.bottom + gap), f"{value:g}", fill=_INK, font=font, anchor="mt")
    for value in ticks(*frame.y, 6):
        at = float(frame.up(value))
        draw.line((frame.left, at, frame.right, at), fill=_GRID, width=_SCALE)
        draw.text((frame.left - gap, at), f"{value:g}", fill=_INK, font=font, anchor="rm")


def ticks(low: float, high: float, about: int) -> list[float]:
    """Return round values (1, 2 or 5 times a power of ten) between two limits, about `about` of them."""
    rough = (high - low) / max(1, about)
    power = 10.0 ** np.floor(np.log10(rough))
    step = float(next(m for m in (1, 2, 5, 10) if m * power >= rough) * power)
    first = np.ceil(low / step)
    return [round(float(i * step), 12) for i in np.arange(first, np.floor(high / step) + 1)]


def _sideways(
    image: Image.Image, text: str, height: int, font: ImageFont.FreeTypeFont | ImageFont.ImageFont
) -> None:
    """Write the label of the y axis upwards."""
    label = Image.new("RGB", (height, 18 * _SCALE), _PAPER)
    ImageDraw.Draw(label).text((height / 2, 9 * _SCALE), text, fill=_INK, font=font, anchor="mm")
    image.paste(label.rotate(90, expand=True), (0, 0))


def _encoded(image: Image.Image, size: tuple[int, int]) -> bytes:
    stream = io.BytesIO()
    image.resize(size, Image.Resampling.LANCZOS).save(stream, "PNG", optimize=False)
    return stream.getvalue()
