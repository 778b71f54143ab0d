"""Noise-free spectra of the simulated objects: recognisable, not physical."""

from __future__ import annotations

import numpy as np

from tianku.products.simulate.lines import (
    BALMER,
    CALCIUM_HK,
    CALCIUM_TRIPLET,
    G_BAND,
    HELIUM_1,
    HELIUM_2,
    MAGNESIUM_B,
    METALS,
    NEBULAR,
    QUASAR,
    SODIUM_D,
    Array,
    gaussians,
    lorentzians,
    titanium_oxide,
)

LIGHT = 299_792.458  # km/s
#: iron-peak lines of the medium-resolution ranges, drawn once: centre and relative strength
_IRON = np.random.default_rng(20)
_IRON_CENTRES = np.sort(np.concatenate([_IRON.uniform(4930, 5370, 170), _IRON.uniform(6280, 6830, 110)]))
_IRON_STRENGTH = _IRON.beta(1.2, 3.0, len(_IRON_CENTRES))


def blackbody(wave: Array, teff: float) -> Array:
    """Return a Planck curve (per wavelength), 1 at 5500 Angstrom."""

    def planck(x: Array | float) -> Array:
        return np.asarray(1.0 / (np.asarray(x) ** 5 * np.expm1(1.438777e8 / (np.asarray(x) * teff))))

    return planck(wave) / planck(5500.0)


def star(wave: Array, teff: float, logg: float, feh: float, resolution: float, vsini: float = 0.0) -> Array:
    """Return a star at rest: continuum, hydrogen, helium, metals and molecules by temperature."""
    cool = float(np.clip((8200.0 - teff) / 4200.0, 0.0, 1.0)) * 10 ** (0.35 * feh)
    line = 4600.0 / resolution / 2.355 * np.sqrt(1.0 + (vsini / (0.4 * LIGHT / resolution)) ** 2)
    absorbed = _hydrogen(wave, teff, logg, line)
    absorbed += gaussians(wave, HELIUM_1, 0.28 * _bump(teff, 20_000, 0.14), 1.4 * line)
    absorbed += gaussians(wave, HELIUM_2, 0.25 * _bump(teff, 40_000, 0.10), 1.4 * line)
    absorbed += gaussians(wave, CALCIUM_HK, 0.75 * cool**0.6, line * (1.2 + 4 * cool))
    absorbed += gaussians(wave, CALCIUM_TRIPLET, 0.45 * min(1.0, 0.2 + cool), 2.2 * line)
    absorbed += gaussians(wave, SODIUM_D, 0.55 * cool**1.5, 1.3 * line)
    absorbed += gaussians(wave, MAGNESIUM_B, 0.5 * cool, 1.4 * line)
    absorbed += gaussians(wave, METALS, 0.3 * cool, 1.4 * line)
    absorbed += gaussians(wave, G_BAND, 0.25 * cool * _bump(teff, 5200, 0.12), 3.0)
    if resolution > 5000:
        absorbed += gaussians(wave, _IRON_CENTRES, 0.9 * cool * _IRON_STRENGTH, line)
    molecules = titanium_oxide(wave, float(np.clip((4150.0 - teff) / 1500.0, 0.0, 0.6)))
    return np.asarray(blackbody(wave, teff) * np.exp(-absorbed) * molecules)


def _hydrogen(wave: Array, teff: float, logg: float, line: float) -> Array:
    """Balmer lines, strongest near 9000 K, with wings that grow with gravity."""
    strength = 1.1 * _bump(teff, 9200, 0.17) + 0.05
    wings = 6.0 * _bump(teff, 9500, 0.16) * 10 ** (0.35 * (logg - 4.0)) + line
    near = tuple(c for c in BALMER if wave[0] - 200 < c < wave[-1] + 200)
    return lorentzians(wave, near, strength, wings) if near else np.zeros_like(wave)


def _bump(teff: float, peak: float, width: float) -> float:
    return float(np.exp(-0.5 * ((np.log10(teff) - np.log10(peak)) / width) ** 2))


def white_dwarf(wave: Array, teff: float, helium: bool) -> Array:
    """Return a DA (very broad Balmer lines) or a DB (broad helium lines)."""
    lines = HELIUM_1 if helium else BALMER[:6]
    return np.asarray(blackbody(wave, teff) * np.exp(-lorentzians(wave, lines, 0.75, 14.0 if helium else 38.0)))


def cataclysmic(wave: Array) -> Array:
    """Return a blue continuum with Balmer and helium lines in emission."""
    emission = gaussians(wave, BALMER, np.linspace(2.2, 0.6, len(BALMER)), 12.0)
    emission += gaussians(wave, HELIUM_1, 0.5, 11.0) + gaussians(wave, HELIUM_2[1], 0.7, 12.0)
    return np.asarray(blackbody(wave, 14_000) * (1.0 + emission))


def galaxy(wave: Array, starforming: float) -> Array:
    """Return an old population, with nebular emission scaled by `starforming` (0 = none)."""
    old = star(wave, 4700, 2.5, 0.0, 900) * 0.8 + starforming * 0.4 * star(wave, 8500, 4.0, 0.0, 900)
    lines, strengths = np.array(NEBULAR).T
    return np.asarray(old + gaussians(wave, lines, 2.4 * starforming * strengths, 3.2))


def quasar(wave: Array) -> Array:
    """Return a power law with broad lines; absorbed by the forest below Lyman alpha."""
    lines, widths, speeds = np.array(QUASAR).T
    sigma = lines * speeds / LIGHT / 2.355
    continuum = (wave / 2500.0) ** -1.5
    spectrum = continuum * (1.0 + gaussians(wave, lines, widths / (sigma * 2.5066), sigma))
    return np.asarray(np.where(wave < 1215.67, 0.55, 1.0) * spectrum)
