"""Dynamic spectra of records: axes put together from their fields, numbers decoded when they are asked for."""

from __future__ import annotations

import hashlib
import mmap
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tianku.formats.opening import is_compressed
from tianku.formats.records import RecordPlan, Run, Scan, field_values, instants, read_header, scan
from tianku.formats.records.checksum import right_sums
from tianku.formats.records.plan import Buffer
from tianku.formats.records.values import zone_days
from tianku.model.config.dynamic import DynamicAxes
from tianku.model.config.formats import FieldLayout, RecordFormat
from tianku.model.errors import UsageError
from tianku.model.vocabulary import normalise_unit
from tianku.products.dynamic import Doubles, DynamicSpectrum, Plane, Values
from tianku.products.readers.dynamic_fits import MHZ
from tianku.products.readers.source import load
from tianku.products.readers.times import iso_mjd

Integers = npt.NDArray[np.int64]
_DAYS = {"ns": 1e-9 / 86400, "us": 1e-6 / 86400, "ms": 1e-3 / 86400, "s": 1 / 86400}
_DAYS |= {"min": 1 / 1440, "h": 1 / 24, "d": 1.0}
#: gaps that the index keeps of one file; all are counted
_GAPS_KEPT = 100
_TIMES = (15_000.0, 120_000.0)  # MJD of 1899 and 2187: other times are damaged


def read_dynamic_records(
    path: Path, layout: RecordFormat, axes: DynamicAxes, axis: Doubles | None
) -> DynamicSpectrum:
    """Return the dynamic spectrum of a file of records; `axis` holds the frequencies (MHz) of a table.

    Raises
    ------
    UsageError
        ``records.none``, ``records.*``, ``dynamic.bad_axis``, ``dynamic.mixed_shapes``.
    """
    buffer = _opened(path)
    header = read_header(buffer, layout, path)
    plan = RecordPlan(layout, header)
    found = scan(buffer, plan)
    if not found.records:
        raise UsageError(
            "records.none", "no whole record in {size} bytes: the layout does not fit this file", size=len(buffer)
        )
    return _Assembly(buffer, plan, found, axes, header).spectrum(axis)


def record_header(path: Path, layout: RecordFormat) -> dict[str, Any]:
    """Return the numbers and texts of the file header."""
    found = read_header(_opened(path), layout, path)
    return {name: value for name, value in found.items() if not isinstance(value, np.ndarray)}


def _opened(path: Path) -> Buffer:
    try:
        if is_compressed(path):
            return load(path)
        with path.open("rb") as stream:
            return mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ)
    except ValueError as error:
        raise UsageError("records.none", "no whole record in {size} bytes", size=0) from error
    except OSError as error:
        raise UsageError(
            "file.missing", "{file} cannot be read: {reason}", file=path.name, reason=error.strerror or "error"
        ) from error


@dataclass(frozen=True, slots=True)
class _Cut:
    """How a record's numbers are cut: sweeps in time, polarisation states, channels."""

    sweeps: int
    states: int
    channels: int


@dataclass(frozen=True, slots=True, eq=False)
class RecordBlock:
    """One polarisation state of a file of records.

    `rows` are the numbers of its sweeps in the file (record * sweeps + sweep), in order of time.
    """

    buffer: Buffer
    plan: RecordPlan
    runs: tuple[Run, ...]
    starts: Integers
    rows: Integers
    field: str
    cut: _Cut
    state: int
    dtype: np.dtype

    @property
    def shape(self) -> tuple[int, int]:
        """Times and channels."""
        return len(self.rows), self.cut.channels

    def read(self, times: slice, channels: slice) -> Values:
        """Return a window; channels that a record does not have are NaN."""
        rows = self.rows[times]
        first, last, _ = channels.indices(self.cut.channels)
        out = np.empty((len(rows), max(0, last - first)), self.dtype)
        records, sweeps = np.divmod(rows, self.cut.sweeps)
        number = np.searchsorted(self.starts, records, "right") - 1
        ends = [*(np.flatnonzero(np.diff(number)) + 1).tolist(), len(rows)] if len(rows) else []
        begin = 0
        for end in ends:
            run = self.runs[number[begin]]
            local = records[begin:end] - self.starts[number[begin]]
            self._fill(out[begin:end], run, local, sweeps[begin:end], first)
            begin = end
        return out

    def _fill(self, out: Values, run: Run, local: Integers, sweeps: Integers, first: int) -> None:
        view = run.view(self.buffer)
        step = int(local[1] - local[0]) if len(local) > 1 else 1
        even = step > 0 and bool((np.diff(local) == step).all())
        chosen = view[local[0] : local[-1] + 1 : step] if even else view[local]
        cells = field_values(self.plan, run, chosen, self.field).reshape(
            len(chosen), self.cut.sweeps, self.cut.states, -1
        )
        picked = (
            cells[:, 0, self.state] if self.cut.sweeps == 1 else cells[np.arange(len(cells)), sweeps, self.state]
        )
        held = picked[:, first : first + out.shape[1]]
        out[:, : held.shape[1]] = held
        if held.shape[1] < out.shape[1]:
            out[:, held.shape[1] :] = np.nan


