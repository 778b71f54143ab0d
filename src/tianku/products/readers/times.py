"""Start, end and exposure time of a part by its layout's rules, in UTC."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

import numpy as np

from tianku.products.observed import Header
from tianku.products.readers.layout import Layout, Times
from tianku.products.spectrum import Part

_DAY = 86400.0
_EPOCH = datetime(1858, 11, 17)  # MJD 0, UTC


def iso_mjd(text: object) -> float | None:
    """Return the MJD of an ISO 8601 date and time (no zone), or None when it is not one."""
    try:
        delta = datetime.fromisoformat(str(text).strip()) - _EPOCH
    except (ValueError, TypeError):
        return None
    return delta.days + (delta.seconds + delta.microseconds / 1e6) / _DAY


def minutes_mjd(text: object, zone_hours: float) -> list[float]:
    """Return UTC MJDs of Local Modified Julian Minutes: one, or several joined by ``-``."""
    words = [w for w in str(text or "").split("-") if w.strip().isdigit()]
    return [int(w) / 1440.0 - zone_hours / 24.0 for w in words]


def timed(layout: Layout, header: Header, parts: list[Part]) -> tuple[Part, ...]:
    """Return `parts` with their times; those that span exposures are timed after the exposures."""
    singly = [_single(layout, header, p) for p in parts]
    return tuple(_spanning(layout, header, p, singly) for p in singly)


def _single(layout: Layout, header: Header, part: Part) -> Part:
    rule = layout.times.get(part.kind, Times())
    merged = {**header, **part.header}
    seconds = _number(merged.get(rule.exptime or ""))
    span = _begin_end(rule, merged, layout.zone_hours)
    if span is None and rule.tai:
        span = _tai_span(rule.tai, merged)
    if span is None and rule.minutes and not rule.exposures:
        starts = minutes_mjd(merged.get(rule.minutes) or part.lmjm, layout.zone_hours)
        if starts:
            each = (seconds or 0.0) / len(starts)
            span = min(starts), max(starts) + each / _DAY
    t_min, t_max = span or (None, None)
    return replace(part, t_min=t_min, t_max=t_max, t_exptime=seconds)


def _begin_end(rule: Times, header: Header, zone_hours: float) -> tuple[float, float] | None:
    begin, end = iso_mjd(header.get(rule.begin or "")), iso_mjd(header.get(rule.end or ""))
    if begin is None or end is None or end < begin:
        return None
    return begin - zone_hours / 24.0, end - zone_hours / 24.0


def _tai_span(keywords: tuple[str, str], header: Header) -> tuple[float, float] | None:
    begin, end = (_number(header.get(k)) for k in keywords)
    if begin is None or end is None or not 0 < begin <= end < 1e11:
        return None
    first, last = tai_utc([begin / _DAY, end / _DAY])
    return first, last


def tai_utc(mjds: Sequence[float]) -> list[float]:
    """Return UTC Modified Julian Dates of dates in TAI."""
    from astropy.time import Time  # slow to import, and most files need none

    return [float(t) for t in Time(np.asarray(mjds, dtype=np.float64), format="mjd", scale="tai").utc.mjd]


def _nights(rule: Times, header: Header) -> tuple[float, float] | None:
    """From the start of the first night to the end of the last: the exposures lie between."""
    words = [w for w in str(header.get(rule.nights or "") or "").split() if w.isdigit() and len(w) == 5]
    if not words:
        return None
    numbers = [int(w) + rule.night_begin for w in words]
    first, last = tai_utc([min(numbers), max(numbers) + 1.0])
    return first, last


def _spanning(layout: Layout, header: Header, part: Part, parts: list[Part]) -> Part:
    """A coadd runs from its first exposure's start to its last one's end; its list may name fewer."""
    rule = layout.times.get(part.kind, Times())
    if not rule.exposures or part.t_min is not None:
        return part
    named = minutes_mjd(part.header.get(rule.minutes or ""), layout.zone_hours)
    exposures = [p for p in parts if p.kind == "exposure" and p.t_min is not None]
    used = [p for p in exposures if rule.all_bands or p.band == part.band]
    if named:
        used = [p for p in used if any(abs((p.t_min or 0.0) - t) < 1e-6 for t in named)]
    starts = [p.t_min for p in used if p.t_min is not None] or named
    ends = [p.t_max for p in used if p.t_max is not None]
    if not starts:
        span = _nights(rule, {**header, **part.header})
        return replace(part, t_min=span[0], t_max=span[1]) if span else part
    total = part.t_exptime or sum(p.t_exptime or 0.0 for p in used) or None
    return replace(part, t_min=min(starts), t_max=max(ends) if ends else None, t_exptime=total)


def time_notes(layout: Layout, header: Header, parts: tuple[Part, ...]) -> tuple[str, ...]:
    """Return ``time.missing`` or ``time.inconsistent`` (median keyword over an hour from mid-time)."""
    if any(p.t_min is None for p in parts):
        return ("time.missing",)
    if any(layout.times.get(p.kind, Times()).nights for p in parts) and all(p.kind != "exposure" for p in parts):
        return ("time.nights",)
    median = iso_mjd(header.get(layout.check_time or ""))
    far = [p for p in parts if p.t_min and p.t_max and median and abs((p.t_min + p.t_max) / 2 - median) > 1 / 24]
    return ("time.inconsistent",) if far else ()


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
