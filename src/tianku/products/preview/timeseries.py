"""The preview of a light curve: points against time, brighter upwards, flagged ones left out."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw

from tianku.products.curves import open_curves
from tianku.products.plot_frame import INK, PAPER, SCALE, Doubles, Frame, axes, encoded, sideways
from tianku.products.preview.fonts import font, language_of
from tianku.products.preview.previewers import THUMBNAIL, ProductFile, Size
from tianku.products.render_curves import chosen
from tianku.products.timeseries import MJD0, Curve

_COLOURS = ("#1f5fa8", "#b4342c", "#2f7d4f", "#9a5cb4", "#b87a14", "#27808c")
_WORDS = {
    "days": {"en": "days", "zh": "日"},
    "magnitude": {"en": "magnitude", "zh": "星等"},
    "flux": {"en": "flux", "zh": "流量"},
    "value": {"en": "value", "zh": "数值"},
}


def preview(file: ProductFile, size: Size, language: str) -> bytes:
    """Return the plot of the bands that share unit and time frame with the wanted one."""
    found = open_curves(file.path, file.parts, file.config)
    wanted = chosen(found, None if file.entry == file.parts[0] else file.entry.part or None)
    # of several apertures in one band the first, which is the best
    shown = list({p.band: p for p in reversed(wanted)}.values())[::-1]
    words, k = language_of(language), SCALE
    width, height = size[0] * k, size[1] * k
    image = Image.new("RGB", (width, height), PAPER)
    draw = ImageDraw.Draw(image)
    bare = size[0] < THUMBNAIL
    box = (6, 6, width - 6, height - 6) if bare else (76 * k, 34 * k, width - 18 * k, height - 52 * k)
    frame = _frame(shown, box)
    if not bare:
        letters = font(13 * k)
        axes(draw, frame, letters)
        draw.rectangle(box, outline=INK, width=k)
        at = frame.left
        titles = [(found.target or file.entry.key, INK), *zip((p.name for p in shown[:6]), _COLOURS, strict=False)]
        for text, colour in titles:
            draw.text((at, 10 * k), text, fill=colour, font=letters)
            at += draw.textlength(f"{text}   ", font=letters)
        draw.text(
            ((box[0] + box[2]) / 2, height - 12 * k), _time(shown[0], words), fill=INK, font=letters, anchor="ms"
        )
        unit = f" [{shown[0].unit}]" if shown[0].unit else ""
        sideways(image, f"{_WORDS[shown[0].quantity][words]}{unit}", height, letters)
    for number, part in enumerate(shown):
        _points(draw, frame, part, _COLOURS[number % len(_COLOURS)], k if bare else 1.5 * k)
    return encoded(image, size)


def _time(part: Curve, language: str) -> str:
    """``BJD (TDB) − 2454833 [days]``."""
    letter = {"BARYCENTER": "B", "HELIOCENTER": "H"}.get(part.frame.refposition, "")
    if part.frame.origin == MJD0 and not letter:
        return f"MJD ({part.frame.scale}) [{_WORDS['days'][language]}]"
    origin = f" − {part.frame.origin:.15g}" if part.frame.origin else ""
    return f"{letter}JD ({part.frame.scale}){origin} [{_WORDS['days'][language]}]"


def _frame(parts: list[Curve], box: tuple[float, float, float, float]) -> Frame:
    """All times, and values but for the outermost outliers; magnitudes run downwards."""
    times = np.concatenate([p.time[p.good] for p in parts]).astype(np.float64)
    values = np.concatenate([p.value[p.good] for p in parts]).astype(np.float64)
    x = _spread(times, 0.0, 100.0, 0.02)
    low, high = _spread(values, 0.2, 99.8, 0.12)
    return Frame(*box, x=x, y=(high, low) if parts[0].quantity == "magnitude" else (low, high))


def _spread(values: Doubles, first: float, last: float, margin: float) -> tuple[float, float]:
    if not len(values):
        return 0.0, 1.0
    low, high = (float(v) for v in np.percentile(values, (first, last)))
    pad = margin * (high - low) or max(abs(low) * 1e-3, 0.5)
    return low - pad, high + pad


def _points(draw: ImageDraw.ImageDraw, frame: Frame, part: Curve, colour: str, radius: float) -> None:
    """Draw each pixel once, however many rows fall on it."""
    x = frame.across(part.time[part.good])
    y = np.clip(frame.up(part.value[part.good].astype(np.float64)), frame.top, frame.bottom)
    for left, top in np.unique(np.column_stack((x, y)).round().astype(np.int64), axis=0).tolist():
        draw.ellipse((left - radius, top - radius, left + radius, top + radius), fill=colour)
