"""The one model of a dynamic spectrum: power by time and frequency, read by windows, never whole."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from tianku.model.errors import NotFoundError, UsageError
from tianku.products.observed import Header

Values = npt.NDArray[np.generic]
Doubles = npt.NDArray[np.float64]
DAY = 86400.0


class Block(Protocol):
    """Numbers by time and frequency that are read when they are asked for."""

    @property
    def shape(self) -> tuple[int, int]:
        """Times and channels."""

    @property
    def dtype(self) -> np.dtype:
        """What `read` gives."""

    def read(self, times: slice, channels: slice) -> Values:
        """Return a window, shape (times, channels), native byte order; NaN where nothing was measured."""


@dataclass(frozen=True, slots=True, eq=False)
class ArrayBlock:
    """A block in memory."""

    array: Values

    @property
    def shape(self) -> tuple[int, int]:
        """Times and channels."""
        return self.array.shape[0], self.array.shape[1]

    @property
    def dtype(self) -> np.dtype:
        """Type of the numbers."""
        return self.array.dtype

    def read(self, times: slice, channels: slice) -> Values:
        """Return a window."""
        return self.array[times, channels]


@dataclass(frozen=True, slots=True, eq=False)
class Plane:
    """One polarisation state: when each of its rows was measured, ascending UTC MJD, and the numbers."""

    state: str
    times: Doubles
    values: Block

    @property
    def step(self) -> float:
        """Median time between rows in days; 0 where there is but one."""
        return float(np.median(np.diff(self.times))) if len(self.times) > 1 else 0.0


@dataclass(frozen=True, slots=True, eq=False)
class DynamicSpectrum:
    """A product, or a file of one.

    Attributes
    ----------
    frequency
        Centre of each channel in MHz, in the file's order: up or down, evenly spaced or not.
    planes
        One per polarisation state (1…n); without polarimetry one whose state is empty.
    unit
        VOUnits unit of the values, None where they have none that can be said so; `original_unit` is the file's.
    series
        What files share that may follow each other in one product.
    notes
        Stable codes of oddities that did not stop reading, e.g. ``records.gap``.
    report
        What the reader left out and why, as JSON values.
    """

    header: Header
    layout: str
    frequency: Doubles
    planes: tuple[Plane, ...]
    unit: str | None = None
    original_unit: str | None = None
    series: str | None = None
    notes: tuple[str, ...] = ()
    report: Mapping[str, Any] = field(default_factory=dict)

    @property
    def step(self) -> float:
        """Median time between rows in days."""
        return max(plane.step for plane in self.planes)

    @property
    def t_min(self) -> float:
        """UTC MJD of the first row."""
        return float(min(plane.times[0] for plane in self.planes))

    @property
    def t_max(self) -> float:
        """UTC MJD of the end of the last row."""
        return float(max(plane.times[-1] + plane.step for plane in self.planes))

    def plane(self, state: str | None) -> Plane:
        """Return the plane of `state`, the first when None.

        Raises
        ------
        NotFoundError
            ``dynamic.no_state``, naming those there are.
        """
        found = next((p for p in self.planes if state is None or p.state == state), None)
        if found is None:
            known = ", ".join(p.state for p in self.planes if p.state) or "none"
            raise NotFoundError(
                "dynamic.no_state", "no polarisation {state!r}; there are: {known}", state=state, known=known
            )
        return found


@dataclass(frozen=True, slots=True, eq=False)
class _Following:
    """Blocks that follow each other in time."""

    blocks: tuple[Block, ...]
    starts: npt.NDArray[np.int64]

    @property
    def shape(self) -> tuple[int, int]:
        return int(self.starts[-1]), self.blocks[0].shape[1]

    @property
    def dtype(self) -> np.dtype:
        return np.result_type(*(block.dtype for block in self.blocks))

    def read(self, times: slice, channels: slice) -> Values:
        first, last, _ = times.indices(self.shape[0])
        pieces = []
        for number, block in enumerate(self.blocks):
            begin = int(self.starts[number])
            low, high = max(first, begin) - begin, min(last, int(self.starts[number + 1])) - begin
            if low < high:
                pieces.append(block.read(slice(low, high), channels))
        return np.concatenate(pieces) if pieces else self.blocks[0].read(slice(0, 0), channels)


def joined(files: Sequence[DynamicSpectrum]) -> DynamicSpectrum:
    """Return files of one series, in their order of time, as one dynamic spectrum.

    Raises
    ------
    UsageError
        ``dynamic.not_one_series`` when their axes differ.
    """
    first = files[0]
    if len(files) == 1:
        return first
    states = [plane.state for plane in first.planes]
    for other in files[1:]:
        if other.series != first.series or [p.state for p in other.planes] != states:
            raise UsageError("dynamic.not_one_series", "the files of this product do not have the same axes")
    planes = tuple(_follow([file.planes[number] for file in files]) for number in range(len(states)))
    notes = tuple(dict.fromkeys(note for file in files for note in file.notes))
    return DynamicSpectrum(
        first.header,
        first.layout,
        first.frequency,
        planes,
        first.unit,
        first.original_unit,
        first.series,
        notes,
    )


def _follow(planes: Sequence[Plane]) -> Plane:
    """Rows of a later file that an earlier one has, in time, are left out: recorders overlap by a sample."""
    kept: list[tuple[Doubles, Block]] = []
    last = -np.inf
    for plane in planes:
        first = int(np.searchsorted(plane.times, last, "right"))
        if first < len(plane.times):
            kept.append((plane.times[first:], _Later(plane.values, first) if first else plane.values))
            last = float(plane.times[-1])
    starts = np.cumsum([0, *(len(times) for times, _ in kept)])
    times = np.concatenate([times for times, _ in kept])
    return Plane(planes[0].state, times, _Following(tuple(block for _, block in kept), starts))


@dataclass(frozen=True, slots=True, eq=False)
class _Later:
    """A block without its first rows."""

    block: Block
    first: int

    @property
    def shape(self) -> tuple[int, int]:
        return self.block.shape[0] - self.first, self.block.shape[1]

    @property
    def dtype(self) -> np.dtype:
        return self.block.dtype

    def read(self, times: slice, channels: slice) -> Values:
        begin, end, _ = times.indices(self.shape[0])
        return self.block.read(slice(begin + self.first, end + self.first), channels)
