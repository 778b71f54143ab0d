"""The paper of small plots drawn with Pillow: a frame with axes, round ticks and labels."""

from __future__ import annotations

import io
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

Doubles = npt.NDArray[np.float64]
INK, LINE, GRID, PAPER = "#1d2430", "#1f5fa8", "#e3e7ee", "#ffffff"
#: drawn this many times larger and reduced: Pillow's lines are not smooth
SCALE = 2
Font = ImageFont.FreeTypeFont | ImageFont.ImageFont


@dataclass(frozen=True, slots=True)
class Frame:
    """Pixels of the plot's box and the data range it shows; `y` may run from great to small."""

    left: float
    top: float
    right: float
    bottom: float
    x: tuple[float, float]
    y: tuple[float, float]

    def across(self, value: float | Doubles) -> Doubles:
        """Return where values are along x."""
        return np.asarray(self.left + (value - self.x[0]) / (self.x[1] - self.x[0]) * (self.right - self.left))

    def up(self, value: float | Doubles) -> Doubles:
        """Return where values are along y."""
        return np.asarray(self.bottom - (value - self.y[0]) / (self.y[1] - self.y[0]) * (self.bottom - self.top))


def axes(draw: ImageDraw.ImageDraw, frame: Frame, font: Font) -> None:
    """Draw the grid, and the values at its lines."""
    gap = 6 * SCALE
    for value in ticks(*frame.x, 9):
        at = float(frame.across(value))
        draw.line((at, frame.top, at, frame.bottom), fill=GRID, width=SCALE)
        draw.text((at, frame.bottom + gap), f"{value:.10g}", fill=INK, font=font, anchor="mt")
    for value in ticks(min(frame.y), max(frame.y), 6):
        at = float(frame.up(value))
        draw.line((frame.left, at, frame.right, at), fill=GRID, width=SCALE)
        draw.text((frame.left - gap, at), f"{value:.10g}", fill=INK, font=font, anchor="rm")


def ticks(low: float, high: float, about: int) -> list[float]:
    """Return round values (1, 2 or 5 times a power of ten) between two limits, about `about` of them."""
    rough = (high - low) / max(1, about)
    power = 10.0 ** np.floor(np.log10(rough))
    step = float(next(m for m in (1, 2, 5, 10) if m * power >= rough) * power)
    first = np.ceil(low / step)
    return [round(float(i * step), 12) for i in np.arange(first, np.floor(high / step) + 1)]


def sideways(image: Image.Image, text: str, height: int, font: Font) -> None:
    """Write the label of the y axis upwards."""
    label = Image.new("RGB", (height, 18 * SCALE), PAPER)
    ImageDraw.Draw(label).text((height / 2, 9 * SCALE), text, fill=INK, font=font, anchor="mm")
    image.paste(label.rotate(90, expand=True), (0, 0))


def encoded(image: Image.Image, size: tuple[int, int]) -> bytes:
    """Return the PNG, reduced to `size`."""
    stream = io.BytesIO()
    image.resize(size, Image.Resampling.LANCZOS).save(stream, "PNG", optimize=False)
    return stream.getvalue()
