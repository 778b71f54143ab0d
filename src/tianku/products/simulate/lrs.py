"""Simulated low-resolution files: an empty primary and one row of vectors in COADD."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tianku.products.fits_write import Card, primary, vector_table
from tianku.products.simulate.headers import exposure_list, file_cards, reduction_cards
from tianku.products.simulate.lines import Array
from tianku.products.simulate.observe import Observation, Observed, normalised, observe, shape

#: 3700 to 9099 Angstrom, 69 km/s a pixel
WAVELENGTHS: Array = 10.0 ** (3.5682 + 1e-4 * np.arange(3909, dtype=np.float64))
RESOLUTION = 1800.0
#: SDSS bands, in which the pipeline measures signal to noise
BANDS = {"u": (3700, 3900), "g": (4000, 5400), "r": (5600, 6900), "i": (6900, 8200), "z": (8200, 9080)}


@dataclass(frozen=True, slots=True)
class LowResolution:
    """One observation and what was measured on it."""

    observation: Observation
    observed: Observed
    snr: dict[str, float]

    @property
    def z(self) -> float:
        """Redshift, -9999 where none can be measured."""
        return self.observation.target.z if self.observation.target.class_ != "Unknown" else -9999.0

    @property
    def z_err(self) -> float:
        """Error of z, which falls with signal to noise."""
        return round(2e-3 / max(5.0, self.snr["r"]) ** 0.9, 8) if self.z > -9999 else -9999.0


def simulate_lrs(observation: Observation, rng: np.random.Generator) -> LowResolution:
    """Observe one target at low resolution."""
    target = observation.target
    level = 10 ** (-0.4 * (target.mag_g - 16.5)) * 60.0
    observed = observe(WAVELENGTHS, shape(target, WAVELENGTHS, RESOLUTION), level, 0.8 + 0.02 * level, rng)
    snr = {band: round(max(0.0, observed.snr_between(*limits)), 2) for band, limits in BANDS.items()}
    return LowResolution(observation, observed, snr)


def lrs_file(spectrum: LowResolution) -> bytes:
    """Return the uncompressed FITS file."""
    observed = spectrum.observed
    columns = {
        "FLUX": observed.flux,
        "IVAR": observed.ivar,
        "WAVELENGTH": observed.wavelength,
        "ANDMASK": observed.andmask,
        "ORMASK": observed.ormask,
        "NORMALIZATION": normalised(observed),
    }
    vectors = {name: np.asarray(array, dtype=np.float32) for name, array in columns.items()}
    return primary(_cards(spectrum)) + vector_table("COADD", vectors)


def _cards(spectrum: LowResolution) -> list[Card]:
    observation, target = spectrum.observation, spectrum.observation.target
    plate = observation.plate
    count = len(plate.minutes)
    return [
        *file_cards(observation, observation.filename, 2),
        ("LMJMLIST", exposure_list(observation), "Local Modified Julian Minute list"),
        ("MAG_PS_G", round(target.mag_g, 2), "[mag] Magnitude of object"),
        ("NEXP", count, "Number of valid exposures"),
        ("NEXP_B", count, "Number of valid blue exposures"),
        ("NEXP_R", count, "Number of valid red exposures"),
        ("EXPTIME", plate.exptime * count, "[s] Minimum of exposure time for all cameras"),
        *reduction_cards(observation),
        ("COEFF0", 3.5682, "Central wavelength (log10) of first pixel"),
        ("COEFF1", 0.0001, "Log10 dispersion per pixel"),
        ("COMMENT", "--------SPECTRA ANALYSIS RESULTS", ""),
        ("VERSPIPE", "simulated", "Version of Pipeline"),
        ("CLASS", target.class_, "Class of object"),
        ("SUBCLASS", target.subclass, "Subclass of object"),
        ("Z", round(spectrum.z, 8), "Redshift of object"),
        ("Z_ERR", spectrum.z_err, "Redshift error of object"),
        ("ZFLAG", "SIMULATED", "Which method computes the redshift"),
        *((f"SNR{band.upper()}", value, f"SNR of {band} filter") for band, value in spectrum.snr.items()),
    ]
