"""Where an image lies on the sphere: centre, outline and pixel scale from its pixel-to-sky function alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Doubles = npt.NDArray[np.float64]
#: 0-based pixel x and y -> ICRS longitude and latitude in degrees; NaN where a pixel is off the sky
ToSky = Callable[[Doubles, Doubles], tuple[Doubles, Doubles]]

#: an edge is taken for a great circle when it strays less than this many pixels from it
_STRAIGHT = 0.1
_MOST_PER_EDGE = 32
#: samples along each side of an image whose corners are off the sky
_GRID = 41


@dataclass(frozen=True, slots=True)
class Footprint:
    """Degrees, but `scale` in arcsec (the side of a square as large as the central pixel).

    `region` is in DALI words: a polygon counter-clockwise as seen from inside the sphere, or a circle around
    all pixels that are on the sky (`whole` False).
    """

    ra: float
    dec: float
    fov: float
    scale: float
    region: str
    whole: bool = True


def footprint(to_sky: ToSky, nx: int, ny: int) -> Footprint | None:
    """Return the footprint of an image of `nx` by `ny` pixels, None when no pixel is on the sky.

    The outline runs along the outer edges of the border pixels. Edges that a distortion bends get further
    vertices, so that great circles between vertices stay within a tenth of a pixel of the edge (as far as 32 per
    edge do).
    """
    scale = _scale(to_sky, (nx - 1) / 2, (ny - 1) / 2)
    corners = _outline(to_sky, nx, ny, 1)
    if not np.isfinite(corners).all() or not np.isfinite(scale):
        return _around(to_sky, nx, ny)
    per_edge = 1
    while per_edge < _MOST_PER_EDGE and _strays(to_sky, nx, ny, per_edge) > _STRAIGHT * np.radians(scale / 3600):
        per_edge *= 2
    vertices = _outline(to_sky, nx, ny, per_edge)
    centre = _unit(*to_sky(np.array([(nx - 1) / 2]), np.array([(ny - 1) / 2])))[0]
    if not np.isfinite(vertices).all() or not np.isfinite(centre).all():
        return _around(to_sky, nx, ny)
    if float((vertices @ centre).min()) <= 0.0:  # a hemisphere or more: no polygon can say that
        return _around(to_sky, nx, ny)
    turn = float(np.cross(vertices, np.roll(vertices, -1, axis=0)).sum(axis=0) @ centre)
    ordered = vertices if turn < 0 else vertices[::-1]
    ra, dec = _degrees(centre[None, :])
    longitudes, latitudes = _degrees(ordered)
    numbers = np.column_stack((longitudes, latitudes)).ravel()
    radius = float(_separation(vertices, centre).max())
    words = " ".join(f"{value:.9f}" for value in numbers)
    return Footprint(float(ra[0]), float(dec[0]), 2 * float(np.degrees(radius)), scale, f"POLYGON ICRS {words}")


def _outline(to_sky: ToSky, nx: int, ny: int, per_edge: int) -> Doubles:
    """Unit vectors along the outline: each corner, and the points between it and the next one."""
    x, y = _border(nx, ny, np.arange(per_edge) / per_edge)
    return _unit(*to_sky(x, y))


def _border(nx: int, ny: int, steps: Doubles) -> tuple[Doubles, Doubles]:
    right, top = nx - 0.5, ny - 0.5
    along_x, along_y = -0.5 + nx * steps, -0.5 + ny * steps
    x = np.concatenate((along_x, np.full(len(steps), right), nx - 1 - along_x, np.full(len(steps), -0.5)))
    y = np.concatenate((np.full(len(steps), -0.5), along_y, np.full(len(steps), top), ny - 1 - along_y))
    return x, y


def _strays(to_sky: ToSky, nx: int, ny: int, per_edge: int) -> float:
    """How far (radians) the edge's own midpoints lie from the great circles between its points."""
    points = _outline(to_sky, nx, ny, per_edge)
    middles = _unit(*to_sky(*_border(nx, ny, (np.arange(per_edge) + 0.5) / per_edge)))
    poles = np.cross(points, np.roll(points, -1, axis=0))
    lengths = np.linalg.norm(poles, axis=1)
    good = (lengths > 0) & np.isfinite(middles).all(axis=1)
    if not good.any():
        return 0.0
    away = np.abs(np.sum(poles[good] / lengths[good, None] * middles[good], axis=1))
    return float(np.arcsin(np.clip(away, 0, 1)).max())


def _around(to_sky: ToSky, nx: int, ny: int) -> Footprint | None:
    """A circle around the pixels that are on the sky, from a grid of them."""
    x, y = (a.ravel() for a in np.meshgrid(np.linspace(-0.5, nx - 0.5, _GRID), np.linspace(-0.5, ny - 0.5, _GRID)))
    found = _unit(*to_sky(x, y))
    on_sky = np.isfinite(found).all(axis=1)
    if not on_sky.any():
        return None
    inside = found[on_sky]
    mean = inside.mean(axis=0)
    length = float(np.linalg.norm(mean))
    nearest = inside[np.argmin(np.hypot(x[on_sky] - (nx - 1) / 2, y[on_sky] - (ny - 1) / 2))]
    centre = mean / length if length > 0.1 else nearest
    step = np.hypot(nx, ny) / (_GRID - 1)
    scale = _scale(to_sky, float(x[on_sky][0]), float(y[on_sky][0]))
    scales = [_scale(to_sky, float(a), float(b)) for a, b in zip(x[on_sky][::40], y[on_sky][::40], strict=True)]
    scale = float(np.nanmedian([scale, *scales])) if np.isfinite([scale, *scales]).any() else float("nan")
    margin = np.radians(scale / 3600) * step if np.isfinite(scale) else 0.0
    radius = min(np.pi, float(_separation(inside, centre).max()) + margin)
    ra, dec = _degrees(centre[None, :])
    region = f"CIRCLE ICRS {ra[0]:.9f} {dec[0]:.9f} {np.degrees(radius):.9f}"
    return Footprint(float(ra[0]), float(dec[0]), 2 * float(np.degrees(radius)), scale, region, whole=False)


def _scale(to_sky: ToSky, x: float, y: float) -> float:
    """Side in arcsec of the square that is as large as the pixel at `x`, `y`."""
    points = _unit(*to_sky(np.array([x - 0.5, x + 0.5, x, x]), np.array([y, y, y - 0.5, y + 0.5])))
    area = float(np.linalg.norm(np.cross(points[1] - points[0], points[3] - points[2])))
    return float(np.degrees(np.sqrt(area)) * 3600)


def _separation(vectors: Doubles, centre: Doubles) -> Doubles:
    return np.arctan2(np.linalg.norm(np.cross(vectors, centre), axis=1), vectors @ centre)


def _unit(ra: Doubles, dec: Doubles) -> Doubles:
    a, d = np.radians(ra), np.radians(dec)
    return np.column_stack((np.cos(d) * np.cos(a), np.cos(d) * np.sin(a), np.sin(d)))


def _degrees(vectors: Doubles) -> tuple[Doubles, Doubles]:
    ra = np.degrees(np.arctan2(vectors[:, 1], vectors[:, 0])) % 360.0
    return ra, np.degrees(np.arctan2(vectors[:, 2], np.hypot(vectors[:, 0], vectors[:, 1])))
