"""netCDF4 files by the CF conventions: variables along a time coordinate."""

from __future__ import annotations

import io
import re
from collections.abc import Mapping
from typing import Any

import h5py
import numpy as np

from tianku.model.errors import UsageError
from tianku.products.observed import Header
from tianku.products.readers.series import MOST_COMPONENTS, Budget, Described, Variable, components, damage_told
from tianku.products.readers.times import iso_mjd
from tianku.products.timeseries import Doubles, Floats

#: CF: the units of a time coordinate, ``seconds since 2000-01-01 12:00:00``; days without leap seconds
_SINCE = re.compile(
    r"(\w+)\s+since\s+(\d{1,4}-\d{1,2}-\d{1,2})(?:[ T]\s*(\d{1,2}:\d{1,2}(?::\d{1,2}(?:\.\d*)?)?))?"
    r"\s*(?:UTC|GMT|Z|([+-]\d{1,2}(?::?\d{2})?))?"
)
#: CF: calendars that count the days of today as everybody does
_CALENDARS = ("standard", "gregorian", "proleptic_gregorian")
_DAYS = {
    **dict.fromkeys(("microsecond", "microseconds", "us"), 1e-6 / 86400),
    **dict.fromkeys(("millisecond", "milliseconds", "msec", "ms"), 1e-3 / 86400),
    **dict.fromkeys(("second", "seconds", "sec", "s"), 1 / 86400),
    **dict.fromkeys(("minute", "minutes", "min"), 1 / 1440),
    **dict.fromkeys(("hour", "hours", "hr", "h"), 1 / 24),
    **dict.fromkeys(("day", "days", "d"), 1.0),
}


def described(data: bytes) -> Described:
    """Return the series of a netCDF4 file.

    Raises
    ------
    UsageError
        ``timeseries.damaged``: the library's words; ``timeseries.no_time``.
    """
    with damage_told("netCDF4"), h5py.File(io.BytesIO(data), "r") as file:
        return _described(file)


def _described(file: h5py.File) -> Described:
    """Variables of the root group; read with h5py: h5netcdf takes several times as long to open small files."""
    budget = Budget()
    datasets = {name: one for name, one in file.items() if isinstance(one, h5py.Dataset) and one.shape is not None}
    units = {name: _text(one.attrs.get("units", "")).strip() for name, one in datasets.items()}
    times = {
        one.name: _times(one, units[name], budget)
        for name, one in datasets.items()
        if one.ndim == 1 and one.dtype.kind in "iuf" and _SINCE.fullmatch(units[name])
    }
    if not times:
        raise UsageError(
            "timeseries.no_time", "the {form} file has no times: {what}", form="netCDF4",
            what="no variable has units such as `seconds since 2000-01-01`",
        )  # fmt: skip
    variables: list[Variable] = []
    left_out = 0
    for name, one in datasets.items():
        if one.is_scale:
            continue
        along = _along(one)
        if along not in times or not _is_series(one) or one.shape[0] != len(times[along]):
            left_out += 1
            continue
        variables += components(name, (), times[along], _numbers(one, budget), units[name], one.dtype.kind == "f")
    return Described("netCDF4", _header(file.attrs), variables, left_out)


def _along(variable: h5py.Dataset) -> str:
    """The path of the coordinate of the first dimension; empty where it has none."""
    scales = variable.dims[0].values() if variable.ndim else []
    return str(scales[0].name) if scales else ""


def _is_series(variable: h5py.Dataset) -> bool:
    return variable.dtype.kind in "iuf" and (
        variable.ndim == 1 or (variable.ndim == 2 and 0 < variable.shape[1] <= MOST_COMPONENTS)
    )


def _text(value: Any) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def _times(variable: h5py.Dataset, unit: str, budget: Budget) -> Doubles:
    found = _SINCE.fullmatch(unit)
    assert found is not None  # the caller has looked
    year, month, day = (int(word) for word in found[2].split("-"))
    origin = iso_mjd(f"{year:04d}-{month:02d}-{day:02d}T{_clock(found[3])}")
    calendar = _text(variable.attrs.get("calendar", _CALENDARS[0])).lower()
    if origin is None or found[1].lower() not in _DAYS or calendar not in _CALENDARS:
        raise UsageError(
            "timeseries.no_time", "the {form} file has no times: {what}", form="netCDF4",
            what=f"{found[0][:80]}, calendar {calendar[:40]}",
        )  # fmt: skip
    origin -= _ahead(found[4])
    return origin + _numbers(variable, budget).astype(np.float64) * _DAYS[found[1].lower()]


def _ahead(zone: str | None) -> float:
    """Days that the clock of ``+h``, ``-h:mm``, ``+hhmm`` is ahead of UTC."""
    if zone is None:
        return 0.0
    hours, minutes = (zone[1:-2].rstrip(":"), zone[-2:]) if len(zone) > 3 else (zone[1:], "0")
    days = int(hours) / 24 + int(minutes) / 1440
    return -days if zone[0] == "-" else days


def _clock(text: str | None) -> str:
    """``h:m[:s]`` with two digits each."""
    hours, minutes, *seconds = (text or "00:00").split(":")
    whole, _, fraction = (seconds[0] if seconds else "0").partition(".")
    return f"{int(hours):02d}:{int(minutes):02d}:{int(whole):02d}" + (f".{fraction[:6]}" if fraction else "")


def _numbers(variable: h5py.Dataset, budget: Budget) -> Floats:
    """Values with fill values as NaN, scaled as CF says; integers without either become float64."""
    budget.take(int(np.prod(variable.shape, dtype=np.int64)))
    raw = np.asarray(variable[...])
    kind = np.float32 if raw.dtype == np.float32 else np.float64
    values: Floats = raw.astype(kind)
    for name in ("_FillValue", "missing_value"):
        fill = variable.attrs.get(name)
        if fill is not None:
            values[np.isin(raw, np.asarray(fill))] = np.nan
    scale, offset = variable.attrs.get("scale_factor"), variable.attrs.get("add_offset")
    if scale is not None or offset is not None:
        values = values.astype(np.float64) * float(1 if scale is None else scale) + float(offset or 0)
    return values


def _header(attributes: Mapping[str, Any]) -> Header:
    """Global attributes; texts are cut at a length no keyword needs."""
    found: dict[str, str | int | float | bool | None] = {}
    for name, value in attributes.items():
        if name.startswith("_NC"):
            continue
        if isinstance(value, bytes):
            value = _text(value)
        elif isinstance(value, np.ndarray):
            value = ", ".join(str(item) for item in value.ravel()[:20].tolist())
        elif isinstance(value, np.generic):
            value = value.item()
        if isinstance(value, str | int | float) and str(value).strip():
            found[str(name)] = value[:2000] if isinstance(value, str) else value
    return found
