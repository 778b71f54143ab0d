"""What a viewer needs of an image's world coordinates: a lattice to interpolate, a compass, a scale."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from astropy.utils.exceptions import AstropyWarning

from tianku.products.celestial import read_wcs
from tianku.products.footprint import Doubles
from tianku.products.image import Image

_LATTICE = 33
_WIDE_LATTICE, _WIDE = 129, 10.0  # degrees


@dataclass(frozen=True, slots=True, eq=False)
class Lattice:
    """Longitudes and latitudes (degrees) at `n` by `n` points from the first outer corner to the last.

    A viewer interpolates their unit vectors linearly; `names` are the two coordinates'.
    """

    lon: Doubles
    lat: Doubles
    n: int
    names: tuple[str, str]


@dataclass(frozen=True, slots=True)
class Compass:
    """Directions in which latitude and longitude grow, in pixels (x, y), and the pixel's side in arcsec.

    `east` is the west of the Sun in solar coordinates.
    """

    north: tuple[float, float]
    east: tuple[float, float]
    scale: float


def lattice(image: Image) -> Lattice | None:
    """Return the coordinates of an image, None where they are pixels."""
    ny, nx = image.shape[-2:]
    to_world, names = _to_world(image)
    if to_world is None:
        return None
    facts = compass(image)
    wide = facts is not None and facts.scale * max(nx, ny) > _WIDE * 3600
    n = _WIDE_LATTICE if wide else _LATTICE
    x, y = np.meshgrid(np.linspace(-0.5, nx - 0.5, n), np.linspace(-0.5, ny - 0.5, n))
    lon, lat = to_world(x.ravel(), y.ravel())
    return Lattice(lon, lat, n, names) if np.isfinite(lon).any() else None


def compass(image: Image) -> Compass | None:
    """Return where north and east are at the centre, None off the sky or without coordinates."""
    to_world, _ = _to_world(image)
    if to_world is None:
        return None
    ny, nx = image.shape[-2:]
    x, y = (nx - 1) / 2, (ny - 1) / 2
    lon, lat = to_world(np.array([x, x + 0.5, x]), np.array([y, y, y + 0.5]))
    if not np.isfinite([lon, lat]).all():
        return None
    d_lon = (lon - lon[0] + 180.0) % 360.0 - 180.0
    jacobian = 2 * np.array([d_lon[1:] * np.cos(np.radians(lat[0])), lat[1:] - lat[0]])
    determinant = float(np.linalg.det(jacobian))
    if determinant == 0.0:
        return None
    inverse = np.linalg.inv(jacobian)
    east, north = (inverse[:, i] / np.linalg.norm(inverse[:, i]) for i in (0, 1))
    scale = float(np.sqrt(abs(determinant)) * 3600.0)
    return Compass((float(north[0]), float(north[1])), (float(east[0]), float(east[1])), scale)


def _to_world(
    image: Image,
) -> tuple[Callable[[Doubles, Doubles], tuple[Doubles, Doubles]] | None, tuple[str, str]]:
    if image.sky is not None:
        return image.sky.to_sky, ("RA", "Dec")
    if image.axes not in ("helioprojective", "heliographic") or (wcs := read_wcs(image.wcs)) is None:
        return None, ("x", "y")
    if wcs.wcs.lng < 0:  # axes such as Solar-X are named, but nothing says their unit
        return None, ("x", "y")

    def to_world(x: Doubles, y: Doubles) -> tuple[Doubles, Doubles]:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", AstropyWarning)
            world = wcs.all_pix2world(x, y, 0)
        return np.asarray(world[wcs.wcs.lng]), np.asarray(world[wcs.wcs.lat])

    return to_world, ("Tx", "Ty") if image.axes == "helioprojective" else ("lon", "lat")
