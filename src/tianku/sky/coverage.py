"""Coverage maps for pages: a MOC as a small SVG in the Mollweide projection, drawn by the server."""

from __future__ import annotations

from html import escape

import numpy as np
import numpy.typing as npt
from cdshealpix.nested import healpix_to_lonlat

from tianku.sky.moc import MOC
from tianku.sky.ranges import Int64Array, healpix29

Mask = npt.NDArray[np.bool_]

#: Largest path, in characters; a patchier sky is drawn on a coarser grid.
MAX_PATH = 40_000
_WIDTH, _HEIGHT = 720, 360
_GRIDS = (360, 240, 180, 120, 90, 60)
_ORDER = 6  # cells of 0.9 degrees, about one step of the finest grid


def coverage_svg(moc: MOC, title: str = "", centre: float = 0.0) -> str:
    """Return a standalone SVG (under 60 kB) of a coverage.

    Right ascension grows to the left as seen from Earth, with `centre` (degrees) in the middle.
    Colours come from the page's CSS through the classes ``sky``, ``grid`` and ``coverage``.
    """
    label = escape(title, quote=True)
    half_x, half_y = _WIDTH // 2, _HEIGHT // 2
    ellipse = f'cx="{half_x}" cy="{half_y}" rx="{half_x - 1}" ry="{half_y - 1}"'
    view = f'viewBox="0 0 {_WIDTH} {_HEIGHT}"'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" {view} role="img" aria-label="{label}"><title>{label}</title>'
        f'<ellipse class="sky" {ellipse} fill="none" stroke="currentColor"/>'
        f'<path class="coverage" fill="currentColor" fill-rule="evenodd" d="{coverage_path(moc, centre)}"/>'
        f'<path class="grid" fill="none" stroke="currentColor" stroke-opacity=".25" d="{_graticule()}"/></svg>'
    )


