"""The preview of a dynamic spectrum: brightness by time and frequency above each channel's median."""

from __future__ import annotations

import io
from datetime import UTC, datetime

import numpy as np
import numpy.typing as npt
from PIL import Image as Pillow
from PIL import ImageDraw

from tianku.products.dynamic import DynamicSpectrum
from tianku.products.dynamic_open import open_dynamic
from tianku.products.dynamic_window import Bounds, Overview, overview, window
from tianku.products.plot_frame import INK, PAPER, SCALE, sideways, ticks
from tianku.products.preview.fonts import font, language_of
from tianku.products.preview.previewers import THUMBNAIL, ProductFile, Size

#: dark to bright in even steps of lightness, so that it reads in grey too
_STOPS = ((0, 0, 4), (66, 10, 104), (147, 38, 103), (221, 81, 58), (252, 165, 10), (252, 255, 164))
_MISSING = (214, 218, 226)
_WORDS = {"time": {"en": "UTC", "zh": "UTC 时间"}, "frequency": {"en": "frequency", "zh": "频率"}}
_MJD_UNIX = 40587.0


def preview(file: ProductFile, size: Size, language: str) -> bytes:
    """Return the picture of one polarisation state; a thumbnail carries no words."""
    found = open_dynamic(file)
    drawn = overview(window(found, Bounds()), 2 * size[0], 2 * size[1])
    if size[0] < THUMBNAIL:
        return _png(_picture(drawn, size))
    k = SCALE
    width, height = size[0] * k, size[1] * k
    image = Pillow.new("RGB", (width, height), PAPER)
    box = (76 * k, 34 * k, width - 18 * k, height - 52 * k)
    image.paste(_picture(drawn, (box[2] - box[0], box[3] - box[1])), box[:2])
    _labels(image, box, found, drawn, file.entry.key, language_of(language))
    return _png(image.resize(size, Pillow.Resampling.LANCZOS))


def _picture(drawn: Overview, size: Size) -> Pillow.Image:
    """Time to the right, frequency upwards, both true to their axes; gaps in grey."""
    rows = _columns(drawn, size[0])
    channels = _lines(drawn.frequency, size[1])
    levels = _levels(np.asarray(drawn.values, dtype=np.float32))
    picked = levels[np.maximum(rows, 0)][:, channels].T
    colours = _table()[np.where(np.isfinite(picked), np.clip(picked, 0, 1) * 255, 256).astype(np.int64)]
    colours[:, rows < 0] = _MISSING
    return Pillow.fromarray(colours)


def _columns(drawn: Overview, width: int) -> npt.NDArray[np.int64]:
    """The cell at each pixel column, -1 where nothing was measured."""
    times = np.linspace(drawn.begins[0], drawn.ends[-1], width, endpoint=False)
    cells = np.searchsorted(drawn.begins, times, "right") - 1
    slack = (drawn.ends[-1] - drawn.begins[0]) / width
    return np.where(times < drawn.ends[cells] + slack, cells, -1)


def _lines(frequency: npt.NDArray[np.float64], height: int) -> npt.NDArray[np.int64]:
    """The channel nearest to each pixel line, from the greatest frequency down."""
    order = np.argsort(frequency, kind="stable")
    wanted = np.linspace(frequency.max(), frequency.min(), height)
    middles = (frequency[order][1:] + frequency[order][:-1]) / 2
    return np.asarray(order[np.searchsorted(middles, wanted)])


def _levels(values: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Values over each channel's median, 0 to 1 between the 5th and the 99.5th percentile."""
    good = np.isfinite(values).any(axis=0)
    over = values.copy()
    over[:, good] -= np.nanmedian(values[:, good], axis=0)
    finite = over[np.isfinite(over)]
    if not len(finite):
        return over
    low, high = np.percentile(finite, (5, 99.5))
    return np.asarray((over - low) / (high - low if high > low else 1.0), dtype=np.float32)


def _table() -> npt.NDArray[np.uint8]:
    """256 colours, and the one of what is missing."""
    at = np.linspace(0, len(_STOPS) - 1, 256)
    stops = np.array(_STOPS, dtype=np.float64)
    bands = [np.interp(at, np.arange(len(_STOPS)), stops[:, band]) for band in range(3)]
    return np.vstack([np.stack(bands, axis=1).round().astype(np.uint8), np.array([_MISSING], np.uint8)])


def _labels(
    image: Pillow.Image,
    box: tuple[int, int, int, int],
    found: DynamicSpectrum,
    drawn: Overview,
    title: str,
    language: str,
) -> None:
    draw, letters, k = ImageDraw.Draw(image), font(13 * SCALE), SCALE
    left, top, right, bottom = box
    draw.rectangle(box, outline=INK, width=k)
    start, end = float(drawn.begins[0]), float(drawn.ends[-1])
    for mjd in _clock_ticks(start, end):
        at = left + (mjd - start) / (end - start) * (right - left)
        draw.line((at, bottom, at, bottom + 4 * k), fill=INK, width=k)
        draw.text((at, bottom + 6 * k), _clock(mjd, end - start), fill=INK, font=letters, anchor="mt")
    low, high = float(drawn.frequency.min()), float(drawn.frequency.max())
    for value in ticks(low, high, 6) if high > low else ():
        at = bottom - (value - low) / (high - low) * (bottom - top)
        draw.line((left - 4 * k, at, left, at), fill=INK, width=k)
        draw.text((left - 6 * k, at), f"{value:g}", fill=INK, font=letters, anchor="rm")
    unit = found.original_unit or found.unit
    words = [title, drawn.state, f"[{unit}]" if unit else ""]
    draw.text((left, 10 * k), "  ".join(word for word in words if word), fill=INK, font=letters)
    day = datetime.fromtimestamp((start - _MJD_UNIX) * 86400, UTC).strftime("%Y-%m-%d")
    middle = ((left + right) / 2, image.height - 12 * k)
    draw.text(middle, f"{_WORDS['time'][language]} {day}", fill=INK, font=letters, anchor="ms")
    sideways(image, f"{_WORDS['frequency'][language]} [MHz]", image.height, letters)


def _clock_ticks(start: float, end: float) -> list[float]:
    """Round moments: multiples of 1 ms to 1 day, about seven."""
    steps = [m * u for u in (1e-3, 1.0) for m in (1, 2, 5, 10, 15, 20, 30, 50, 100, 200, 500)]
    steps = [s for s in steps if s < 60] + [60.0 * m for m in (1, 2, 5, 10, 15, 30, 60, 120, 180, 360, 720, 1440)]
    rough = (end - start) * 86400 / 7
    step = next((s for s in steps if s >= rough), steps[-1]) / 86400
    first = np.ceil(start / step)
    return [float(i * step) for i in np.arange(first, np.floor(end / step) + 1)[:50]]


def _clock(mjd: float, span: float) -> str:
    moment = datetime.fromtimestamp(round((mjd - _MJD_UNIX) * 86400, 3), UTC)
    if span * 86400 < 20:
        return moment.strftime("%H:%M:%S.") + f"{moment.microsecond // 1000:03d}"
    return moment.strftime("%H:%M:%S" if span * 1440 < 10 else "%H:%M")


def _png(image: Pillow.Image) -> bytes:
    stream = io.BytesIO()
    image.save(stream, "PNG", optimize=False)
    return stream.getvalue()
