"""Read a spectrum of any known layout into the one model."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from astropy import units

from tianku.model.errors import UsageError
from tianku.model.metadata import Bit
from tianku.model.vocabulary import normalise_unit
from tianku.products.observed import Header
from tianku.products.readers.columns import Array, role_arrays, scalar, table_columns
from tianku.products.readers.fits_cards import CardValue, Hdu, fits_hdus
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
        ``fits.*`` and ``file.*``: the file is at fault.
    """
    buffer = load(source, limits)
    hdus = fits_hdus(buffer, max_hdus=limits.max_hdus)
    for layout in layouts(reader):
        facts = _facts(layout, buffer, hdus)
        parts = _parts(layout, buffer, hdus, facts, flux or FluxInfo(), bits or {})
        if parts:
            header = {**hdus[0].cards, **facts}
            complete = timed(layout, header, parts)
            ra, dec = _position(layout, header)
            notes = time_notes(layout, header, complete)
            if _in_air(layout, hdus[0].cards):
                notes = (*notes, "wavelength.from_air")
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


def _parts(
    layout: Layout, buffer: bytes, hdus: list[Hdu], facts: Header, flux: FluxInfo, bits: Bits
) -> list[Part]:
    """Return the parts of all HDUs that the layout names; none when a required one does not fit."""
    parts: list[Part] = []
    if any(not str(hdus[0].cards.get(k) or "").strip().startswith(v) for k, v in layout.require.items()):
        return []
    for rule in layout.parts:
        matched = [(hdu, m) for hdu in hdus if (m := re.fullmatch(rule.hdu, hdu.name))]
        for hdu, match in matched:
            arrays = role_arrays(layout, buffer, hdu, rule.form)
            if arrays is None:
                return []
            primary = hdus[0].cards if rule.kind == "exposure" else {**hdus[0].cards, **facts}
            parts.append(_part(layout, rule, primary, hdu, match.groupdict(), arrays, flux, bits))
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
        ivar=_inverse_variance(arrays),
        normalized=_without_null(arrays.get("normalized"), layout.null),
        masks=masks,
        bits={name: found for name in masks if (found := bits.get(name, layout.bits))},
        flux_unit=flux.unit or _stated_unit(layout, header),
        calibration=flux.calibration or layout.calibration,
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
    return from_air(axis) if _in_air(layout, header) else axis


def _in_air(layout: Layout, header: Header) -> bool:
    """Whether the file says that its wavelengths are in air."""
    ctype = header.get(layout.axis.ctype) if layout.axis and layout.axis.ctype else None
    return header.get(layout.vacuum or "") is False or str(ctype or "").strip().upper().startswith("AWAV")


def from_air(wavelength: Doubles) -> Doubles:
    """Return vacuum wavelengths of wavelengths in standard air (Angstrom; 15 degrees Celsius, 101325 Pa).

    The dispersion formula of Ciddor (1996), solved for wavelengths in air as VALD does; shortward of
    2000 Angstrom wavelengths are in vacuum by custom, and stay.
    """
    inverse = (1e4 / wavelength) ** 2
    index = 1.0 + 8.336624212083e-5 + 0.02408926869968 / (130.1065924522 - inverse)
    index += 1.599740894897e-4 / (38.92568793293 - inverse)
    return np.where(wavelength < 2000.0, wavelength, wavelength * index)


def _inverse_variance(arrays: dict[str, Array]) -> Floats | None:
    """The file's own, or from standard deviations: 0, no information, where there is none."""
    if "ivar" in arrays:
        return _floats(arrays["ivar"])
    if "sigma" not in arrays:
        return None
    sigma = _floats(arrays["sigma"])
    good = np.isfinite(sigma) & (sigma > 0)
    return np.divide(1.0, sigma**2, out=np.zeros_like(sigma), where=good)


def _stated_unit(layout: Layout, header: Header) -> str | None:
    said = header.get(layout.unit or "")
    return normalise_unit(said).vounit if isinstance(said, str) and said.strip() else None


def _facts(layout: Layout, buffer: bytes, hdus: list[Hdu]) -> dict[str, CardValue]:
    """The columns of the table of one row that the layout names, as if they were keywords."""
    rule = layout.facts
    table = next((h for h in hdus if rule and h.kind == "table" and re.fullmatch(rule.hdu, h.name)), None)
    if rule is None or table is None or table.shape[0] != 1:
        return {}
    wanted = {c.upper() for c in rule.columns}
    chosen = [c for c in table_columns(table) if c.name.upper() in wanted]
    return {c.name.upper(): value for c in chosen if (value := scalar(buffer, table, c)) is not None}


def _from_keywords(axis: Axis | None, header: Header, length: int) -> Doubles:
    start = header.get(axis.start) if axis else None
    step = next((header[k] for k in axis.step if header.get(k) is not None), None) if axis else None
    if axis is None or not isinstance(start, int | float) or not isinstance(step, int | float):
        raise UsageError(
            "spectrum.no_axis",
            "no wavelengths: neither an array nor the keywords {keywords} hold them",
            keywords=f"{axis.start}, {' or '.join(axis.step)}" if axis else "(none declared)",
        )
    reference = header.get(axis.reference) if axis.reference else None
    first = 1.0 - float(reference) if isinstance(reference, int | float) else 0.0
    offset: Doubles = step * (first + np.arange(length, dtype=np.float64))
    if axis.log or (axis.log_flag and header.get(axis.log_flag) == 1):
        return 10.0 ** (start + offset)
    if axis.ctype and str(header.get(axis.ctype) or "").strip().upper().endswith("-LOG") and start:
        return start * np.exp(offset / start) * _angstroms(axis, header)
    return (start + offset) * _angstroms(axis, header)


def _angstroms(axis: Axis, header: Header) -> float:
    """How many Angstrom the unit of the axis has (``spectrum.axis_unit`` where it is no length)."""
    said = header.get(axis.unit) if axis.unit else None
    unit = normalise_unit(said).vounit if isinstance(said, str) and said.strip() else "Angstrom"
    try:
        return float(units.Unit(unit, format="vounit").to("Angstrom"))
    except (units.UnitConversionError, ValueError, TypeError) as error:
        raise UsageError(
            "spectrum.axis_unit", "the spectral axis is in {unit!r}, which is no wavelength", unit=str(said)[:40]
        ) from error


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