class _Assembly:
    """Puts the axes of one file together."""

    def __init__(
        self, buffer: Buffer, plan: RecordPlan, found: Scan, axes: DynamicAxes, header: Mapping[str, Any]
    ) -> None:
        self.buffer, self.plan, self.found, self.axes, self.header = buffer, plan, found, axes, header
        self.field = self._values_field()
        self.starts = np.cumsum([0, *(run.count for run in found.runs)])[:-1]
        self.cut = self._cut()
        self.bad_sums = self.bad_times = 0

    def spectrum(self, axis: Doubles | None) -> DynamicSpectrum:
        """Return the dynamic spectrum."""
        frequency = self._frequency(axis)
        times, states = self._times(), self._states()
        planes = tuple(self._planes(times, states))
        field = self.plan.fields[self.field]
        names = "|".join(plane.state for plane in planes)
        series = hashlib.sha256(names.encode() + frequency.tobytes()).hexdigest()[:16]
        scalars = {k: v for k, v in self.header.items() if not isinstance(v, np.ndarray)}
        return DynamicSpectrum(
            header=scalars,
            layout="binary",
            frequency=frequency,
            planes=planes,
            unit=normalise_unit(field.unit).vounit if field.unit else None,
            original_unit=field.unit,
            series=series,
            notes=self._notes(),
            report=self._report(),
        )

    def _values_field(self) -> str:
        if self.axes.values is not None:
            return self.axes.values
        arrays = [f.name for f in self.plan.layout.repeat.fields if f.shape or f.count > 1]
        if not arrays:
            raise UsageError("dynamic.no_values", "the record format has no array field that holds the data")
        return arrays[-1]

    def _cut(self) -> _Cut:
        """(channels), (states or sweeps, channels) or (sweeps, states, channels); the same in every run."""
        field, states = self.plan.fields[self.field], self.axes.polarisation.states
        shapes = [self.plan.shape(field, run.lengths) for run in self.found.runs]
        if field.type in ("bcd", "bits") or field.type.startswith("s") or not shapes[0]:
            raise UsageError("dynamic.no_values", "field {name!r} holds no numbers by channel", name=field.name)
        leading = {shape[:-1] for shape in shapes}
        channels = max(shape[-1] for shape in shapes)
        if len(leading) > 1 or not channels or 0 in shapes[0]:
            raise UsageError(
                "dynamic.mixed_shapes", "the records have arrays of {shapes}: no spectra", shapes=sorted(leading)
            )
        outer = shapes[0][:-1]
        by_state = len(states) > 1
        count = outer[-1] if by_state and outer else 1
        sweeps = int(np.prod(outer[:-1] if by_state else outer, dtype=np.int64)) if outer else 1
        if by_state and count != len(states):
            raise UsageError(
                "dynamic.bad_axis",
                "the {axis} axis: {reason}",
                axis="polarisation",
                reason=f"{len(states)} states are named, the data have {count}",
            )
        return _Cut(sweeps, count, channels)

    def _frequency(self, table: Doubles | None) -> Doubles:
        channels = self.cut.channels
        axis = self._said_frequencies() if table is None else table
        if len(axis) != channels or not bool(np.isfinite(axis).all()) or not bool((axis > 0).all()):
            raise UsageError(
                "dynamic.bad_axis",
                "the {axis} axis: {reason}",
                axis="frequency",
                reason=f"{len(axis)} frequencies (all must be positive) for {channels} channels",
            )
        return axis

    def _said_frequencies(self) -> Doubles:
        """MHz, of the file header or from a start and a step."""
        said = self.axes.frequency
        if said.from_ is not None:
            value = self.header.get(said.from_)
            numbers = value if isinstance(value, np.ndarray | float | int) else ()
            return np.asarray(np.atleast_1d(np.asarray(numbers, dtype=np.float64)) * MHZ[said.unit])
        start, step = self._number(said.start), self._number(said.step)
        return np.asarray((start + step * np.arange(self.cut.channels)) * MHZ[said.unit], dtype=np.float64)

    def _number(self, said: float | str | None) -> float:
        """A number, or the header key of one; NaN where there is none (the caller refuses it)."""
        value = self.header.get(said) if isinstance(said, str) else said
        return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else float("nan")

    def _instant(self, said: str | None) -> float:
        """An ISO instant, or the header key of one (or of a decoded time), in UTC MJD."""
        value = self.header.get(said or "", said)
        if isinstance(value, float):
            return value
        mjd = iso_mjd(str(value).replace("/", "-"))
        if mjd is None:
            raise UsageError(
                "dynamic.bad_axis", "the {axis} axis: {reason}", axis="time", reason=f"{value!r} is no instant"
            )
        return mjd - zone_days(self.axes.time.zone)

    def _times(self) -> Doubles:
        """The time of each sweep in the order of the file; NaN where it is damaged."""
        said, sweeps = self.axes.time, self.cut.sweeps
        step = self._number(said.step) / 86400.0
        times: Doubles
        if said.from_ is None:
            times = self._instant(said.start) + step * np.arange(self.found.records * sweeps, dtype=np.float64)
        else:
            field = self.plan.fields[said.from_]
            times = np.concatenate([self._record_times(run, field) for run in self.found.runs])
            if sweeps > 1:
                times = (times[:, None] + step * np.arange(sweeps)).ravel()
        good = np.isfinite(times) & (times > _TIMES[0]) & (times < _TIMES[1])
        times[~good] = np.nan
        self.bad_times = int(len(times) - good.sum())
        if self.plan.checksum is not None:
            right = np.concatenate(
                [right_sums(self.buffer, self.plan, r.offset, r.count, r.dtype) for r in self.found.runs]
            )
            self.bad_sums = int(len(right) - right.sum())
            times[~np.repeat(right, sweeps)] = np.nan
        return times

    def _record_times(self, run: Run, field: FieldLayout) -> Doubles:
        records = run.view(self.buffer)
        if field.type in ("bcd", "bits"):
            return instants(records, field, self.plan.order)
        numbers = field_values(self.plan, run, records, field.name)
        if numbers.ndim != 1 or numbers.dtype.kind not in "iuf":
            raise UsageError(
                "dynamic.bad_axis", "the {axis} axis: {reason}", axis="time", reason=f"{field.name} is no number"
            )
        origin = self._instant(self.axes.time.origin) if self.axes.time.origin else 0.0
        with np.errstate(invalid="ignore", over="ignore"):
            return origin + numbers.astype(np.float64) * _DAYS[self.axes.time.unit]

    def _states(self) -> tuple[npt.NDArray[np.generic], dict[Any, str]] | None:
        """The code of each record's state and the words of the codes; None where records do not say."""
        name = self.axes.polarisation.from_
        if name is None:
            return None
        words = self.plan.fields[name].map
        codes = np.concatenate(
            [field_values(self.plan, run, run.view(self.buffer), name) for run in self.found.runs]
        )
        seen = np.unique(codes)
        if len(seen) > 16 or codes.ndim != 1:
            raise UsageError(
                "dynamic.bad_axis",
                "the {axis} axis: {reason}",
                axis="polarisation",
                reason=f"{len(seen)} different codes in field {name}",
            )
        plain = [code.decode("latin-1") if isinstance(code, bytes) else code for code in seen.tolist()]
        return codes, {
            code: words.get(text, words.get(str(text), str(text))) for code, text in zip(seen, plain, strict=True)
        }

    def _planes(
        self, times: Doubles, states: tuple[npt.NDArray[np.generic], dict[Any, str]] | None
    ) -> list[Plane]:
        planes = []
        known = np.isfinite(times)
        if states is None:
            names = self.axes.polarisation.states or ("",)
            planes = [self._plane(name, number, times, known) for number, name in enumerate(names)]
        else:
            for code, name in states[1].items():
                chosen = known & np.repeat(states[0] == code, self.cut.sweeps)
                if chosen.any():
                    planes.append(self._plane(name, 0, times, chosen))
        if not planes or not known.any():
            raise UsageError("records.none_good", "no record has a time and a right checksum")
        return planes

    def _plane(self, name: str, state: int, times: Doubles, chosen: npt.NDArray[np.bool_]) -> Plane:
        rows = np.flatnonzero(chosen)
        mine = times[rows]
        if (np.diff(mine) < 0).any():
            order = np.argsort(mine, kind="stable")
            rows, mine = rows[order], mine[order]
        block = RecordBlock(
            self.buffer,
            self.plan,
            tuple(self.found.runs),
            self.starts,
            rows,
            self.field,
            self.cut,
            state,
            self._dtype(),
        )
        return Plane(name, mine, block)

    def _dtype(self) -> np.dtype:
        """The type of decoded numbers; floating where some records have fewer channels."""
        run = self.found.runs[0]
        kind = field_values(self.plan, run, run.view(self.buffer)[:1], self.field).dtype
        shapes = {self.plan.shape(self.plan.fields[self.field], r.lengths) for r in self.found.runs}
        if len(shapes) > 1 and kind.kind != "f":
            return np.dtype(np.float32 if kind.itemsize <= 2 else np.float64)
        return kind

    def _notes(self) -> tuple[str, ...]:
        sync = self.plan.layout.repeat.sync
        reported = self.found.gaps if sync is None or sync.report_gaps else ()
        reasons = dict.fromkeys(
            "records.truncated" if g.reason == "truncated" else "records.gap" for g in reported
        )
        counted = {"records.bad_sum": self.bad_sums, "records.bad_time": self.bad_times}
        return (*reasons, *(name for name, count in counted.items() if count))

    def _report(self) -> dict[str, Any]:
        gaps = self.found.gaps
        return {
            "records": self.found.records,
            "bad_sums": self.bad_sums,
            "bad_times": self.bad_times,
            "gaps": len(gaps),
            "gap_bytes": sum(gap.size for gap in gaps),
            "gap_list": [[gap.offset, gap.size, gap.reason] for gap in gaps[:_GAPS_KEPT]],
        }
