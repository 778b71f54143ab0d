"""Simulated medium-resolution files: coadds and single exposures of the blue and red arms, as vectors."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tianku.products.fits_write import Card, primary, vector_table
from tianku.products.simulate.headers import exposure_list, file_cards, reduction_cards
from tianku.products.simulate.observe import Observation, Observed, normalised, observe, shape

RESOLUTION = 7500.0
#: band -> wavelengths of the arm
ARMS = {"B": 10.0 ** np.linspace(3.69461, 3.72835, 4156), "R": 10.0 ** np.linspace(3.79934, 3.83251, 4082)}


@dataclass(frozen=True, slots=True)
class MediumPart:
    """One spectrum of a medium-resolution file; `minute` is None for a coadd."""

    band: str
    minute: int | None
    observed: Observed
    exptime: float

    @property
    def name(self) -> str:
        """EXTNAME of its HDU."""
        return f"{self.band}-{self.minute}" if self.minute else f"COADD_{self.band}"


@dataclass(frozen=True, slots=True)
class MediumResolution:
    """One observation: its parts, and the radial velocity (km/s) it was made with."""

    observation: Observation
    parts: tuple[MediumPart, ...]
    velocity: float

    @property
    def filename(self) -> str:
        """Name of the file, without ``.gz``."""
        return self.observation.filename.replace("spec-", "med-", 1)


def simulate_mrs(observation: Observation, speed: float, rng: np.random.Generator) -> MediumResolution:
    """Observe one star; `speed` (km/s) is its orbital velocity that night."""
    target, plate = observation.target, observation.plate
    level = 10 ** (-0.4 * (target.mag_g - 12.0)) * 4000.0
    parts: list[MediumPart] = []
    for band, wave in ARMS.items():
        model = shape(target, wave, RESOLUTION, speed)
        count = len(plate.minutes)
        coadd = observe(wave, model, level, 0.018 * level / np.sqrt(count), rng)
        parts.append(MediumPart(band, None, coadd, plate.exptime * count))
        for minute in plate.minutes:
            single = observe(wave, model, level, 0.018 * level, rng)
            parts.append(MediumPart(band, minute, single, plate.exptime))
    parts.sort(key=lambda p: (p.minute is not None, p.band, p.minute or 0))
    return MediumResolution(observation, tuple(parts), target.z * 299_792.458 + speed)


def mrs_file(spectrum: MediumResolution) -> bytes:
    """Return the uncompressed FITS file."""
    observation, plate = spectrum.observation, spectrum.observation.plate
    cards: list[Card] = [
        *file_cards(observation, spectrum.filename, 1 + len(spectrum.parts)),
        ("EXTNAME", "Information", "The extension name"),
        ("NEXP_B", len(plate.minutes), "Number of valid blue exposures"),
        ("NEXP_R", len(plate.minutes), "Number of valid red exposures"),
        *reduction_cards(observation),
    ]
    return primary(cards) + b"".join(_hdu(spectrum, part) for part in spectrum.parts)


def _hdu(spectrum: MediumResolution, part: MediumPart) -> bytes:
    observed = part.observed
    columns = {"FLUX": observed.flux, "IVAR": observed.ivar, "WAVELENGTH": observed.wavelength}
    vectors = {name: np.asarray(array, dtype=np.float32) for name, array in columns.items()}
    snr: Card = ("SNR", round(observed.snr, 2), "Signal to noise ratio")
    if part.minute is None:
        masks = {"ANDMASK": observed.andmask, "ORMASK": observed.ormask}
        cards: list[Card] = [
            ("LMJMLIST", exposure_list(spectrum.observation), "Local Modified Julian Minute list"),
            snr,
        ]
    else:
        masks = {"PIXMASK": observed.ormask}
        cards = [
            ("LMJM", str(part.minute), "Local Modified Julian Minute"),
            ("EXPTIME", part.exptime, "[s] Exposure duration time"),
            snr,
        ]
    vectors |= {name: np.asarray(array, dtype=np.int32) for name, array in masks.items()}
    vectors["NORMALIZATION"] = np.asarray(normalised(observed), dtype=np.float32)
    return vector_table(part.name, vectors, cards)
