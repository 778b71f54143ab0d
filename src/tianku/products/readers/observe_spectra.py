"""Spectra on their way into the index: one product per file, one row per part."""

from __future__ import annotations

from tianku.products.context import SetContext
from tianku.products.observed import Observed
from tianku.products.readers.source import SourceFile
from tianku.products.readers.spectra import read_spectrum
from tianku.products.spectrum import Part, Spectrum

_ANGSTROM = 1e-10


def observe(context: SetContext, file: SourceFile) -> list[Observed]:
    """Return the parts of the one spectrum product in `file`.

    Raises
    ------
    UsageError
        As `tianku.products.readers.spectra.read_spectrum`.
    """
    spectrum = read_spectrum(file.raw, context.config.reader, flux=context.flux)
    return [_part(context, spectrum, number, part) for number, part in enumerate(spectrum.parts)]


def _part(context: SetContext, spectrum: Spectrum, number: int, part: Part) -> Observed:
    ends = (float(part.wavelength[0]), float(part.wavelength[-1]))
    return Observed(
        identity=spectrum.header,
        header={**spectrum.header, **part.header},
        part=part.name,
        part_kind=part.kind,
        part_number=number,
        band=part.band or None,
        layout=spectrum.layout,
        ra=spectrum.ra,
        dec=spectrum.dec,
        t_min=part.t_min,
        t_max=part.t_max,
        t_exptime=part.t_exptime,
        em_min=min(ends) * _ANGSTROM,
        em_max=max(ends) * _ANGSTROM,
        em_xel=len(part),
        o_ucd=context.config.flux.ucd,
        o_unit=part.flux_unit,
        o_calib_status=part.calibration if part.calibration != "unknown" else context.config.flux.calibration,
        lmjm=part.lmjm,
        snr=_snr(part),
        notes=tuple(spectrum.notes),
    )


def _snr(part: Part) -> float | None:
    """The part's own signal to noise, or that of the band nearest the middle of the optical."""
    return next((part.snr[band] for band in ("", "r", "g", "i") if band in part.snr), None)
