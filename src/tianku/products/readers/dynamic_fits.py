"""Dynamic spectra in FITS: an image, and a table of one row that holds its axes."""

from __future__ import annotations

import hashlib
import re
from datetime import date

import numpy as np

from tianku.model.errors import UsageError
from tianku.model.vocabulary import normalise_unit
from tianku.products.dynamic import DAY, ArrayBlock, Doubles, DynamicSpectrum, Plane
from tianku.products.observed import Header
from tianku.products.readers.columns import column_array, image_rows, table_columns
from tianku.products.readers.dynamic_layout import DynamicLayout, TimeRule, dynamic_layouts
from tianku.products.readers.fits_cards import Hdu, fits_hdus
from tianku.products.readers.spectra import describe_hdus

MHZ = {"Hz": 1e-6, "kHz": 1e-3, "MHz": 1.0, "GHz": 1e3}
_CLOCK = re.compile(r"(\d{1,2}):(\d{1,2}):(\d{1,2}(?:\.\d*)?)")
_MJD0 = date(1858, 11, 17)


def read_dynamic_fits(buffer: bytes, reader: str) -> DynamicSpectrum:
    """Return the dynamic spectrum of a FITS file held in `buffer`.

    Raises
    ------
    UsageError
        ``dynamic.unknown_layout``, ``dynamic.bad_axis``, ``fits.*``: the file is at fault.
    """
    hdus = fits_hdus(buffer)
    for layout in dynamic_layouts(reader):
        image = next((h for h in hdus if h.kind == "image" and len(h.shape) == 2), None)
        if image is not None and all(
            str(image.cards.get(key, "")).strip().startswith(start) for key, start in layout.requires.items()
        ):
            return _read(layout, buffer, hdus, image)
    raise UsageError(
        "dynamic.unknown_layout",
        "no layout of dynamic spectra (reader {reader!r}) fits this file; it holds: {found}",
        reader=reader,
        found=describe_hdus(hdus),
    )


def _read(layout: DynamicLayout, buffer: bytes, hdus: list[Hdu], image: Hdu) -> DynamicSpectrum:
    header = dict(image.cards)
    values = image_rows(buffer, image)
    if layout.axes == ("time", "frequency"):
        values = values.T
    columns = _axis_columns(buffer, hdus)
    frequency = columns.get(layout.frequency.column)
    if frequency is None:
        raise _bad_axis("frequency", "the file has no table with a column " + layout.frequency.column)
    frequency = frequency * MHZ[layout.frequency.unit]
    times, notes = _times(layout.time, header, columns.get(layout.time.column), values.shape[0])
    _check(frequency, values.shape[1])
    stated = str(header.get(layout.unit) or "").strip()
    unit = layout.units[stated] if stated in layout.units else (normalise_unit(stated).vounit or None)
    identity = "|".join(str(header.get(key, "")).strip() for key in layout.series)
    series = hashlib.sha256(identity.encode() + frequency.tobytes()).hexdigest()[:16]
    return DynamicSpectrum(
        header=header,
        layout=layout.layout,
        frequency=frequency,
        planes=(Plane("", times, ArrayBlock(values)),),
        unit=unit,
        original_unit=stated or None,
        series=series,
        notes=notes,
    )


def _axis_columns(buffer: bytes, hdus: list[Hdu]) -> dict[str, Doubles]:
    """Vectors of the tables of one row, by name."""
    found: dict[str, Doubles] = {}
    for hdu in hdus:
        if hdu.kind == "table" and hdu.shape[0] == 1:
            for column in table_columns(hdu):
                if column.code in "ED":
                    found.setdefault(column.name, column_array(buffer, hdu, column, "vectors").astype(np.float64))
    return found


def _times(rule: TimeRule, header: Header, column: Doubles | None, count: int) -> tuple[Doubles, tuple[str, ...]]:
    start = moment(header.get(rule.date), header.get(rule.clock))
    if start is None:
        raise _bad_axis("time", f"{rule.date} and {rule.clock} are no instant")
    seconds = _stepped(rule, header, count) if column is None else column
    if len(seconds) != count or not np.isfinite(seconds).all() or bool((np.diff(seconds) < 0).any()):
        raise _bad_axis("time", f"{len(seconds)} times, not ascending, for {count} rows")
    times: Doubles = start + seconds / DAY
    notes = ["time.from_step"] if column is None else []
    end = moment(header.get(rule.end_date or ""), header.get(rule.end_clock or ""))
    between = float(np.median(np.diff(seconds))) if count > 1 else 0.0
    if end is not None and count and abs(end - float(times[-1])) * DAY > between + 2.0:
        notes.append("time.inconsistent")
    return times, tuple(notes)


def _stepped(rule: TimeRule, header: Header, count: int) -> Doubles:
    """Seconds in equal steps, where there is no table of them."""
    step = header.get(rule.step or "")
    if not isinstance(step, int | float) or isinstance(step, bool) or not 0 < step < DAY:
        raise _bad_axis("time", f"there is neither a column {rule.column} nor a step")
    return np.arange(count, dtype=np.float64) * float(step)


def _check(frequency: Doubles, channels: int) -> None:
    if len(frequency) != channels:
        raise _bad_axis("frequency", f"{len(frequency)} frequencies for {channels} channels")
    if not (np.isfinite(frequency).all() and (frequency > 0).all()):
        raise _bad_axis("frequency", "there are frequencies that are not positive numbers")


def moment(day: object, clock: object) -> float | None:
    """Return the MJD of a date (``2011-06-07``, ``2011/06/07``) and a clock that may reach :60 and 24:00."""
    parts, time = re.fullmatch(r"(\d{4})[-/](\d{1,2})[-/](\d{1,2})", str(day).strip()), str(clock).strip()
    found = _CLOCK.fullmatch(time)
    if not parts or not found:
        return None
    try:
        days = (date(int(parts[1]), int(parts[2]), int(parts[3])) - _MJD0).days
    except ValueError:
        return None
    return days + (int(found[1]) * 3600 + int(found[2]) * 60 + float(found[3])) / DAY


def _bad_axis(axis: str, reason: str) -> UsageError:
    return UsageError("dynamic.bad_axis", "the {axis} axis: {reason}", axis=axis, reason=reason)
