"""Lists of positions that people paste or upload: any delimiter, a header row or none, degrees or sexagesimal.

Without a header the columns are right ascension, declination and, if there is one, the radius, after a name if
the first is no coordinate. A ``#`` begins a comment, which may be the header.
"""

from __future__ import annotations

import csv
import math
from dataclasses import dataclass

import numpy as np

from tianku.model.errors import LimitError, UsageError
from tianku.sky.angles import declination, right_ascension
from tianku.sky.ranges import FloatArray, Int64Array

#: positions and bytes of one list
MOST_ROWS = 10_000
MOST_BYTES = 2_000_000
#: the largest radius of a position, degrees
MOST_RADIUS = 1.0
UNITS = {"arcsec": 1 / 3600, "arcmin": 1 / 60, "deg": 1.0}

_LINE = 1000
_TOLD = 5
_DELIMITERS = "\t;|,"
_NAMES = {
    "ra": "ra raj2000 ra_j2000 ra2000 ra_icrs raicrs _ra _raj2000 radeg ra_deg ra(deg) racenter alpha 赤经",
    "dec": "dec de dej2000 decj2000 dec_j2000 dec2000 de_icrs dec_icrs _de _dej2000 dedeg decdeg dec_deg dec(deg) "
    "deccenter delta 赤纬",
    "radius": "radius sep r sr rad dist separation size 半径",
    "name": "name id object source target designation main_id source_id objid obsid 名称 编号",
}
_ROLES = {name: role for role, names in _NAMES.items() for name in names.split()}


@dataclass(frozen=True, slots=True)
class PositionList:
    """Positions in the order given.

    Attributes
    ----------
    line
        Line of the text that each came from, counted from 1.
    name
        What the text calls each, None where it does not.
    ra, dec, radius
        ICRS degrees.
    """

    line: Int64Array
    name: tuple[str | None, ...]
    ra: FloatArray
    dec: FloatArray
    radius: FloatArray

    def __len__(self) -> int:
        return len(self.line)


def read_positions(content: bytes | str, radius: float, unit: str = "arcsec") -> PositionList:
    """Read a list of positions.

    Parameters
    ----------
    radius, unit
        Radius of the positions that have none of their own, and the unit of all radii.

    Raises
    ------
    UsageError
        ``positions.unreadable``, ``positions.long_line``, ``positions.empty``, ``positions.header``,
        ``positions.unit``, ``positions.radius``; ``positions.rows``, which tells the first wrong lines.
    LimitError
        ``positions.too_long``
    """
    if unit not in UNITS:
        raise UsageError(
            "positions.unit", "the unit of a radius is arcsec, arcmin or deg, not {unit}", unit=unit[:20]
        )
    scale = UNITS[unit]
    if not 0.0 < radius * scale <= MOST_RADIUS:
        raise UsageError(
            "positions.radius", "the radius is {radius:g} {unit}: it must be above 0 and at most {most:g} degrees",
            radius=radius, unit=unit, most=MOST_RADIUS,
        )  # fmt: skip
    lines = _lines(content)
    header, lines = _header(lines)
    return _Reader(header, radius, scale).read(lines)


Line = tuple[int, str]


def _lines(content: bytes | str) -> list[Line]:
    """Return the numbered lines that say something, comments without their ``#`` only at the top."""
    text = _text(content)
    found: list[Line] = []
    for number, line in enumerate(text.splitlines(), 1):
        said = line.strip(" \r\n\ufeff")
        if not said or (said.startswith("#") and found):
            continue
        if len(said) > _LINE:
            raise UsageError(
                "positions.long_line", "line {line} of the list is longer than {most} characters: it is no list",
                line=number, most=_LINE,
            )  # fmt: skip
        found.append((number, said))
        if len(found) > MOST_ROWS + _LINE:
            break
    return found


def _text(content: bytes | str) -> str:
    if len(content) > MOST_BYTES:
        raise LimitError(
            "positions.too_long", "the list is longer than {rows} positions or {bytes} bytes: cut it in parts",
            rows=MOST_ROWS, bytes=MOST_BYTES,
        )  # fmt: skip
    try:
        text = content if isinstance(content, str) else content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = "\0"
    if "\0" in text:
        raise UsageError(
            "positions.unreadable", "the list is no text in UTF-8: FITS files and workbooks cannot be read here"
        )
    return text


