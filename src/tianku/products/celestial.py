"""World coordinates of an image by astropy's WCS: which frame they are in, and where pixels lie in ICRS."""

from __future__ import annotations

import re
import warnings
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np
from astropy.coordinates import FK5, ICRS, BaseCoordinateFrame, Galactic, SkyCoord
from astropy.io import fits
from astropy.time import Time
from astropy.utils.exceptions import AstropyWarning
from astropy.wcs import WCS
from astropy.wcs.utils import wcs_to_celestial_frame

from tianku.model.errors import UsageError
from tianku.products.footprint import Doubles
from tianku.products.readers.fits_cards import CARD

#: distortions by look-up tables lie in other HDUs; they are below a pixel and are left out
_TABLES = re.compile(r"C[PQ]DIS\d|D[PQ]\d|D2IMDIS\d")
_LINEAR = re.compile(r"(?:CTYPE|CUNIT|CRVAL|CRPIX|CDELT|CROTA)\d+|(?:CD|PC)\d+_\d+|PC\d{6}")
_FRAMES = {"FK4NoETerms": "fk4", "FK4": "fk4", "FK5": "fk5", "ICRS": "icrs", "Galactic": "galactic"}


@dataclass(frozen=True, slots=True)
class Celestial:
    """The celestial axes of an image's world coordinates.

    `frame` names the file's own frame (``icrs``, ``fk5``, ``fk4``, ``galactic`` …); `to_sky` gives ICRS always.
    """

    wcs: WCS = field(repr=False)
    frame: str
    projection: str
    notes: tuple[str, ...] = ()
    _system: BaseCoordinateFrame = field(repr=False, default=None)

    def to_sky(self, x: Doubles, y: Doubles) -> tuple[Doubles, Doubles]:
        """Return ICRS degrees of 0-based pixels; NaN where the projection has no sky."""
        with warnings.catch_warnings(), np.errstate(invalid="ignore"):
            warnings.simplefilter("ignore", AstropyWarning)
            world = self.wcs.all_pix2world(x, y, 0)
        lon, lat = (np.asarray(world[axis]) for axis in (self.wcs.wcs.lng, self.wcs.wcs.lat))
        return (lon % 360.0, lat) if isinstance(self._system, ICRS) else self._transformed(lon, lat)

    def to_pixel(self, ra: Doubles, dec: Doubles) -> tuple[Doubles, Doubles]:
        """Return 0-based pixels of ICRS degrees.

        What the coordinates have no pixel for is NaN; far outside the image a distortion may give any pixel.
        """
        lon, lat = (ra, dec) if isinstance(self._system, ICRS) else self._native(ra, dec)
        world = (lon, lat) if self.wcs.wcs.lng == 0 else (lat, lon)
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            x, y = self.wcs.all_world2pix(*world, 0, quiet=True, maxiter=50)
        return np.asarray(x), np.asarray(y)

    def _native(self, ra: Doubles, dec: Doubles) -> tuple[Doubles, Doubles]:
        if (matrix := _rotation(self._system)) is not None:
            return _angles(matrix.T @ np.stack(_vectors(ra, dec)))
        placed = SkyCoord(ra, dec, unit="deg", frame="icrs").transform_to(self._system).spherical
        return np.asarray(placed.lon.deg), np.asarray(placed.lat.deg)

    def _transformed(self, lon: Doubles, lat: Doubles) -> tuple[Doubles, Doubles]:
        if (matrix := _rotation(self._system)) is not None:
            ra, dec = _angles(matrix @ np.stack(_vectors(lon, lat)).reshape(3, -1))
            return ra.reshape(lon.shape), dec.reshape(lat.shape)
        good = np.isfinite(lon) & np.isfinite(lat)
        ra, dec = np.full(lon.shape, np.nan), np.full(lat.shape, np.nan)
        if good.any():
            sky = SkyCoord(lon[good], lat[good], unit="deg", frame=self._system).icrs
            ra[good], dec[good] = sky.ra.deg, sky.dec.deg
        return ra, dec


def _vectors(lon: Doubles, lat: Doubles) -> tuple[Doubles, Doubles, Doubles]:
    a, d = np.radians(lon), np.radians(lat)
    return np.cos(d) * np.cos(a), np.cos(d) * np.sin(a), np.sin(d)


