"""Coordinate and time systems as VOTables state them, in the words of configuration."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from astropy.time import Time

from tianku.model.types import DataType
from tianku.usecases.describe.model import ColumnDescription

#: COOSYS system (VOTable 1.0 to 1.4, and the refframe vocabulary of 1.5) -> (frame, its usual equinox)
_FRAMES = {
    "icrs": ("ICRS", None),
    "fk5": ("FK5", "J2000"),
    "eq_fk5": ("FK5", "J2000"),
    "fk4": ("FK4", "B1950"),
    "eq_fk4": ("FK4", "B1950"),
    "galactic": ("GALACTIC", None),
    "ecl_fk5": ("ECLIPTIC", None),
    "ecliptic": ("ECLIPTIC", None),
}
_YEAR = re.compile(r"([JB]?)\s*(\d{4}(?:\.\d*)?)")
_ORIGINS = {2400000.5: "MJD", 0.0: "JD"}
_NAMED_ORIGINS = {"mjd-origin": 2400000.5, "jd-origin": 0.0}


def stated_system(said: Mapping[str, str]) -> dict[str, Any]:
    """Return the keys of a position's configuration that its COOSYS gives: frame, equinox, epoch."""
    found: dict[str, Any] = {}
    frame, usual = _FRAMES.get(said.get("system", "").lower(), (None, None))
    if frame is not None and frame != "ICRS":
        found["frame"] = frame
    equinox = _year(said.get("equinox"))
    if usual is not None and equinox is not None and _spelled(*equinox, usual[0]) != usual:
        found["equinox"] = _spelled(*equinox, usual[0])
    epoch = _year(said.get("epoch"))
    if epoch is not None:
        letter, year = epoch
        besselian = letter == "B" or (not letter and year < 1984.0)
        found["epoch"] = round(float(Time(year, format="byear").jyear), 6) if besselian else year
    return found


def _year(text: str | None) -> tuple[str, float] | None:
    match = _YEAR.fullmatch((text or "").strip())
    return None if match is None else (match[1], float(match[2]))


def _spelled(letter: str, year: float, usual: str) -> str:
    return f"{letter or usual}{year:g}"


def stated_time(column: ColumnDescription) -> dict[str, Any] | None:
    """Return the keys of a time's configuration that its TIMESYS gives; None when it has none."""
    said = column.system
    if "timescale" not in said:
        return None
    found: dict[str, Any] = {"scale": said["timescale"]}
    if "refposition" in said:
        found["refposition"] = said["refposition"]
    if column.type in (DataType.TIMESTAMP, DataType.STRING):
        return {"origin": "ISO", **found}
    origin = _origin(said.get("timeorigin", ""))
    if origin is None or not column.unit:
        return None
    return {"origin": _ORIGINS.get(origin, origin), "unit": column.unit, **found}


def _origin(text: str) -> float | None:
    """The Julian date that numbers count from."""
    try:
        named = _NAMED_ORIGINS.get(text.strip().lower())
        return float(text) if named is None else named
    except ValueError:
        return None
