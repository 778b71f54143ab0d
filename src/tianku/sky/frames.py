"""Positions of other celestial systems as ICRS."""

from __future__ import annotations

from types import MappingProxyType

from astropy.coordinates import FK4, FK5, ICRS, BaseCoordinateFrame, Galactic, SkyCoord

#: systems by their names in protocols; those with an equinox have the usual one
FRAMES = MappingProxyType(
    {"ICRS": ICRS(), "FK5": FK5(equinox="J2000"), "FK4": FK4(equinox="B1950"), "GALACTIC": Galactic()}
)


def to_icrs(lon: float, lat: float, frame: BaseCoordinateFrame) -> tuple[float, float]:
    """Return the ICRS right ascension and declination of a direction of `frame`, all in degrees."""
    if isinstance(frame, ICRS):
        return lon, lat
    sky = SkyCoord(lon, lat, unit="deg", frame=frame).icrs
    return float(sky.ra.deg), float(sky.dec.deg)
