"""Windows of a dynamic spectrum: chosen by time and frequency, reduced to a number of cells by their maxima."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tianku.model.errors import UsageError
from tianku.products.dynamic import Doubles, DynamicSpectrum, Plane, Values

#: cells read at a time: memory stays flat however much a window spans
_PIECE = 4 << 20
#: a double holds an MJD to 0.6 μs: a row at the very time that is asked for is in the window
_ROUNDING = 2e-11


@dataclass(frozen=True, slots=True)
class Bounds:
    """What is asked for: UTC MJD and MHz, None where a side is open."""

    time: tuple[float, float] | None = None
    frequency: tuple[float, float] | None = None
    state: str | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Window:
    """Rows and channels of one plane; `frequency` holds the channels' frequencies."""

    plane: Plane
    times: slice
    channels: slice
    frequency: Doubles

    @property
    def shape(self) -> tuple[int, int]:
        """Times and channels."""
        return self.times.stop - self.times.start, self.channels.stop - self.channels.start

    def pieces(self, rows: int | None = None) -> Iterator[tuple[Doubles, Values]]:
        """Yield times and values a few million cells at a time, by multiples of `rows`."""
        step = max(1, _PIECE // max(1, self.shape[1]))
        step = step // rows * rows or rows if rows else step
        for first in range(self.times.start, self.times.stop, step):
            part = slice(first, min(first + step, self.times.stop))
            yield self.plane.times[part], self.plane.values.read(part, self.channels)


@dataclass(frozen=True, slots=True, eq=False)
class Overview:
    """A window in at most so many cells: the greatest value of each, NaN where there is none.

    `begins` and `ends` are the times (UTC MJD) of the first and after the last row of a cell; `frequency` is that
    of its middle.
    """

    state: str
    begins: Doubles
    ends: Doubles
    frequency: Doubles
    values: Values
    factors: tuple[int, int]


def window(found: DynamicSpectrum, bounds: Bounds) -> Window:
    """Return the rows and channels within `bounds`.

    Raises
    ------
    UsageError
        ``dynamic.empty_window``, naming what there is; ``dynamic.no_state``.
    """
    plane = found.plane(bounds.state)
    low, high = bounds.time or (-np.inf, np.inf)
    first = int(np.searchsorted(plane.times, low - _ROUNDING, "left"))
    last = int(np.searchsorted(plane.times, high + _ROUNDING, "right"))
    chosen = np.arange(len(found.frequency))
    if bounds.frequency is not None:
        least, most = bounds.frequency
        chosen = np.flatnonzero((found.frequency >= least) & (found.frequency <= most))
    if first >= last or not len(chosen):
        raise UsageError(
            "dynamic.empty_window",
            "nothing was measured there; times go from MJD {t_min} to {t_max}, "
            "frequencies from {low} to {high} MHz",
            t_min=found.t_min,
            t_max=found.t_max,
            low=float(found.frequency.min()),
            high=float(found.frequency.max()),
        )
    channels = slice(int(chosen[0]), int(chosen[-1]) + 1)
    return Window(plane, slice(first, last), channels, found.frequency[channels])


def overview(chosen: Window, width: int, height: int) -> Overview:
    """Return a window in at most `width` times × `height` channels: a level of the 2×2-maximum pyramid.

    Both factors are powers of two, counted from the window's first row and channel; levels are made from
    the file as they are asked for.
    """
    by_time, by_channel = _factor(chosen.shape[0], width), _factor(chosen.shape[1], height)
    pieces = [_reduced(values, by_time, by_channel) for _, values in chosen.pieces(by_time)]
    times = chosen.plane.times[chosen.times]
    last = np.minimum(np.arange(0, len(times), by_time) + by_time, len(times)) - 1
    middles = _middles(chosen.frequency, by_channel)
    return Overview(
        chosen.plane.state,
        times[::by_time],
        times[last] + chosen.plane.step,
        middles,
        np.concatenate(pieces),
        (by_time, by_channel),
    )


def _factor(count: int, most: int) -> int:
    factor = 1
    while count > factor * most:
        factor *= 2
    return factor


def _reduced(values: Values, by_time: int, by_channel: int) -> Values:
    """Maxima of blocks, by halving; the last ones may be smaller. NaN counts only where there is nothing else."""
    while by_time > 1:
        values, by_time = _halved(values), by_time // 2
    values = values.T
    while by_channel > 1:
        values, by_channel = _halved(values), by_channel // 2
    return values.T


def _halved(values: Values) -> Values:
    """The greater of each two rows; an odd last one stays."""
    even = len(values) // 2 * 2
    greater = np.maximum if values.dtype.kind in "iu" else np.fmax
    pairs: Values = greater(values[0:even:2], values[1:even:2])
    return pairs if even == len(values) else np.concatenate([pairs, values[even:]])


def _middles(frequency: Doubles, by: int) -> npt.NDArray[np.float64]:
    if by == 1:
        return frequency
    starts = np.arange(0, len(frequency), by)
    counts = np.diff([*starts, len(frequency)])
    return np.asarray(np.add.reduceat(frequency, starts) / counts)
