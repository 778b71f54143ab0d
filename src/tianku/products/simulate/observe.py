"""What the instrument makes of a noise-free spectrum: flux, noise, masks, and the numbers measured on it."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from tianku.products.simulate.lines import SKY_LINES, Array
from tianku.products.simulate.shapes import LIGHT, cataclysmic, galaxy, quasar, star, white_dwarf
from tianku.products.simulate.targets import Plate, Target

#: bits of andmask and ormask
NEARBADPIXEL, NOSKY, BRIGHTSKY, NODATA = 1 << 7, 1 << 13, 1 << 14, 1 << 15


@dataclass(frozen=True, slots=True)
class Observed:
    """One spectrum as written: float32 arrays, masks as int32."""

    wavelength: Array
    flux: Array
    ivar: Array
    andmask: Array
    ormask: Array
    model: Array = field(repr=False)

    @property
    def snr(self) -> float:
        """Median signal to noise of the good pixels."""
        good = self.ivar > 0
        return float(np.median(self.flux[good] * np.sqrt(self.ivar[good]))) if good.any() else 0.0

    def snr_between(self, low: float, high: float) -> float:
        """Median signal to noise between two wavelengths."""
        inside = (self.wavelength > low) & (self.wavelength < high) & (self.ivar > 0)
        return float(np.median(self.flux[inside] * np.sqrt(self.ivar[inside]))) if inside.any() else 0.0


@dataclass(frozen=True, slots=True)
class Observation:
    """One fibre of one plate."""

    target: Target
    plate: Plate
    spid: int
    fiberid: int

    @property
    def obsid(self) -> int:
        """Plate, spectrograph and fibre in one number, as LAMOST counts."""
        return self.plate.number * 100_000 + self.spid * 1000 + self.fiberid

    @property
    def filename(self) -> str:
        """Name of the low-resolution file, without ``.gz``."""
        return f"spec-{self.plate.lmjd}-{self.plate.planid}_sp{self.spid:02d}-{self.fiberid:03d}.fits"


def shape(target: Target, wave: Array, resolution: float, speed: float = 0.0) -> Array:
    """Return the noise-free spectrum on observed wavelengths, of order 1; `speed` (km/s) is added to z."""
    rest = wave / ((1.0 + target.z) * (1.0 + speed / LIGHT))
    if target.kind == "star":
        return star(rest, target.teff, target.logg, target.feh, resolution, target.vsini)
    if target.kind == "wd":
        return white_dwarf(rest, target.teff, target.teff > 21_000)
    if target.kind == "cv":
        return cataclysmic(rest)
    if target.kind == "galaxy":
        return galaxy(rest, target.starforming)
    if target.kind == "qso":
        return quasar(rest)
    return np.full_like(wave, 0.0 if target.kind == "sky" else 0.12)


def observe(wave: Array, model: Array, level: float, noise: float, rng: np.random.Generator) -> Observed:
    """Return `model` at flux `level` with noise of `noise` (same unit) in mid-spectrum.

    The noise grows towards the blue end and under sky lines; the last pixels hold no data.
    """
    blue = 1.0 + 2.5 * np.exp(-(wave - wave[0]) / 280.0)
    sky = sum(np.exp(-0.5 * ((wave - line) / 4.0) ** 2) for line in SKY_LINES)
    sigma = noise * np.sqrt(blue * blue + 0.4 * np.clip(model, 0, None)) * (1.0 + 5.0 * sky)
    flux = level * model + rng.normal(size=len(wave)) * sigma
    ivar = 1.0 / (sigma * sigma)
    ormask = np.where(sky > 0.3, BRIGHTSKY, 0)
    bad = rng.integers(50, len(wave) - 50, 3)
    ormask[bad] |= NEARBADPIXEL
    andmask = np.zeros_like(ormask)
    andmask[bad[:1]] |= NEARBADPIXEL
    flux[-8:], ivar[-8:] = 0.0, 0.0
    andmask[-8:] |= NODATA
    ormask[-8:] |= NODATA
    return Observed(wave, flux, ivar, andmask, ormask, level * model)


def normalised(observed: Observed) -> Array:
    """Return flux over its continuum: the running median of 301 pixels, by blocks."""
    blocks = np.array_split(np.arange(len(observed.flux)), max(1, len(observed.flux) // 150))
    centres = np.array([block.mean() for block in blocks])
    levels = np.array([np.median(observed.flux[block]) for block in blocks])
    continuum = np.interp(np.arange(len(observed.flux)), centres, levels)
    safe = np.where(np.abs(continuum) > 1e-3 * np.abs(levels).max(initial=1e-9), continuum, np.nan)
    return np.nan_to_num(observed.flux / safe, nan=-9999.0)
