"""A spectrum as others want it: the viewer's binary reply, CSV, FITS table."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from tianku.formats.csv import write_csv
from tianku.formats.table import TableInfo
from tianku.model.errors import NotFoundError
from tianku.model.metadata import Bit, Column
from tianku.model.text import Text
from tianku.model.types import DataType
from tianku.products.fits_write import Card, primary, row_table
from tianku.products.spectrum import Part, Spectrum
from tianku.products.wire import Arrays, pack

#: first bytes of the viewer's reply; then the length of the JSON header as uint32, little endian
WIRE_MAGIC = b"TKS1"
WIRE_TYPE = "application/vnd.tianku.spectrum"


def to_wire(spectrum: Spectrum) -> bytes:
    """Return the reply that the viewer draws.

    ``TKS1``, uint32 header length, JSON header (padded with blanks to 8 bytes), then the arrays:
    raw little-endian columns, wavelengths float64, flux and ivar as in the file, masks int32 under
    ``mask:<name>``. Offsets in the header count from the end of the header.
    """
    return pack(WIRE_MAGIC, _facts(spectrum), ((_described(p), _shown(p)) for p in spectrum.parts))


def _shown(part: Part) -> Arrays:
    return {f"mask:{name}" if name in part.masks else name: array for name, array in part_arrays(part).items()}


def _facts(spectrum: Spectrum) -> dict[str, Any]:
    """What the viewer says of the whole spectrum; flux and frame are those of a set, so of every part."""
    keywords = {k: _plain(v) for k, v in spectrum.header.items()}
    first = spectrum.parts[0]
    redshift = keywords.get("Z")
    known = isinstance(redshift, int | float) and redshift > -1  # the null sentinels are far below
    masks = {name: _bits(bits) for part in spectrum.parts for name, bits in part.bits.items()}
    return {
        "id": str(keywords.get("OBSID") or keywords.get("FILENAME") or ""),
        "title": keywords.get("DESIG") or keywords.get("OBJECT"),
        "class": keywords.get("CLASS"),
        "subclass": keywords.get("SUBCLASS"),
        "z": redshift if known else None,
        "simulated": keywords.get("SIMULATE") is True,
        "flux": {"unit": first.flux_unit, "calibration": first.calibration},
        "frame": f"{_adjective(first.frame)}, vacuum",
        "masks": masks,
        "layout": spectrum.layout,
        "notes": spectrum.notes,
        "ra": spectrum.ra,
        "dec": spectrum.dec,
        "header": keywords,
    }


def _adjective(frame: str) -> str:
    """``HELIOCENTER`` -> ``heliocentric``."""
    return frame.lower().removesuffix("er") + "ric"


def _bits(bits: Iterable[Bit]) -> list[dict[str, Any]]:
    return [
        {
            "bit": bit.bit,
            "name": bit.name,
            "description": {"en": bit.description.in_("en"), "zh": bit.description.in_("zh")},
        }
        for bit in bits
    ]


def part_arrays(part: Part) -> dict[str, npt.NDArray[np.generic]]:
    """Return the arrays of a part by column name, wavelength first."""
    optional = {"ivar": part.ivar, "normalized": part.normalized}
    present = {name: array for name, array in optional.items() if array is not None}
    return {"wavelength": part.wavelength, "flux": part.flux, **present, **part.masks}


def _described(part: Part) -> dict[str, Any]:
    return {
        "name": part.name,
        "label": part.name,
        "band": part.band,
        "kind": part.kind,
        "n": len(part),
        "wavelength_unit": "Angstrom",
        "wavelength_medium": "vacuum",
        "frame": part.frame,
        "flux_unit": part.flux_unit,
        "calibration": part.calibration,
        "t_min": part.t_min,
        "t_max": part.t_max,
        "t_exptime": part.t_exptime,
        "lmjm": part.lmjm,
        "snr": dict(part.snr),
        "header": {k: _plain(v) for k, v in part.header.items()},
    }


def _plain(value: str | int | float | bool | None) -> str | int | float | bool | None:
    """JSON has no NaN or infinity."""
    return None if isinstance(value, float) and not math.isfinite(value) else value


def table_columns(part: Part) -> tuple[Column, ...]:
    """Return the columns of one part as a table: types, units and UCDs as configuration says."""
    ucd = "phot.count;em.wl" if part.flux_unit == "count" else "phot.flux.density;em.wl"
    inverse = inverse_square(part.flux_unit)
    said: dict[str, tuple[str | None, str | None, str]] = {
        "wavelength": ("Angstrom", "em.wl", f"vacuum wavelength, {part.frame.lower()}"),
        "flux": (part.flux_unit, ucd, f"flux, {part.calibration}"),
        "ivar": (inverse, "stat.weight;phot.flux", "inverse variance of flux; 0 = no information"),
        "normalized": (None, "phot.flux.density;arith.ratio", "flux over continuum"),
    }
    columns = []
    for name, array in part_arrays(part).items():
        unit, word, text = said.get(name, (None, "meta.code.qual", "bit mask"))
        kind = DataType.INT32 if array.dtype.kind == "i" else DataType(array.dtype.name)
        columns.append(
            Column(
                name=name, type=kind, unit=unit, ucd=word, description=Text(en=text), bits=part.bits.get(name, ())
            )
        )
    return tuple(columns)


def inverse_square(unit: str | None) -> str | None:
    """Return the VOUnits unit of an inverse variance, ``10**34erg**-2.s**2`` for ``10**-17erg.s**-1``."""
    if not unit:
        return None
    found = re.match(r"(?:10\*\*([-+]?\d+))?(.*)", unit)
    scale, rest = (found[1], found[2]) if found else (None, unit)
    words = []
    for word in filter(None, rest.split(".")):
        name, _, power = word.partition("**")
        words.append(f"{name}**{-2 * int(power.strip('()') or 1)}")
    return (f"10**{-2 * int(scale)}" if scale else "") + ".".join(words)


def table_batch(part: Part) -> pa.RecordBatch:
    """Return the arrays of one part as a record batch, without copying."""
    return pa.RecordBatch.from_pydict({name: pa.array(array) for name, array in part_arrays(part).items()})


def chosen(spectrum: Spectrum, part: str | None) -> Part:
    """Return the named part, or the first.

    Raises
    ------
    NotFoundError
        ``spectrum.no_part``, naming those there are.
    """
    found = spectrum.parts[0] if part is None else spectrum.part(part)
    if found is None:
        names = ", ".join(p.name for p in spectrum.parts)
        raise NotFoundError("spectrum.no_part", "no part {part!r}; there are: {names}", part=part, names=names)
    return found


def to_csv(spectrum: Spectrum, part: str | None = None) -> Iterator[bytes]:
    """Return one part as CSV with a header line."""
    found = chosen(spectrum, part)
    return write_csv(table_columns(found), [table_batch(found)], TableInfo(name=found.name))


def to_fits(spectrum: Spectrum) -> bytes:
    """Return all parts as FITS: one table of rows each, units in TUNIT, times in the headers.

    This is a converted file; the original is served byte for byte elsewhere.
    """
    kept: list[Card] = [
        (key, value, "")
        for key in ("OBSID", "DESIG", "RA", "DEC", "DATE-OBS", "LMJD", "PLANID", "SPID", "FIBERID", "SIMULATE")
        if (value := spectrum.header.get(key)) is not None
    ]
    body = b"".join(_hdu(part) for part in spectrum.parts)
    return primary([*kept, ("COMMENT", "Converted by Tianku; the archive's original file is another", "")]) + body


def _hdu(part: Part) -> bytes:
    cards: list[Card] = [
        ("MJD-BEG", part.t_min, "start, MJD UTC"),
        ("MJD-END", part.t_max, "end, MJD UTC"),
        ("EXPTIME", part.t_exptime, "[s] exposure time"),
        ("SPECSYS", "HELIOCEN" if part.frame == "HELIOCENTER" else "TOPOCENT", "spectral frame"),
        ("VACUUM", True, "wavelengths are in vacuum"),
        ("FLUXCAL", part.calibration, "calibration of flux"),
    ]
    units = {c.name: c.unit for c in table_columns(part) if c.unit}
    return row_table(part.name, part_arrays(part), [c for c in cards if c[1] is not None], units)
