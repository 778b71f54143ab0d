"""Read a spectrum of any known layout into the one model."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from tianku.model.errors import UsageError
from tianku.model.metadata import Bit
from tianku.products.observed import Header
from tianku.products.readers.columns import Array, role_arrays, table_columns
from tianku.products.readers.fits_cards import Hdu, fits_hdus
from tianku.products.readers.layout import Axis, Layout, PartRule, layouts
from tianku.products.readers.source import DEFAULT_LIMITS, ReadLimits, load
from tianku.products.readers.times import time_notes, timed
from tianku.products.spectrum import Doubles, Floats, FluxInfo, Integers, Part, Spectrum

Bits = Mapping[str, tuple[Bit, ...]]


def read_spectrum(
    source: bytes | Path,
    reader: str = "lamost",
    *,
    flux: FluxInfo | None = None,
    bits: Bits | None = None,
    limits: ReadLimits = DEFAULT_LIMITS,
) -> Spectrum:
    """Read one file (plain or gzip) with the layouts of `reader`.

    Parameters
    ----------
    flux, bits
        What configuration says: flux unit and calibration status, and the names of mask bits by mask.

    Raises
    ------
    UsageError
        ``spectrum.unknown_layout`` (naming what was found), ``spectrum.bad_axis``,
        ``spectrum.not_vacuum``, ``fits.*`` and ``file.*``: the file is at fault.
    """
    buffer = load(source, limits)
    hdus = fits_hdus(buffer, max_hdus=limits.max_hdus)
    for layout in layouts(reader):
        parts = _parts(layout, buffer, hdus, flux or FluxInfo(), bits or {})
        if parts:
            header = hdus[0].cards
            _require_vacuum(layout, header)
            complete = timed(layout, header, parts)
            ra, dec = _position(layout, header)
            notes = time_notes(layout, header, complete)
            return Spectrum(header, layout.layout, complete, ra, dec, notes)
    raise UsageError(
        "spectrum.unknown_layout",
        "no layout of reader {reader!r} fits this file; it holds: {found}",
        reader=reader,
        found=describe_hdus(hdus),
    )


def describe_hdus(hdus: list[Hdu]) -> str:
    """Return one line that names what a file holds, e.g. ``0 PRIMARY image 3904x5; 1 COADD table …``."""
    shown = [_describe(hdu) for hdu in hdus[:8]]
    return "; ".join(shown) + (f"; and {len(hdus) - 8} more" if len(hdus) > 8 else "")


def _describe(hdu: Hdu) -> str:
    if hdu.kind == "table":
        names = ", ".join(f"{c.name}({c.repeat}{c.code})" for c in table_columns(hdu)[:12])
        return f"HDU {hdu.index} {hdu.name} table of {hdu.shape[0]} rows with {names}"
    size = "x".join(str(n) for n in reversed(hdu.shape))
    return f"HDU {hdu.index} {hdu.name} {hdu.kind} {size}".rstrip()


def _parts(layout: Layout, buffer: bytes, hdus: list[Hdu], flux: FluxInfo, bits: Bits) -> list[Part]:
    """Return the parts of all HDUs that the layout names; none when a required one does not fit."""
    parts: list[Part] = []
    for rule in layout.parts:
        matched = [(hdu, m) for hdu in hdus if (m := re.fullmatch(rule.hdu, hdu.name))]
        for hdu, match in matched:
            arrays = role_arrays(layout, buffer, hdu, rule.form)
            if arrays is None:
                return []
            parts.append(_part(layout, rule, hdus[0].cards, hdu, match.groupdict(), arrays, flux, bits))
        if rule.required and not matched:
            return []
    return sorted(parts, key=lambda p: p.kind != "coadd")


def _part(
    layout: Layout,
    rule: PartRule,
    primary: Header,
    hdu: Hdu,
    named: Mapping[str, str | None],
    arrays: dict[str, Array],
    flux: FluxInfo,
    bits: Bits,
) -> Part:
    header = {**primary, **hdu.cards}
    band = named.get("band") or rule.band or ""
    wavelength = _wavelength(layout, hdu, arrays, header)
    masks = {role: _mask(arrays[role]) for role in layout.mask_roles if role in arrays}
    return Part(
        name=rule.name or hdu.name,
        band=layout.band_names.get(band, band),
        kind=rule.kind,
        wavelength=wavelength,
        flux=_floats(arrays["flux"]),
        ivar=_floats(arrays["ivar"]) if "ivar" in arrays else None,
        normalized=_without_null(arrays.get("normalized"), layout.null),
        masks=masks,
        bits={name: bits[name] for name in masks if name in bits},
        flux_unit=flux.unit,
        calibration=flux.calibration,
        frame=_frame(layout, header),
        lmjm=int(lmjm) if (lmjm := named.get("lmjm")) else None,
        snr=_snr(layout, header),
        header=hdu.cards,
    )


def _wavelength(layout: Layout, hdu: Hdu, arrays: dict[str, Array], header: Header) -> Doubles:
    if "wavelength" in arrays:
        axis: Doubles = arrays["wavelength"].astype(np.float64)
    elif "log_wavelength" in arrays:
        axis = 10.0 ** arrays["log_wavelength"].astype(np.float64)
    else:
        axis = _from_keywords(layout.axis, header, len(arrays["flux"]))
    # comparisons are False for NaN; red single exposures of LAMOST run downwards, and stay as they are
    steps = np.diff(axis)
    if not (len(axis) and axis.min() > 0 and (bool(np.all(steps > 0)) or bool(np.all(steps < 0)))):
        raise UsageError(
            "spectrum.bad_axis",
            "the wavelengths of HDU {index} ({name}) are not positive, or go up and down",
            index=hdu.index,
            name=hdu.name,
        )
    return axis


def _from_keywords(axis: Axis | None, header: Header, length: int) -> Doubles:
    start, step = (header.get(axis.start), header.get(axis.step)) if axis else (None, None)
    if axis is None or not isinstance(start, int | float) or not isinstance(step, int | float):
        raise UsageError(
            "spectrum.no_axis",
            "no wavelengths: neither an array nor the keywords {keywords} hold them",
            keywords=f"{axis.start}, {axis.step}" if axis else "(none declared)",
        )
    linear: Doubles = start + step * np.arange(length, dtype=np.float64)
    return 10.0**linear if axis.log else linear


def _floats(array: Array) -> Floats:
    """Keep float32 and float64; integers become float32."""
    return array if np.issubdtype(array.dtype, np.floating) else array.astype(np.float32)  # type: ignore[return-value]


def _mask(array: Array) -> Integers:
    """Masks are bits, though LAMOST also stores them as floats."""
    if array.dtype.kind == "f":
        array = np.nan_to_num(array, nan=0.0, posinf=0.0, neginf=0.0)
    return array.astype(np.int32)


def _without_null(array: Array | None, null: float | None) -> Floats | None:
    """Sentinels become NaN; an array of nothing but sentinels is no array."""
    if array is None or null is None:
        return None if array is None else _floats(array)
    values = _floats(array).copy()
    values[values == null] = np.nan
    return None if bool(np.isnan(values).all()) else values


def _frame(layout: Layout, header: Header) -> str:
    """Heliocentric unless the keyword that records the correction says it was not applied."""
    return "TOPOCENTER" if header.get(layout.frame_keyword or "") is False else layout.frame


def _snr(layout: Layout, header: Header) -> dict[str, float]:
    found = {
        band: next((header[k] for k in keys if isinstance(header.get(k), int | float)), None)
        for band, keys in layout.snr.items()
    }
    return {band: float(value) for band, value in found.items() if value is not None and value != layout.null}


def _position(layout: Layout, header: Header) -> tuple[float | None, float | None]:
    """Degrees, None where absent or a null sentinel; anything else outside the sphere is an error."""
    ra, dec = (_number(header, keys) for keys in (layout.ra, layout.dec))
    if ra is None or dec is None or layout.null in (ra, dec):
        return None, None
    if not (0 <= ra <= 360 and -90 <= dec <= 90):
        raise UsageError(
            "position.out_of_range",
            "the position {ra}, {dec} is not on the sphere: RA is 0 to 360, Dec -90 to 90 degrees",
            ra=ra,
            dec=dec,
        )
    return ra % 360.0, dec


def _number(header: Header, keys: tuple[str, ...]) -> float | None:
    """The first keyword that holds a number, or a text that is one."""
    for key in keys:
        try:
            return float(str(header[key]).strip())
        except (KeyError, ValueError):
            continue
    return None


def _require_vacuum(layout: Layout, header: Header) -> None:
    if layout.vacuum and header.get(layout.vacuum) is False:
        raise UsageError(
            "spectrum.not_vacuum",
            "{keyword} = F: wavelengths in air are not published as vacuum wavelengths",
            keyword=layout.vacuum,
        )
