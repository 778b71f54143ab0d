"""Spectra as pictures: a labelled plot and a bare thumbnail, drawn with Pillow."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from tianku.products.plot_frame import INK, LINE, PAPER, SCALE, Frame, axes, encoded, sideways
from tianku.products.render import chosen
from tianku.products.spectrum import Part, Spectrum


def to_png(spectrum: Spectrum, part: str | None = None, width: int = 1000, height: int = 420) -> bytes:
    """Return a plot of one part with axes, ticks, units and a title."""
    found = chosen(spectrum, part)
    image = Image.new("RGB", (width * SCALE, height * SCALE), PAPER)
    draw = ImageDraw.Draw(image)
    k = SCALE
    frame = _frame(found, (76 * k, 34 * k, (width - 18) * k, (height - 52) * k))
    font = ImageFont.load_default(13 * k)
    axes(draw, frame, font)
    _curve(draw, frame, found, 1 * k)
    draw.rectangle((frame.left, frame.top, frame.right, frame.bottom), outline=INK, width=k)
    title = " · ".join(str(x) for x in (spectrum.header.get("DESIG"), found.name) if x)
    draw.text((frame.left, 10 * k), title, fill=INK, font=font)
    middle = (frame.left + frame.right) / 2
    draw.text((middle, (height - 12) * k), "vacuum wavelength [Angstrom]", fill=INK, font=font, anchor="ms")
    sideways(image, f"flux [{found.flux_unit or 'no unit'}], {found.calibration}", height * k, font)
    return encoded(image, (width, height))


def thumbnail(spectrum: Spectrum, part: str | None = None, width: int = 240, height: int = 80) -> bytes:
    """Return a small plot of one part without axes."""
    found = chosen(spectrum, part)
    image = Image.new("RGB", (width * SCALE, height * SCALE), PAPER)
    edge = 3 * SCALE
    box = (edge, edge, width * SCALE - edge, height * SCALE - edge)
    _curve(ImageDraw.Draw(image), _frame(found, box), found, SCALE)
    return encoded(image, (width, height))


def _frame(part: Part, box: tuple[float, float, float, float]) -> Frame:
    """Show all wavelengths, and fluxes but for the outermost noise."""
    good = np.isfinite(part.flux) if part.ivar is None else np.isfinite(part.flux) & (part.ivar > 0)
    flux = part.flux[good] if good.any() else np.array([0.0, 1.0])
    low, high = (float(v) for v in np.percentile(flux, (0.5, 99.5)))
    margin = 0.12 * (high - low) or 1.0
    ends = float(part.wavelength.min()), float(part.wavelength.max())
    return Frame(*box, x=ends, y=(low - margin, high + margin))


def _curve(draw: ImageDraw.ImageDraw, frame: Frame, part: Part, width: int) -> None:
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
    draw.line([tuple(p) for p in points.tolist()], fill=LINE, width=width, joint="curve")
