"""Pixels of an image for looking at: one plane, read in strips and averaged down to a screen."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tianku.products.celestial import Celestial, axes, celestial
from tianku.products.index import IndexEntry
from tianku.products.readers.fits_cards import Buffer
from tianku.products.readers.image_hdus import ImageHdu, content, image_hdus
from tianku.products.readers.image_tiles import tiles
from tianku.products.readers.raster import is_raster, open_raster, read_raster
from tianku.products.readers.source import SourceFile

Plane = npt.NDArray[np.float32]
#: rows `y0` to `y1` of the plane, as numbers in the file's unit, NaN where blank
Rows = Callable[[int, int], npt.NDArray[np.floating]]
_STRIP = 1 << 22  # pixels held at a time


@dataclass(frozen=True, slots=True, eq=False)
class Image:
    """One image; `pixels` has the file's first row first (FITS: the lowest).

    Attributes
    ----------
    pixels
        Means of `step` by `step` pixels, float32, NaN where all are blank.
    shape
        The whole image in numpy order, with the axes beyond the plane.
    axes
        ``celestial``, ``helioprojective``, ``heliographic`` or ``pixel``.
    cuts
        Values between which most pixels lie, for display.
    flipped
        True for pictures, whose first row is the highest.
    """

    name: str
    pixels: Plane = field(repr=False)
    step: int
    shape: tuple[int, ...]
    axes: str
    cuts: tuple[float, float]
    wcs: str = ""
    sky: Celestial | None = None
    header: Mapping[str, Any] = field(default_factory=dict, repr=False)
    flipped: bool = False


def read_image(path: Path, ext: int | None, most: int = 1024, wcs: str | None = None) -> Image:
    """Return the image in HDU `ext` of a file (None: a picture), at most `most` pixels wide and high.

    `wcs` are cards of world coordinates to use instead of the header's.

    Raises
    ------
    UsageError, LimitError
        What `image_hdus` and `read_raster` raise; ``image.unreadable`` when the pixels cannot be unpacked.
    """
    file = SourceFile(path)
    if is_raster(path):
        return _picture(path, most)
    buffer = content(file)
    hdu = image_hdus(buffer, "first" if ext is None else ext)[0]
    ny, nx = hdu.shape[-2:]
    step = max(1, -(-max(ny, nx) // most))
    pixels = reduced(_tiled_rows(path, buffer, hdu) if hdu.compression else _plain_rows(buffer, hdu), ny, nx, step)
    cards = hdu.wcs if wcs is None else wcs
    sky = celestial(cards)
    kind = "celestial" if sky else axes(cards)
    return Image(hdu.name, pixels, step, hdu.shape, kind, display_cuts(pixels), cards, sky, hdu.cards)


def read_indexed(path: Path, entry: IndexEntry, most: int = 1024) -> Image:
    """Return the image of an index row, in the coordinates that ingest found for it."""
    detail = json.loads(entry.detail) if entry.detail else {}
    return read_image(path, entry.ext, most, detail.get("wcs"))


def _picture(path: Path, most: int) -> Image:
    facts = read_raster(path)
    with open_raster(path) as picture:
        grey = np.asarray(picture.convert("L" if picture.mode not in ("I;16", "I", "F") else "F"), np.float32)
    step = max(1, -(-max(grey.shape) // most))
    pixels = reduced(lambda y0, y1: grey[y0:y1], grey.shape[0], grey.shape[1], step)
    return Image(
        "", pixels, step, facts.shape, axes(facts.wcs), display_cuts(pixels), header=facts.cards, flipped=True
    )


def _plain_rows(buffer: Buffer, hdu: ImageHdu) -> Rows:
    """Rows of the first plane of uncompressed pixels (FITS 4.0, 4.4.2: BZERO + BSCALE × value; BLANK is null)."""
    nx = hdu.shape[-1]
    kind = hdu.dtype
    scale, zero, blank = (hdu.cards.get(k) for k in ("BSCALE", "BZERO", "BLANK"))
    factor = float(scale) if isinstance(scale, int | float) else 1.0
    shift = float(zero) if isinstance(zero, int | float) else 0.0

    def rows(y0: int, y1: int) -> npt.NDArray[np.floating]:
        raw = np.frombuffer(buffer, kind, (y1 - y0) * nx, hdu.offset + y0 * nx * kind.itemsize).reshape(-1, nx)
        values: npt.NDArray[np.floating] = raw.astype(
            np.float32 if kind.itemsize <= 2 or kind.str == ">f4" else np.float64
        )
        if kind.kind != "f" and isinstance(blank, int):
            values[raw == blank] = np.nan
        return values if factor == 1.0 and shift == 0.0 else np.asarray(values, np.float64) * factor + shift

    return rows


def _tiled_rows(path: Path, buffer: Buffer, hdu: ImageHdu) -> Rows:
    """Rows of a tile-compressed image; only the tiles that hold them are unpacked."""
    section = tiles(path, buffer, hdu)

    def rows(y0: int, y1: int) -> npt.NDArray[np.floating]:
        found = section((*(0,) * (len(hdu.shape) - 2), slice(y0, y1), slice(None)))
        return np.asarray(found, dtype=np.float64).reshape(y1 - y0, hdu.shape[-1])

    return rows


def reduced(rows: Rows, ny: int, nx: int, step: int) -> Plane:
    """Return the means of `step` by `step` blocks; the last ones of a line may hold fewer pixels."""
    width, height = -(-nx // step), -(-ny // step)
    out = np.empty((height, width), dtype=np.float32)
    block = max(1, _STRIP // (nx * step))
    for first in range(0, height, block):
        last = min(height, first + block)
        values = rows(first * step, min(ny, last * step))
        out[first:last] = values if step == 1 else _means(values, step, last - first, width)
    return out


def _means(values: npt.NDArray[np.floating], step: int, height: int, width: int) -> npt.NDArray[np.float64]:
    padded = np.full((height * step, width * step), np.nan)
    padded[: values.shape[0], : values.shape[1]] = values
    blocks = padded.reshape(height, step, width, step)
    good = np.isfinite(blocks)
    count = good.sum(axis=(1, 3))
    sums = np.where(good, blocks, 0.0).sum(axis=(1, 3))
    return np.divide(sums, count, out=np.full(sums.shape, np.nan), where=count > 0)


def display_cuts(pixels: Plane) -> tuple[float, float]:
    """Return the values between which 99 % of the pixels lie, stretched where they are one."""
    finite = pixels[np.isfinite(pixels)]
    if not len(finite):
        return 0.0, 1.0
    low, high = (float(v) for v in np.percentile(finite, (0.5, 99.5)))
    if high <= low:
        low, high = float(finite.min()), float(finite.max())
    return (low, high) if high > low else (low - 0.5, low + 0.5)


def stretched(pixels: Plane, cuts: tuple[float, float], softening: float = 0.1) -> npt.NDArray[np.uint8]:
    """Return grey levels: asinh between the cuts, so that faint and bright parts both show; blank is black."""
    low, high = cuts
    with np.errstate(invalid="ignore", over="ignore"):
        fraction = np.clip((pixels - low) / (high - low), 0.0, 1.0)
        level = np.arcsinh(fraction / softening) / np.arcsinh(1.0 / softening)
    return np.nan_to_num(level * 255.0, nan=0.0).astype(np.uint8)
