"""Which pixels of an image hold a region of the sky."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tianku.products.celestial import Celestial
from tianku.products.footprint import Doubles

Flags = npt.NDArray[np.bool_]
#: nodes along each side of the lattice that is looked at inside the image
_NODES = 33
#: a direction has a pixel when that lies again in the direction, within so many pixels
_TRUSTED = 0.05


@dataclass(frozen=True, slots=True)
class Window:
    """Pixels `x0` to `x1` by `y0` to `y1`: 0-based, the last ones excluded."""

    x0: int
    x1: int
    y0: int
    y1: int

    @property
    def pixels(self) -> int:
        """How many there are."""
        return (self.x1 - self.x0) * (self.y1 - self.y0)


def window_of(
    sky: Celestial,
    nx: int,
    ny: int,
    scale: float,
    border: Doubles,
    holds: Callable[[Doubles], npt.NDArray[np.bool_]],
) -> Window | None:
    """Return the least rectangle of an image's pixels that holds a region; None when no pixel is in it.

    `scale` is the side of a pixel (arcsec), `border` are unit vectors along the region's border, and `holds` tells
    which unit vectors lie in it. Where coordinates cannot follow the border, nodes of a lattice stand for it.
    """
    x, y, good = _on_image(sky, scale, border)
    columns, rows = np.linspace(-0.5, nx - 0.5, _NODES), np.linspace(-0.5, ny - 0.5, _NODES)
    at_x, at_y = (axis.ravel() for axis in np.meshgrid(columns, rows))
    nodes = _vectors(*sky.to_sky(at_x, at_y))
    inside: Flags = np.asarray(np.isfinite(nodes).all(axis=1))
    inside[inside] = holds(nodes[inside])
    margin = 0.0 if good.all() else 1.0 / (_NODES - 1)
    low_x, high_x = _limits(x[good], at_x[inside], margin * nx)
    low_y, high_y = _limits(y[good], at_y[inside], margin * ny)
    if not (low_x <= high_x and low_y <= high_y):
        return None
    x0, x1 = (int(np.clip(np.floor(v + 0.5), -1, nx)) for v in (low_x, high_x))
    y0, y1 = (int(np.clip(np.floor(v + 0.5), -1, ny)) for v in (low_y, high_y))
    found = Window(max(0, x0), min(nx, x1 + 1), max(0, y0), min(ny, y1 + 1))
    return found if found.x0 < found.x1 and found.y0 < found.y1 else None


def _on_image(sky: Celestial, scale: float, border: Doubles) -> tuple[Doubles, Doubles, Flags]:
    """Pixels of directions, and which of them can be trusted."""
    ra = np.degrees(np.arctan2(border[:, 1], border[:, 0])) % 360.0
    x, y = sky.to_pixel(ra, np.degrees(np.arctan2(border[:, 2], np.hypot(border[:, 0], border[:, 1]))))
    good: Flags = np.asarray(np.isfinite(x) & np.isfinite(y))
    again = _vectors(*sky.to_sky(x[good], y[good]))
    with np.errstate(invalid="ignore"):
        good[good] = np.linalg.norm(again - border[good], axis=1) <= _TRUSTED * np.radians(scale / 3600)
    return x, y, good


def _limits(border: Doubles, nodes: Doubles, margin: float) -> tuple[float, float]:
    """Least and greatest; (inf, -inf) where there is nothing."""
    low = np.concatenate([border, nodes - margin])
    high = np.concatenate([border, nodes + margin])
    return float(low.min(initial=np.inf)), float(high.max(initial=-np.inf))


def _vectors(ra: Doubles, dec: Doubles) -> Doubles:
    a, d = np.radians(ra), np.radians(dec)
    return np.column_stack((np.cos(d) * np.cos(a), np.cos(d) * np.sin(a), np.sin(d)))