def coverage_path(moc: MOC, centre: float = 0.0) -> str:
    """Return the SVG path of a coverage in a 720 × 360 Mollweide frame, at most `MAX_PATH` characters."""
    if moc.empty():
        return ""
    cells = _coarse(moc)
    path = ""
    for columns in _GRIDS:
        path = _outline(_mask(cells, columns, centre), _WIDTH // columns)
        if len(path) <= MAX_PATH:
            break
    return path


def coverage_mask(moc: MOC, columns: int = 360, centre: float = 0.0) -> Mask:
    """Return which pixels of a grid of the same frame, `columns` wide and half as high, a coverage touches."""
    return np.zeros((columns // 2, columns), dtype=bool) if moc.empty() else _mask(_coarse(moc), columns, centre)


def mollweide(
    ra: npt.NDArray[np.float64], dec: npt.NDArray[np.float64], centre: float = 0.0
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Project ICRS degrees into the 720 × 360 frame (x to the right, y down)."""
    lon = (np.asarray(ra) - centre + 180.0) % 360.0 - 180.0
    theta = _auxiliary(np.radians(dec))
    x = _WIDTH / 2 * (1.0 - lon / 180.0 * np.cos(theta))
    return x, _HEIGHT / 2 * (1.0 - np.sin(theta))


def _auxiliary(lat: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Solve 2θ + sin 2θ = π sin(lat), by table: a thousandth of a degree is plenty for a map."""
    theta = np.linspace(-np.pi / 2, np.pi / 2, 20_001)
    return np.interp(np.pi * np.sin(lat), 2 * theta + np.sin(2 * theta), theta)


def _coarse(moc: MOC) -> Int64Array:
    """Cells of the drawing order that the coverage touches."""
    coarse = moc.degrade_to_order(_ORDER) if moc.max_order > _ORDER else moc
    ranges = coarse.to_depth29_ranges.astype(np.int64) >> (2 * (29 - _ORDER))
    if len(ranges) == 0:
        return np.empty(0, dtype=np.int64)
    return np.concatenate([np.arange(first, last) for first, last in ranges])


def _mask(cells: Int64Array, columns: int, centre: float) -> Mask:
    """Which pixels of a grid hold the coverage; every cell marks at least the pixel of its centre."""
    rows, step = columns // 2, _WIDTH / columns
    y, x = np.mgrid[0:rows, 0:columns].astype(np.float64)
    sine = 1.0 - (y + 0.5) * step / (_HEIGHT / 2)
    theta = np.arcsin(sine)
    lon = 180.0 * (1.0 - (x + 0.5) * step / (_WIDTH / 2)) / np.cos(theta)
    dec = np.degrees(np.arcsin((2 * theta + np.sin(2 * theta)) / np.pi))
    on_sky = np.abs(lon) <= 180.0
    pixels = healpix29(((lon + centre) % 360.0).ravel(), dec.ravel()) >> (2 * (29 - _ORDER))
    mask = np.isin(pixels, cells).reshape(rows, columns) & on_sky
    ra, cell_dec = _centres(cells)
    px, py = mollweide(ra, cell_dec, centre)
    mask[np.clip((py / step).astype(int), 0, rows - 1), np.clip((px / step).astype(int), 0, columns - 1)] = True
    return mask


def _centres(cells: Int64Array) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    lon, lat = healpix_to_lonlat(cells.astype(np.uint64), np.uint8(_ORDER))
    return lon.deg, lat.deg


def _outline(mask: Mask, step: int) -> str:
    """Trace the borders of a mask as closed axis-parallel loops, in relative path commands."""
    grid = np.pad(mask, 1)
    follow: dict[tuple[int, int], list[tuple[int, int]]] = {}
    for dy, dx, across, start in _SIDES:
        border = (
            grid[1:-1, 1:-1]
            & ~grid[1 + across[0] : grid.shape[0] - 1 + across[0], :][
                :, 1 + across[1] : grid.shape[1] - 1 + across[1]
            ]
        )
        for y, x in np.argwhere(border).tolist():
            follow.setdefault((y + start[0], x + start[1]), []).append((dy, dx))
    parts: list[str] = []
    while follow:
        parts.append(_loop(follow, step))
    return "".join(parts)


#: Sides of a pixel, clockwise: direction (dy, dx), the neighbour across it, the corner it starts at.
_SIDES = (
    (0, 1, (-1, 0), (0, 0)),
    (1, 0, (0, 1), (0, 1)),
    (0, -1, (1, 0), (1, 1)),
    (-1, 0, (0, -1), (1, 0)),
)


def _loop(follow: dict[tuple[int, int], list[tuple[int, int]]], step: int) -> str:
    start = next(iter(follow))
    place, heading, length = start, (0, 0), 0
    text = f"M{start[1] * step} {start[0] * step}"
    while True:
        ways = follow[place]
        way = heading if heading in ways else ways[0]
        ways.remove(way)
        if not ways:
            del follow[place]
        if way != heading:
            text += _segment(heading, length * step)
            heading, length = way, 0
        length += 1
        place = (place[0] + way[0], place[1] + way[1])
        if place == start:
            return text + "z"


def _segment(heading: tuple[int, int], length: int) -> str:
    if not length:
        return ""
    return f"v{heading[0] * length}" if heading[0] else f"h{heading[1] * length}"


def _graticule() -> str:
    """Parallels every 30 degrees and meridians every 60, as polylines."""
    lines = []
    dec = np.linspace(-90.0, 90.0, 37)
    for lon in (-120.0, -60.0, 0.0, 60.0, 120.0):
        lines.append(mollweide(np.full(37, lon), dec))
    for parallel in (-60.0, -30.0, 0.0, 30.0, 60.0):
        lines.append(mollweide(np.array([179.999, -179.999]), np.full(2, parallel)))
    return "".join("M" + "L".join(f"{x:.0f} {y:.0f}" for x, y in zip(*line, strict=True)) for line in lines)
