"""Multi-Order Coverage maps (IVOA MOC 2.0): the sky areas of tables and product sets."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import numpy.typing as npt
from astropy import units as u
from astropy.coordinates import Latitude, Longitude
from mocpy import MOC

from tianku.model.errors import UsageError
from tianku.sky.ranges import ORDER, Int64Array, distinct_sorted

__all__ = ["MOC", "contains", "from_ascii", "from_cones", "from_fits", "from_pixels", "to_ascii", "to_fits"]


def from_pixels(healpix29: Int64Array, order: int = 10) -> MOC:
    """Return the coverage at `order` of positions given by order-29 NESTED indices (negative = none)."""
    cells = distinct_sorted(np.sort(healpix29[healpix29 >= 0]) >> (2 * (ORDER - order)))
    if len(cells) == 0:
        return MOC.new_empty(order)
    # Ranges, not cells: mocpy builds from a million single cells in seconds, from their runs in no time.
    breaks = np.flatnonzero(np.diff(cells) != 1)
    first = cells[np.concatenate([[0], breaks + 1])]
    last = cells[np.concatenate([breaks, [len(cells) - 1]])] + 1
    ranges = np.column_stack([first, last]).astype(np.uint64) << np.uint64(2 * (ORDER - order))
    return MOC.from_depth29_ranges(order, ranges)


def from_cones(
    ra: npt.NDArray[np.float64], dec: npt.NDArray[np.float64], radius: npt.NDArray[np.float64], order: int = 10
) -> MOC:
    """Return the union of cones (degrees, arrays of one shape) at `order`."""
    if len(ra) == 0:
        return MOC.new_empty(order)
    return MOC.from_cones(
        lon=Longitude(ra, u.deg),
        lat=Latitude(dec, u.deg),
        radius=np.broadcast_to(np.asarray(radius, dtype=np.float64), np.shape(ra)).copy() * u.deg,
        max_depth=order,
        union_strategy="large_cones" if np.max(radius) > 5.0 else "small_cones",
    )


def contains(moc: MOC, ra: npt.NDArray[np.float64], dec: npt.NDArray[np.float64]) -> npt.NDArray[np.bool_]:
    """Return which positions (ICRS degrees) lie in `moc`."""
    return np.asarray(moc.contains_lonlat(Longitude(ra, u.deg), Latitude(dec, u.deg)), dtype=bool)


def to_ascii(moc: MOC) -> str:
    """Return the ASCII serialisation (MOC 2.0), e.g. ``3/3 10 4/16-18 22``, on one line."""
    return " ".join(moc.to_string(format="ascii").split())


def from_ascii(text: str) -> MOC:
    """Parse an ASCII MOC.

    Raises
    ------
    UsageError
        ``moc.syntax`` when the text is not one.
    """
    try:
        return MOC.from_string(text, format="ascii")
    except Exception as error:  # the parser raises many kinds; all of them are the text's fault
        raise UsageError(
            "moc.syntax", "not an ASCII MOC (an example is '3/3 10 4/16-18'): {reason}", reason=str(error)
        ) from error


def to_fits(moc: MOC) -> bytes:
    """Return the FITS serialisation (MOC 2.0)."""
    buffer = io.BytesIO()
    moc.serialize(format="fits").writeto(buffer)
    return buffer.getvalue()


def from_fits(data: bytes | Path) -> MOC:
    """Read a FITS MOC from bytes or a file.

    Raises
    ------
    UsageError
        ``moc.fits`` when it is not one.
    """
    raw = data if isinstance(data, bytes) else data.read_bytes()
    try:
        return MOC._from_fits_raw_bytes(raw)
    except Exception as error:  # as above, of the bytes
        raise UsageError("moc.fits", "not a FITS MOC: {reason}", reason=str(error)) from error
