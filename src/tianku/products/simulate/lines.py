"""Spectral lines and bands of the simulated objects: vacuum wavelengths in Angstrom."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]

BALMER = (6564.61, 4862.68, 4341.68, 4102.89, 3971.20, 3890.15, 3836.47, 3798.98)
HELIUM_1 = (4027.33, 4472.73, 4922.93, 5877.25, 6679.99, 7067.20)
HELIUM_2 = (4542.86, 4687.02, 5413.03)
CALCIUM_HK = (3934.78, 3969.59)
CALCIUM_TRIPLET = (8500.36, 8544.44, 8664.52)
SODIUM_D = (5891.58, 5897.56)
MAGNESIUM_B = (5168.76, 5174.13, 5185.05)
METALS = (
    4046.95,
    4064.74,
    4227.92,
    4384.78,
    4405.99,
    4669.4,
    5271.0,
    5329.5,
    5407.3,
    5710.9,
    6123.9,
    6163.9,
    6496.9,
)
G_BAND = (4300.0, 4305.0, 4310.0, 4315.0)
#: heads of TiO bands, which fall off to the red
TIO_HEADS = (4763.0, 4956.0, 5169.0, 5449.0, 5848.0, 6160.0, 6653.0, 7055.0, 7591.0, 8434.0, 8861.0)
SKY_LINES = (
    5578.9,
    5891.6,
    6302.0,
    6365.5,
    7342.9,
    7753.0,
    7795.0,
    8346.9,
    8401.5,
    8432.5,
    8829.4,
    8888.0,
    8922.3,
)

#: emission of star-forming galaxies: wavelength and strength relative to H alpha
NEBULAR = (
    (3728.5, 0.9),
    (4341.68, 0.14),
    (4862.68, 0.33),
    (4960.30, 0.15),
    (5008.24, 0.45),
    (6549.85, 0.10),
    (6564.61, 1.0),
    (6585.27, 0.32),
    (6718.29, 0.2),
    (6732.67, 0.15),
)
#: broad emission of quasars: wavelength, equivalent width (rest frame), FWHM in km/s
QUASAR = (
    (1215.67, 90.0, 5500.0),
    (1399.0, 9.0, 5000.0),
    (1549.06, 40.0, 5200.0),
    (1908.73, 22.0, 6000.0),
    (2798.75, 32.0, 4500.0),
    (4341.68, 15.0, 4000.0),
    (4862.68, 50.0, 4000.0),
    (4960.30, 7.0, 700.0),
    (5008.24, 20.0, 700.0),
    (6564.61, 190.0, 4000.0),
)


def gaussians(wave: Array, centres: npt.ArrayLike, depth: npt.ArrayLike, sigma: npt.ArrayLike) -> Array:
    """Return the sum of Gaussians of peak `depth` and width `sigma` (Angstrom, broadcast with `centres`)."""
    c, d, s = np.broadcast_arrays(
        *(np.atleast_1d(np.asarray(x, dtype=np.float64)) for x in (centres, depth, sigma))
    )
    total = np.zeros_like(wave)
    for centre, peak, width in zip(c, d, s, strict=True):
        first, last = np.searchsorted(wave, (centre - 6 * width, centre + 6 * width))
        x = (wave[first:last] - centre) / width
        total[first:last] += peak * np.exp(-0.5 * x * x)
    return total


def lorentzians(wave: Array, centres: tuple[float, ...], depth: float, width: float) -> Array:
    """Return the sum of Lorentzians of peak `depth` and half width `width`."""
    offsets = (wave[None, :] - np.asarray(centres)[:, None]) / width
    return np.asarray((depth / (1.0 + offsets * offsets)).sum(axis=0))


def titanium_oxide(wave: Array, strength: float) -> Array:
    """Return the factor that TiO bands leave of the continuum: steps at the heads, fading to the red."""
    factor = np.ones_like(wave)
    for head in TIO_HEADS:
        reach = np.clip((wave - head) / 170.0, 0.0, None)
        factor *= 1.0 - np.where(wave >= head, strength * np.exp(-reach), 0.0)
    return factor
