"""Where a file says how its times count: keywords (FITS 4.0, section 9; OGIP/93-003), or the column's name."""

from __future__ import annotations

import re

from tianku.model.errors import UsageError
from tianku.products.observed import Header
from tianku.products.readers.curve_layout import TimeRule
from tianku.products.timeseries import MJD0, TimeFrame

_DAYS = {"d": 1.0, "day": 1.0, "days": 1.0, "h": 1 / 24, "min": 1 / 1440, "s": 1 / 86400, "sec": 1 / 86400}
_SCALES = {"ET": "TT", "TDT": "TT", "IAT": "TAI", "GMT": "UTC", "LOCAL": "UNKNOWN"}
_KNOWN = frozenset({"UTC", "TAI", "TT", "TDB", "TCB", "TCG", "UT1", "UT", "GPS", "UNKNOWN"})
#: spellings of TREFPOS and of OGIP's TIMEREF
_PLACES = {
    "SOLARSYSTEM": "BARYCENTER",
    "BARYCENT": "BARYCENTER",
    "HELIOCENTRIC": "HELIOCENTER",
    "HELIOCEN": "HELIOCENTER",
    "GEOCENTRIC": "GEOCENTER",
    "GEOCENTE": "GEOCENTER",
    "LOCAL": "TOPOCENTER",
    "TOPOCENT": "TOPOCENTER",
}
_NAMED = re.compile(
    r"(?P<kind>BJD|HJD|MJD|JD)(?:[_ ]?(?P<scale>TDB|UTC|TT))?(?:\s*-\s*(?P<less>\d+(?:\.\d+)?))?", re.ASCII
)
_BY_NAME = {
    "BJD": (0.0, "TDB", "BARYCENTER"),
    "HJD": (0.0, "UTC", "HELIOCENTER"),
    "JD": (0.0, "UTC", "TOPOCENTER"),
    "MJD": (MJD0, "UTC", "TOPOCENTER"),
}


def time_frame(rule: TimeRule, header: Header, unit: str | None) -> tuple[TimeFrame, float]:
    """Return the frame of a time column and the days in its unit.

    Parameters
    ----------
    unit
        What the column's own unit says, e.g. ``BJD - 2454833``.

    Raises
    ------
    UsageError
        ``timeseries.time_scale``, ``timeseries.time_unit``, ``timeseries.no_origin``.
    """
    origin, scale, place = _named(unit) or _named(rule.column) or (None, "UTC", "TOPOCENTER")
    written = _reference(header)
    chosen = next((o for o in (rule.origin, written, origin) if o is not None), None)
    if chosen is None:
        raise UsageError(
            "timeseries.no_origin",
            "neither keywords nor the name of column {column!r} say what its times count from; "
            "write `time: {{origin: …}}`, a Julian Date",
            column=rule.column,
        )
    frame = TimeFrame(chosen, _scale(rule, header, scale), _place(rule, header, place))
    return frame, _days(rule, header, unit)


def _named(text: str | None) -> tuple[float, str, str] | None:
    found = _NAMED.match((text or "").strip().upper())
    if not found:
        return None
    zero, scale, place = _BY_NAME[found["kind"]]
    return zero + float(found["less"] or 0.0), found["scale"] or scale, place


def _reference(header: Header) -> float | None:
    """Julian Date of the reference time; the integer and the fraction are added last to lose nothing."""
    for stem, zero in (("BJDREF", 0.0), ("JDREF", 0.0), ("MJDREF", MJD0)):
        whole, rest = header.get(f"{stem}I"), header.get(f"{stem}F")
        if isinstance(whole, int | float):
            return zero + float(whole) + (float(rest) if isinstance(rest, int | float) else 0.0)
        if isinstance(value := header.get(stem), int | float):
            return zero + float(value)
    return None


def _scale(rule: TimeRule, header: Header, named: str) -> str:
    said = str(rule.scale or header.get("TIMESYS") or named).strip().upper()
    scale = _SCALES.get(said, said)
    if scale not in _KNOWN:
        raise UsageError(
            "timeseries.time_scale",
            "{scale!r} is no time scale; there are: {known}",
            scale=said[:40],
            known=", ".join(sorted(_KNOWN)),
        )
    return scale


def _place(rule: TimeRule, header: Header, named: str) -> str:
    said = str(rule.refposition or header.get("TREFPOS") or header.get("TIMEREF") or named).strip().upper()
    return _PLACES.get(said, said)


def _days(rule: TimeRule, header: Header, unit: str | None) -> float:
    stated = unit if (unit or "").strip().lower() in _DAYS else None
    said = str(rule.unit or stated or header.get("TIMEUNIT") or "d").strip().lower()
    if said not in _DAYS:
        raise UsageError(
            "timeseries.time_unit",
            "times in {unit!r} are not understood; there are: {known}",
            unit=said[:40],
            known="d, h, min, s",
        )
    return _DAYS[said]
