"""Which columns are positions, and which position is the main one."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Literal

from tianku.model.types import DataType
from tianku.model.vocabulary import fold, same_unit
from tianku.usecases.describe.model import ColumnDescription, PositionFound
from tianku.usecases.describe.systems import stated_system

#: the coordinate inside a folded name: as a word of its own (`s_ra`, `DRAJ2000`), else anywhere
_RA_WORD = tuple(map(re.compile, (r"(?<![a-z])[dsu]?_?(right_ascension|alpha|ra)", r"(ra)")))
_DEC_WORD = tuple(map(re.compile, (r"(?<![a-z])[dsu]?_?(declination|delta|dec?)", r"(dec?)")))
_NUMBERS = frozenset({DataType.FLOAT32, DataType.FLOAT64, DataType.INT32, DataType.INT64})
_COMPANIONS = {
    "pm_ra": ("pos.pm;pos.eq.ra", "mas.yr**-1"),
    "pm_dec": ("pos.pm;pos.eq.dec", "mas.yr**-1"),
    "parallax": ("pos.parallax.trig", "mas"),
    "radial_velocity": ("spect.dopplerVeloc.opt;pos.heliocentric", "km.s**-1"),
}


def find_positions(columns: Sequence[ColumnDescription]) -> tuple[tuple[PositionFound, ...], tuple[str, ...]]:
    """Return the positions among `columns`, one of them main, and remarks.

    Pairs are formed of columns whose names differ in nothing but the coordinate. A pair of decimal
    numbers is preferred to one of sexagesimal text, a shorter name to a longer one.
    """
    pairs, notes = _pairs(columns)
    if not pairs:
        return _otherwise(columns), tuple(notes)
    best = min(pairs, key=lambda p: _preference(p, columns))
    used: set[str] = set()
    found = []
    for ra, dec, format_ in pairs:
        main = (ra, dec, format_) == best
        name = _free("main" if main and len(pairs) == 1 else _key(ra.name, _RA_WORD) or "main", used)
        more = _system(ra) | (_companions(columns) if main else {})
        found.append(PositionFound(name, ra.name, dec.name, main, format_, more))
    return tuple(found), tuple(notes)


def _system(column: ColumnDescription) -> dict[str, Any]:
    """Frame and epoch as the source states them, else as name and description tell (B1950)."""
    if stated := stated_system(column.system):
        return stated
    words = f"{column.source} {column.description}"
    return {"frame": "FK4", "equinox": "B1950"} if re.search(r"B_?1950|\b1950\.0|\(1950\)", words) else {}


def _otherwise(columns: Sequence[ColumnDescription]) -> tuple[PositionFound, ...]:
    """The position of a table without right ascensions: galactic coordinates, or names that hold one."""
    lons = [c for c in columns if _is(c, "pos.galactic.lon") and c.type in _NUMBERS]
    lats = [c for c in columns if _is(c, "pos.galactic.lat") and c.type in _NUMBERS]
    if len(lons) == len(lats) == 1 and _format(lons[0], lats[0]) is not None:
        return (PositionFound("main", lons[0].name, lats[0].name, True, more={"frame": "GALACTIC"}),)
    names = [c for c in columns if c.stats.designation > 0.9]
    return (PositionFound("main", names[0].name, names[0].name, True, "designation"),) if names else ()


Format = Literal["degrees", "sexagesimal", "hours"]
Pair = tuple[ColumnDescription, ColumnDescription, Format]


def _pairs(columns: Sequence[ColumnDescription]) -> tuple[list[Pair], list[str]]:
    ras = [c for c in columns if _is(c, "pos.eq.ra")]
    decs = [c for c in columns if _is(c, "pos.eq.dec")]
    pairs: list[Pair] = []
    notes: list[str] = []
    for ra in ras:
        dec = next((d for d in decs if _key(d.name, _DEC_WORD) == _key(ra.name, _RA_WORD)), None)
        if dec is None and len(ras) == len(decs) == 1:
            dec = decs[0]
        if dec is None:
            notes.append(f"{ra.name} looks like a right ascension, but no declination goes with it")
            continue
        format_ = _format(ra, dec)
        if format_ is None:
            notes.append(f"{ra.name}, {dec.name}: their values are no position in degrees, hours or radians")
        else:
            pairs.append((ra, dec, format_))
    return pairs, notes


def _is(column: ColumnDescription, word: str) -> bool:
    return (column.ucd or "").split(";")[0] == word and column.arraysize is None


def _key(name: str, patterns: Sequence[re.Pattern[str]]) -> str:
    """The folded name without its coordinate: the two columns of a position have the same."""
    folded = fold(name)
    found = next((m for p in patterns if (m := p.search(folded))), None)
    rest = folded if found is None else folded[: found.start(1)] + folded[found.end(1) :]
    return re.sub(r"_+", "_", rest).strip("_")


def _format(ra: ColumnDescription, dec: ColumnDescription) -> Format | None:
    """How the values are written; None when they cannot be a position."""
    if ra.type in _NUMBERS and dec.type in _NUMBERS:
        low, high = _range(ra)
        south, north = _range(dec)
        if not (low >= -180 and high <= 360 and south >= -90 and north <= 90):
            return None
        hours = same_unit(ra.unit or "", "h") or (high <= 24 and high - low > 12 and north - south > 60)
        return "hours" if hours else "degrees"
    if min(ra.stats.sexagesimal, dec.stats.sexagesimal) > 0.9:
        return "sexagesimal"
    return None


def _range(column: ColumnDescription) -> tuple[float, float]:
    """Extremes without sentinels."""
    low, high = column.stats.low, column.stats.high
    if low is None or high is None:
        return 0.0, 0.0
    if column.null and column.stats.bulk is not None:
        return max(low, column.stats.bulk[0]), min(high, column.stats.bulk[1])
    return low, high


def in_radians(ra: ColumnDescription, dec: ColumnDescription) -> bool:
    """True when the values fill the sphere in radians, so that degrees would be absurd."""
    if ra.source_unit or ra.type not in _NUMBERS:
        return False
    (low, high), (south, north) = _range(ra), _range(dec)
    fits = high <= 6.2832 and low >= 0 and south >= -1.5708 and north <= 1.5708
    return fits and high - low > 5 and north - south > 2


def _preference(pair: Pair, columns: Sequence[ColumnDescription]) -> tuple[bool, bool, int]:
    ra, _, format_ = pair
    order = next(i for i, c in enumerate(columns) if c.name == ra.name)
    key = _key(ra.name, _RA_WORD)
    return format_ == "sexagesimal", key not in ("", "j2000", "icrs", "deg"), order


def _companions(columns: Sequence[ColumnDescription]) -> dict[str, Any]:
    """Proper motion, parallax and radial velocity columns, when there is exactly one of each, and the epoch."""
    more: dict[str, Any] = {}
    for key, (ucd, unit) in _COMPANIONS.items():
        fitting = [c for c in columns if c.ucd == ucd and same_unit(c.unit or "", unit)]
        if len(fitting) == 1:
            more[key] = fitting[0].name
    if not {"pm_ra", "pm_dec"} <= more.keys():
        more = {}
    epochs = [c for c in columns if "time.epoch" in (c.ucd or "") and c.unit == "yr" and c.stats.low is not None]
    if len(epochs) == 1 and 1800 < (epochs[0].stats.low or 0) < 2200:
        constant = epochs[0].stats.low == epochs[0].stats.high
        more["epoch"] = epochs[0].stats.low if constant else epochs[0].name
    return more


def _free(name: str, used: set[str]) -> str:
    name = re.sub(r"^[^a-z]+", "", name) or "main"
    candidate, number = name, 2
    while candidate in used:
        candidate, number = f"{name}_{number}", number + 1
    used.add(candidate)
    return candidate


def with_radians(
    columns: Sequence[ColumnDescription], pairs: Sequence[PositionFound]
) -> tuple[ColumnDescription, ...]:
    """Return `columns` with the unit of coordinates that are in radians put right."""
    turned: dict[str, ColumnDescription] = {}
    by_name = {c.name: c for c in columns}
    for pair in pairs:
        ra, dec = by_name[pair.ra], by_name[pair.dec]
        if pair.format == "degrees" and in_radians(ra, dec):
            for one in (ra, dec):
                note = "the values fill the sphere in radians"
                turned[one.name] = replace(one, unit="deg", source_unit="rad", notes=(*one.notes, note))
    return tuple(turned.get(c.name, c) for c in columns)
