"""The one model of a light curve: whatever the file's layout, this is what the rest of Tianku sees."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import numpy.typing as npt

from tianku.model.metadata import Bit
from tianku.products.observed import Header

Quantity = Literal["flux", "magnitude", "value"]
Floats = npt.NDArray[np.floating]
Doubles = npt.NDArray[np.float64]
Flags = npt.NDArray[np.int64]
Truths = npt.NDArray[np.bool_]

#: Julian Date of MJD 0
MJD0 = 2400000.5
#: time scales that astropy converts exactly; others (UT1, local clocks) are within a second of UTC, or unknown
_EXACT = frozenset({"TAI", "TT", "TDB", "TCB", "TCG"})
#: Julian Dates from 1800 to 2200: a time outside these is no time of an observation
_PLAUSIBLE = (2378496.5, 2524593.5)


@dataclass(frozen=True, slots=True)
class TimeFrame:
    """How times count: Julian Date = `origin` + days, in time scale `scale`, at `refposition` (VOTable words)."""

    origin: float = 0.0
    scale: str = "UTC"
    refposition: str = "TOPOCENTER"

    def utc_mjd(self, days: float | Doubles) -> Doubles:
        """Return UTC Modified Julian Dates at the same reference position; NaN where no time of an observation.

        The light travel time between `refposition` and the observer (up to 8.4 minutes) is not undone: it needs
        the observer's place at each moment.
        """
        whole = np.asarray(days, dtype=np.float64)
        plausible = (whole + self.origin > _PLAUSIBLE[0]) & (whole + self.origin < _PLAUSIBLE[1])
        mjd = np.where(plausible, (self.origin - MJD0) + whole, np.nan)
        if self.scale not in _EXACT or not plausible.any():
            return mjd
        from astropy.time import Time  # slow to import, and most requests need no conversion

        times = Time(self.origin, whole[plausible], format="jd", scale=self.scale.lower())
        mjd[plausible] = times.utc.mjd
        return mjd


@dataclass(frozen=True, slots=True, eq=False)
class Curve:
    """One light curve (a band, an aperture) of a product; all arrays have one length and the file's order.

    Attributes
    ----------
    time
        Days since `frame.origin`; NaN where the file has a row without a time.
    value, error
        In `unit`; NaN where nothing was measured. `error` is one standard deviation.
    flag
        Quality bits or code; 0 is good. `bits` gives the meaning of bits where it is known.
    limit
        True where the value is an upper limit of the brightness.
    t_exptime
        Time on the source in seconds, where the file says.
    em_min, em_max
        Wavelength limits of the band in metres.
    """

    name: str
    time: Doubles
    value: Floats
    quantity: Quantity
    frame: TimeFrame
    band: str = ""
    error: Floats | None = None
    flag: Flags | None = None
    limit: Truths | None = None
    bits: tuple[Bit, ...] = ()
    unit: str | None = None
    original_unit: str | None = None
    ucd: str | None = None
    calibration: str | None = None
    t_exptime: float | None = None
    em_min: float | None = None
    em_max: float | None = None

    def __len__(self) -> int:
        return len(self.time)

    @property
    def good(self) -> Truths:
        """Where there is a measurement at a time, and no flag is set."""
        present = np.isfinite(self.time) & np.isfinite(self.value)
        return present if self.flag is None else present & (self.flag == 0)


@dataclass(frozen=True, slots=True, eq=False)
class TimeSeries:
    """A product of light curves: 1…n parts, the best first.

    `ra` and `dec` are the target's ICRS position in degrees, None when the file has none.
    `notes` are stable codes of oddities that did not stop reading, e.g. ``time.barycenter``.
    """

    header: Header
    layout: str
    parts: tuple[Curve, ...]
    ra: float | None = None
    dec: float | None = None
    target: str | None = None
    notes: tuple[str, ...] = field(default=())

    def part(self, name: str) -> Curve | None:
        """Return the part called `name`, if any."""
        return next((p for p in self.parts if p.name == name), None)