def _angles(vectors: Doubles) -> tuple[Doubles, Doubles]:
    x, y, z = vectors
    return np.degrees(np.arctan2(y, x)) % 360.0, np.degrees(np.arctan2(z, np.hypot(x, y)))


def _rotation(system: BaseCoordinateFrame) -> Doubles | None:
    """The matrix to ICRS of a frame that is only turned against it, None for others (FK4 has E-terms)."""
    if isinstance(system, FK5):
        return _matrix("fk5", str(system.equinox.value), system.equinox.format)
    return _matrix("galactic", "", "") if isinstance(system, Galactic) else None


@lru_cache(maxsize=64)
def _matrix(frame: str, equinox: str, form: str) -> Doubles:
    system = FK5(equinox=Time(float(equinox), format=form)) if frame == "fk5" else Galactic()
    axes = SkyCoord([0.0, 90.0, 0.0], [0.0, 0.0, 90.0], unit="deg", frame=system).icrs.cartesian.xyz.value
    return np.asarray(axes, dtype=np.float64)


def header_of(cards: str) -> fits.Header:
    """Return 80-character cards as an astropy header."""
    return fits.Header.fromstring(cards)


def plate_cards(cards: str) -> str:
    """Return `cards` without linear axes, so that a DSS plate solution (AMDX, AMDY) is all there is."""
    pieces = [cards[i : i + CARD] for i in range(0, len(cards), CARD)]
    return "".join(card for card in pieces if not _LINEAR.fullmatch(card[:8].rstrip()))


def read_wcs(cards: str) -> WCS | None:
    """Return the world coordinates that header cards describe, None where they describe none.

    Raises
    ------
    UsageError
        ``wcs.bad``: they cannot be understood, or do not invert.
    """
    pieces = [cards[i : i + CARD] for i in range(0, len(cards), CARD)]
    kept = "".join(card for card in pieces if not _TABLES.fullmatch(card[:8].rstrip()))
    if "CTYPE" not in kept and "AMDX1" not in kept:
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            wcs = WCS(header_of(kept), fix=False)
            # a column of zeros in CD would be made one of ones: degrees per pixel that nobody has measured
            singular = wcs.wcs.fix().get("cdfix", "No change") != "No change"
            wcs.wcs.set()
        if wcs.naxis > 2:  # an image is a plane of the first two axes
            wcs = wcs.sub([1, 2])
            wcs.wcs.set()
    # wcslib and astropy raise many kinds for what hostile headers hold; all of them are the header's fault
    except Exception as error:
        raise _bad(" ".join(str(error).split())[-300:]) from error
    if singular:
        raise _bad("the matrix from pixels to degrees has no inverse")
    return wcs


def _bad(reason: str) -> UsageError:
    return UsageError("wcs.bad", "the world coordinates cannot be used: {reason}", reason=reason)


def celestial(cards: str) -> Celestial | None:
    """Return the celestial axes of header cards, None where there are none (or solar ones).

    Raises
    ------
    UsageError
        ``wcs.bad``
    """
    wcs = read_wcs(cards)
    if wcs is None or not wcs.has_celestial:
        return None
    kind = str(wcs.wcs.ctype[wcs.wcs.lng])
    try:
        system = wcs_to_celestial_frame(wcs)
    except ValueError as error:
        if kind.startswith(("HPLN", "HPLT", "HGLN", "HGLT", "CRLN", "CRLT")):
            return None
        raise _bad(str(error)) from error
    notes = ("wcs.tables_ignored",) if any(_TABLES.fullmatch(c) for c in _keys(cards)) else ()
    name = _FRAMES.get(type(system).__name__, type(system).__name__.lower())
    return Celestial(wcs, name, kind[5:8], notes, system)


def axes(cards: str) -> str:
    """Return what the axes of an image are: ``helioprojective``, ``heliographic`` or ``pixel``."""
    types = [card[10:].strip(" '").upper() for card in _split(cards) if card.startswith("CTYPE")]
    if any(t.startswith(("HPLN", "HPLT", "SOLAR-X", "SOLAR_X", "SOLARX")) for t in types):
        return "helioprojective"
    if any(t.startswith(("HGLN", "HGLT", "CRLN", "CRLT")) for t in types):
        return "heliographic"
    return "pixel"


def _split(cards: str) -> list[str]:
    return [cards[i : i + CARD] for i in range(0, len(cards), CARD)]


def _keys(cards: str) -> list[str]:
    return [card[:8].rstrip() for card in _split(cards)]
