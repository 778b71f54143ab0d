"""Parts of products: what lies within limits, with everything that belongs to it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from tianku.products.spectrum import Part, Spectrum

#: Angstrom per metre
_ANGSTROM = 1e10


def cut_spectrum(spectrum: Spectrum, low: float, high: float) -> Spectrum | None:
    """Return the points between two vacuum wavelengths (m), inclusive; None when no part has any.

    Inverse variances, normalised fluxes and masks are cut alike; parts without such points are left out.
    """
    parts = tuple(
        _kept(part, inside)
        for part in spectrum.parts
        if (inside := (part.wavelength >= low * _ANGSTROM) & (part.wavelength <= high * _ANGSTROM)).any()
    )
    return replace(spectrum, parts=parts) if parts else None


def _kept(part: Part, inside: npt.NDArray[np.bool_]) -> Part:
    return replace(
        part,
        wavelength=part.wavelength[inside],
        flux=part.flux[inside],
        ivar=None if part.ivar is None else part.ivar[inside],
        normalized=None if part.normalized is None else part.normalized[inside],
        masks={name: mask[inside] for name, mask in part.masks.items()},
    )
