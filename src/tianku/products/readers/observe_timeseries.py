"""Light curves on their way into the index: one product per file, one row per band or aperture."""

from __future__ import annotations

import numpy as np

from tianku.products.context import SetContext
from tianku.products.observed import Observed
from tianku.products.readers.source import SourceFile
from tianku.products.readers.timeseries import read_timeseries
from tianku.products.timeseries import Curve, Doubles, TimeSeries

_DAY = 86400.0


def observe(context: SetContext, file: SourceFile) -> list[Observed]:
    """Return the parts of the one light curve product in `file`.

    Raises
    ------
    UsageError
        As `tianku.products.readers.timeseries.read_timeseries`.
    """
    found = read_timeseries(file.raw, context.config, file.path.name)
    return [_part(found, number, part) for number, part in enumerate(found.parts)]


def _part(found: TimeSeries, number: int, part: Curve) -> Observed:
    times = part.time[np.isfinite(part.time)]
    t_min, t_max = span(part)
    notes = found.notes if t_min is not None else (*found.notes, "time.missing")
    return Observed(
        identity=found.header,
        header=found.header,
        part=part.name,
        part_kind=part.quantity,
        part_number=number,
        band=part.band or None,
        layout=found.layout,
        ra=found.ra,
        dec=found.dec,
        t_min=t_min,
        t_max=t_max,
        t_exptime=part.t_exptime,
        t_resolution=median_step(times),
        t_xel=len(times),
        em_min=part.em_min,
        em_max=part.em_max,
        target_name=found.target,
        o_ucd=part.ucd,
        o_unit=part.unit,
        o_calib_status=part.calibration,
        detail={"origin": part.frame.origin, "scale": part.frame.scale, "refposition": part.frame.refposition},
        notes=notes,
    )


def span(part: Curve) -> tuple[float | None, float | None]:
    """Return first and last time as MJD in UTC, None where no time is one of an observation."""
    times = part.time[np.isfinite(part.time)]
    if not len(times):
        return None, None
    first, last = part.frame.utc_mjd(np.array([times.min(), times.max()]))
    return (float(first), float(last)) if np.isfinite(first) and np.isfinite(last) else (None, None)


def median_step(times: Doubles) -> float | None:
    """Return the median distance of neighbouring times (days) in seconds; repeated times do not count."""
    steps = np.diff(np.unique(times))
    return float(np.median(steps)) * _DAY if len(steps) else None