def _header(lines: list[Line]) -> tuple[dict[str, int] | None, list[Line]]:
    """Return the column of each role, None without a header, and the lines after it."""
    while lines and lines[0][1].startswith("#"):
        roles = _roles(_fields(lines[0][1].lstrip("# ")))
        lines = lines[1:]
        if "ra" in roles and "dec" in roles:
            return roles, [line for line in lines if not line[1].startswith("#")]
    if not lines:
        return None, lines
    fields = _fields(lines[0][1])
    if any(_number(f) is not None or right_ascension(f) is not None for f in fields):
        return None, lines
    roles = _roles(fields)
    if "ra" not in roles or "dec" not in roles:
        raise UsageError(
            "positions.header", "the list's first line, {line}, names no columns ra and dec: {text}",
            line=lines[0][0], text=lines[0][1][:80],
        )  # fmt: skip
    return roles, lines[1:]


def _roles(fields: list[str]) -> dict[str, int]:
    found: dict[str, int] = {}
    for at, field in enumerate(fields):
        role = _ROLES.get(field.strip().strip('"').lower())
        if role is not None:
            found.setdefault(role, at)
    return found


def _fields(line: str) -> list[str]:
    """Split a line at the first of the delimiters that it has, else at blanks."""
    delimiter = next((d for d in _DELIMITERS if d in line), None)
    if delimiter is None:
        return line.split()
    return [field.strip() for field in next(csv.reader([line], delimiter=delimiter, skipinitialspace=True))]


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


class _Reader:
    def __init__(self, header: dict[str, int] | None, radius: float, scale: float) -> None:
        self._roles, self._radius, self._scale = header, radius, scale

    def read(self, lines: list[Line]) -> PositionList:
        if not lines:
            raise UsageError(
                "positions.empty", "the list has no positions: give a right ascension and a declination per line"
            )
        if len(lines) > MOST_ROWS:
            raise LimitError(
                "positions.too_long", "the list is longer than {rows} positions or {bytes} bytes: cut it in parts",
                rows=MOST_ROWS, bytes=MOST_BYTES,
            )  # fmt: skip
        values = np.empty((len(lines), 3))
        names: list[str | None] = []
        wrong: list[str] = []
        for row, (number, line) in enumerate(lines):
            fields = self._picked(_fields(line))
            values[row] = numbers = self._values(fields)
            names.append(fields[0] or None)
            if math.isnan(sum(numbers)) and len(wrong) < _TOLD:
                wrong.append(f"{number} ({_reason(numbers, fields)})")
        bad = int(np.isnan(values).any(axis=1).sum())
        if bad:
            raise UsageError(
                "positions.rows", "{count} of {total} lines of the list are no positions; lines {lines}",
                count=bad, total=len(lines), lines=", ".join(wrong),
            )  # fmt: skip
        numbered = np.array([number for number, _ in lines], dtype=np.int64)
        return PositionList(numbered, tuple(names), values[:, 0], values[:, 1], values[:, 2])

    def _picked(self, fields: list[str]) -> tuple[str, str, str, str]:
        """Return name, right ascension, declination and radius as text, empty where there is none."""
        if self._roles is not None:
            name, ra, dec, radius = (self._roles.get(role, -1) for role in ("name", "ra", "dec", "radius"))
            of = [fields[at] if 0 <= at < len(fields) else "" for at in (name, ra, dec, radius)]
            return of[0], of[1], of[2], of[3]
        name_first = bool(fields) and right_ascension(fields[0]) is None and len(fields) > 2
        name_text, rest = (fields[0], fields[1:]) if name_first else ("", fields)
        if len(rest) in (6, 7) and all(_number(f) is not None for f in rest):
            rest = [" ".join(rest[:3]), " ".join(rest[3:6]), *rest[6:]]
        elif len(rest) == 1:
            rest = rest[0].split()
        rest = [*rest, "", "", ""]
        return name_text, rest[0], rest[1], rest[2]

    def _values(self, fields: tuple[str, str, str, str]) -> tuple[float, float, float]:
        """Return degrees, NaN for what cannot be read."""
        ra, dec = right_ascension(fields[1]), declination(fields[2])
        radius = _number(fields[3]) if fields[3] else self._radius
        size = (
            math.nan if radius is None or not 0.0 < radius * self._scale <= MOST_RADIUS else radius * self._scale
        )
        return math.nan if ra is None else ra, math.nan if dec is None else dec, size


def _reason(numbers: tuple[float, float, float], fields: tuple[str, str, str, str]) -> str:
    """Return which value is wrong and how it is written."""
    for value, text, what in zip(numbers, fields[1:], ("ra", "dec", "radius"), strict=True):
        if math.isnan(value):
            return f"{what}: {text[:30] or '-'}"
    raise AssertionError(numbers)
