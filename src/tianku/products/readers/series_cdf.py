"""CDF files by the ISTP guidelines: variables that depend on an epoch."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import cdflib
import numpy as np
from astropy.time import Time

from tianku.model.errors import UsageError
from tianku.products.observed import Header
from tianku.products.readers.series import MOST_COMPONENTS, Budget, Described, components, damage_told
from tianku.products.timeseries import Doubles, Floats

#: 0000-01-01, where CDF_EPOCH counts from, in UTC days without leap seconds
_YEAR_0 = -678941.0
_J2000 = 2451545.0
_FILL_EPOCH = -1e31
_NUMBERS = ("CDF_REAL", "CDF_DOUBLE", "CDF_FLOAT", "CDF_INT", "CDF_UINT", "CDF_BYTE")


def described(data: bytes) -> Described:
    """Return the series of a CDF file.

    Raises
    ------
    UsageError
        ``timeseries.damaged``: the library's words; ``timeseries.no_time``.
    """
    with tempfile.NamedTemporaryFile(suffix=".cdf") as file:  # the library reads from paths alone
        file.write(data)
        file.flush()
        with damage_told("CDF"):
            return _described(cdflib.CDF(Path(file.name)))


def _described(file: cdflib.CDF) -> Described:
    info = file.cdf_info()
    names = [*info.zVariables, *info.rVariables]
    about = {name: (file.varinq(name), file.varattsget(name)) for name in names}
    epochs = {name for name, (said, _) in about.items() if _is_epoch(said)}
    if not epochs:
        raise UsageError(
            "timeseries.no_time", "the {form} file has no times: {what}", form="CDF",
            what="no variable is a CDF_TIME_TT2000, CDF_EPOCH or CDF_EPOCH16",
        )  # fmt: skip
    budget, variables, left_out = Budget(), [], 0
    times: dict[str, Doubles] = {}
    for name, (said, attributes) in about.items():
        along = attributes.get("DEPEND_0")
        if name in epochs or attributes.get("VAR_TYPE") == "metadata":
            continue
        if along not in epochs or not _is_series(said):
            left_out += 1
            continue
        if along not in times:
            times[along] = _times(file, along, about[along][0], budget)
        count = _records(said)
        values = _values(file, name, said, attributes, budget) if count else np.empty(0)
        if len(values) != len(times[along]):
            raise UsageError(
                "timeseries.no_time", "the {form} file has no times: {what}", form="CDF",
                what=f"{len(times[along])} epochs for {len(values)} records of {name}",
            )  # fmt: skip
        unit = str(attributes.get("UNITS", "")).strip()
        measured = attributes.get("VAR_TYPE", "data") == "data"
        variables += components(name, _labels(file, attributes, about), times[along], values, unit, measured)
    return Described("CDF", _header(file.globalattsget()), variables, left_out)


def _is_epoch(said: Any) -> bool:
    return said.Data_Type_Description in ("CDF_TIME_TT2000", "CDF_EPOCH", "CDF_EPOCH16")


def _is_series(said: Any) -> bool:
    sizes = list(said.Dim_Sizes)
    return said.Data_Type_Description.startswith(_NUMBERS) and (
        not sizes or (len(sizes) == 1 and 0 < sizes[0] <= MOST_COMPONENTS)
    )


def _records(said: Any) -> int:
    return int(said.Last_Rec) + 1


def _times(file: cdflib.CDF, name: str, said: Any, budget: Budget) -> Doubles:
    """UTC MJDs of an epoch variable; TT2000 by the leap seconds, the others as the days they are."""
    count = _records(said)
    budget.take(count)
    if not count:
        return np.empty(0)
    raw = np.atleast_1d(np.asarray(file.varget(name)))
    if said.Data_Type_Description == "CDF_TIME_TT2000":
        out = np.full(len(raw), np.nan)
        good = raw > np.iinfo(np.int64).min + 3  # fill and pad values
        days = raw[good] / 86400e9
        out[good] = Time(_J2000, days, format="jd", scale="tt").utc.mjd if len(days) else days
        return out
    if said.Data_Type_Description == "CDF_EPOCH16":
        seconds = raw.real if raw.dtype.kind == "c" else raw[:, 0]
        parts = raw.imag if raw.dtype.kind == "c" else raw[:, 1]
        return np.where(seconds > _FILL_EPOCH, _YEAR_0 + seconds / 86400.0 + parts / 86400e12, np.nan)
    return np.where(raw > _FILL_EPOCH, _YEAR_0 + raw / 86400e3, np.nan)


def _values(file: cdflib.CDF, name: str, said: Any, attributes: dict[str, Any], budget: Budget) -> Floats:
    budget.take(_records(said) * max(1, int(np.prod(said.Dim_Sizes or [1]))))
    raw = np.asarray(file.varget(name))
    raw = raw.reshape(_records(said), *said.Dim_Sizes)
    values: Floats = raw.astype(np.float32 if raw.dtype.itemsize <= 4 and raw.dtype.kind == "f" else np.float64)
    fill = attributes.get("FILLVAL")
    if fill is not None:
        values[np.isin(raw, np.asarray(fill).astype(raw.dtype, casting="unsafe"))] = np.nan
    return values


def _labels(file: cdflib.CDF, attributes: dict[str, Any], about: dict[str, Any]) -> list[str]:
    """The words of the variable that LABL_PTR_1 points to."""
    pointer = attributes.get("LABL_PTR_1")
    if pointer not in about:
        return []
    return [str(word).strip() for word in np.asarray(file.varget(pointer)).ravel().tolist()]


def _header(attributes: dict[str, list[Any]]) -> Header:
    """The first entry of each global attribute."""
    found: dict[str, str | int | float | bool | None] = {}
    for name, entries in attributes.items():
        first = entries[0] if isinstance(entries, list) and entries else entries
        first = first.item() if isinstance(first, np.generic) else first
        if isinstance(first, str | int | float) and str(first).strip():
            found[name] = first[:2000] if isinstance(first, str) else first
    return found
