"""Columns: words that are not valid, and words that are missing, with suggestions."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

from astropy import units

from tianku.model.metadata import Column
from tianku.model.types import DataType
from tianku.model.vocabulary import guess_column, is_vounit, suggest_ucds, suggest_unit, ucd_problem
from tianku.usecases.check.finding import Report

_NUMBERS = frozenset(DataType) - {DataType.BOOLEAN, DataType.STRING, DataType.TIMESTAMP}
#: what quantities are measured in, by the beginning of the UCD
_EXPECTED = {
    "pos.eq.ra": "deg",
    "pos.eq.dec": "deg",
    "pos.galactic": "deg",
    "pos.ecliptic": "deg",
    "pos.angDistance": "deg",
    "pos.posAng": "deg",
    "pos.parallax": "mas",
    "pos.pm": "mas.yr**-1",
    "pos.distance": "pc",
    "phot.mag": "mag",
    "phot.color": "mag",
    "phys.temperature": "K",
    "phys.angSize": "arcmin",
    "phys.mass": "solMass",
    "spect.dopplerVeloc": "km.s**-1",
    "phys.veloc": "km.s**-1",
    "time.duration": "s",
    "time.period": "d",
    "em.wl": "m",
    "em.freq": "Hz",
    "em.energy": "eV",
}


def check_columns(report: Report, table: str, columns: Sequence[Column]) -> None:
    """Check unit, UCD and description of every column of a table."""
    names = [c.name for c in columns]
    for column in columns:
        _check_ucd(report, table, column, names)
        _check_unit(report, table, column, names)
    mute = [c.name for c in columns if not c.description]
    if mute:
        shown = ", ".join(mute[:8]) + (" …" if len(mute) > 8 else "")
        plural = "s have" if len(mute) > 1 else " has"
        report.warning(
            ("tables", table, "columns"), f"{len(mute)} column{plural} no description: {shown}", protocol="tap"
        )


def _check_ucd(report: Report, table: str, column: Column, names: Sequence[str]) -> None:
    where = ("tables", table, "columns", column.name)
    if not column.ucd:
        guess = guess_column(column.name, siblings=names, unit=column.unit, type=column.type).ucd
        fix = f"perhaps `ucd: {guess}`" if guess else ""
        report.warning(where, f"column {column.name} has no UCD", fix, "tap")
    elif (problem := ucd_problem(column.ucd)) is not None:
        near = suggest_ucds(column.ucd)
        fix = f"did you mean {' or '.join(f'`{n}`' for n in near)}?" if near else ""
        report.error((*where, "ucd"), f"`{column.ucd}` is not valid UCD1+: {problem}", fix, "tap")


def _check_unit(report: Report, table: str, column: Column, names: Sequence[str]) -> None:
    where = ("tables", table, "columns", column.name)
    if column.unit and not is_vounit(column.unit):
        better = suggest_unit(column.unit)
        fix = f"write `unit: {better}`" if better else "see IVOA VOUnits for the units there are"
        report.error((*where, "unit"), f"`{column.unit}` is not a VOUnits unit", fix, "tap")
        return
    if column.type not in _NUMBERS:
        return
    expected = _expected(column.ucd or "")
    if column.unit is None and not _is_plain_number(column.ucd or ""):
        guess = guess_column(column.name, siblings=names, type=column.type).unit
        if guess == "" and expected is None:
            return
        suggestion = guess or expected
        fix = f"perhaps `unit: {suggestion}`" if suggestion else 'write `unit: ""` if it truly has none'
        report.warning(where, f"column {column.name} has no unit", fix, "tap")
    elif column.unit and expected and not _equivalent(column.unit, expected):
        message = f"the unit {column.unit} does not fit the UCD {column.ucd}, which is measured in {expected}"
        report.warning(where, message, "correct the unit or the UCD", "tap")


def _is_plain_number(ucd: str) -> bool:
    return ucd.startswith(("meta.", "src.class", "src.redshift", "stat.snr", "stat.fit", "arith.", "stat.prob"))


def _expected(ucd: str) -> str | None:
    """The unit of the quantity a UCD names, also behind ``stat.error``."""
    words = ucd.split(";")
    word = words[1] if words[0].startswith("stat.error") and len(words) > 1 else words[0]
    return next((u for prefix, u in _EXPECTED.items() if word == prefix or word.startswith(f"{prefix}.")), None)


@cache
def _equivalent(left: str, right: str) -> bool:
    return bool(units.Unit(left).is_equivalent(units.Unit(right)))
