"""The one model of a spectrum: whatever the file's layout, this is what the rest of Tianku sees."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import numpy.typing as npt

from tianku.model.config.products import Flux
from tianku.model.metadata import Bit
from tianku.products.observed import Header

PartKind = Literal["single", "coadd", "exposure"]
Calibration = Literal["absolute", "relative", "uncalibrated", "normalized", "unknown"]
Floats = npt.NDArray[np.floating]
Doubles = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class FluxInfo:
    """What configuration says of a set's flux: VOUnits unit and calibration status; None leaves it to the file."""

    unit: str | None = None
    calibration: Calibration | None = None

    @classmethod
    def of(cls, said: Flux) -> FluxInfo:
        """Take only what was written: a default must not hide what the file says."""
        return cls(said.unit or None, said.calibration if "calibration" in said.model_fields_set else None)


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """One spectrum inside a product; all arrays have one length and native byte order.

    Attributes
    ----------
    wavelength
        Vacuum wavelength in Angstrom, float64, in `frame`; in the file's order, up or down.
    flux, ivar
        Flux in `flux_unit` and its inverse variance in 1/`flux_unit`²; ivar 0 means "no information".
    normalized
        Continuum-normalised flux where the file holds it, NaN where it says "none".
    masks
        Bit masks by name; `bits` gives their meanings when configuration names them.
    t_min, t_max, t_exptime
        UTC Modified Julian Dates of start and end; exposure time in seconds.
    lmjm
        Local Modified Julian Minute that names an exposure (MRS).
    """

    name: str
    band: str
    kind: PartKind
    wavelength: Doubles
    flux: Floats
    ivar: Floats | None = None
    normalized: Floats | None = None
    masks: Mapping[str, Integers] = field(default_factory=dict)
    bits: Mapping[str, tuple[Bit, ...]] = field(default_factory=dict)
    flux_unit: str | None = None
    calibration: Calibration = "unknown"
    frame: str = "HELIOCENTER"
    t_min: float | None = None
    t_max: float | None = None
    t_exptime: float | None = None
    lmjm: int | None = None
    snr: Mapping[str, float] = field(default_factory=dict)
    header: Header = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.wavelength)


@dataclass(frozen=True, slots=True, eq=False)
class Spectrum:
    """A product of spectra: the primary header, the layout that was recognised, and 1…n parts.

    `ra` and `dec` are the target's ICRS position in degrees, None when the file has none.
    `notes` are stable codes of oddities that did not stop reading, e.g. ``time.inconsistent``.
    """

    header: Header
    layout: str
    parts: tuple[Part, ...]
    ra: float | None = None
    dec: float | None = None
    notes: tuple[str, ...] = ()

    def part(self, name: str) -> Part | None:
        """Return the part called `name`, if any."""
        return next((p for p in self.parts if p.name == name), None)
