"""Turn the unit spellings of real files into VOUnits 1.0, keeping what the source said."""

from __future__ import annotations

import re
import warnings
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from typing import Any

from astropy import units

from tianku.model.vocabulary.grammar import ParsedUnit, UnitSyntaxError, parse
from tianku.model.vocabulary.tables import load_table

#: logarithms: ``log(cm/s2)``, ``dex(cm s-2)``, ``[cm/s2]``, ``log10 K``
_LOGARITHM = re.compile(
    r"(?:(?:log|log10|dex|lg)\s*\((?P<a>.*)\)|(?:log10|log|lg|dex)\s+(?P<b>.+)|\[(?P<c>.+)\])", re.I
)
#: dates counted from an origin: ``BJD - 2454833, days``, ``MJD-50000``
_DATE = re.compile(r"\b([BHM]?JD)\b\s*(?:[-+]\s*\d+(?:\.\d+)?)?(?:\s*,?\s*\(?days?\)?)?", re.I)


@dataclass(frozen=True, slots=True)
class NormalisedUnit:
    """A unit as VOUnits, and how it was spelt.

    `vounit` is ``""`` for a number without unit and ``None`` when the spelling is not understood.
    A source value times `factor` is in `vounit`; `factor` is 1 unless VOUnits has no such unit.
    """

    vounit: str | None
    factor: float = 1.0
    note: str = ""
    original: str = ""

    @property
    def known(self) -> bool:
        """True when the spelling was understood."""
        return self.vounit is not None


@cache
def normalise_unit(text: str | None) -> NormalisedUnit:
    """Return the VOUnit that `text` means; never raises.

    Examples: ``km/s`` gives ``km.s**-1``, ``dex`` gives no unit with a note, ``nmgy`` gives ``Jy`` with a
    factor.
    """
    original = text or ""
    cleaned = " ".join(original.split())
    whole = load_table("units")["whole"]
    if cleaned.lower() in whole:
        return _from_entry(whole[cleaned.lower()], original)
    if found := _LOGARITHM.fullmatch(cleaned):
        return _logarithm(next(g for g in found.groups() if g is not None), original)
    if found := _DATE.fullmatch(cleaned):
        return NormalisedUnit("d", note=cleaned, original=original)
    try:
        return _compose(_as_meant(parse(re.sub(r"\be-(?![\d])", "electron", cleaned))), original)
    except UnitSyntaxError as error:
        return NormalisedUnit(None, note=str(error), original=original)


@cache
def is_vounit(text: str) -> bool:
    """True when `text` is a VOUnits string, deprecated units (erg, Angstrom) included."""
    if text == "":
        return True
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            unit = units.Unit(text, format="vounit", parse_strict="raise")
    except (ValueError, TypeError):
        return False
    return not isinstance(unit, units.UnrecognizedUnit)


def suggest_unit(text: str) -> str | None:
    """Return the VOUnit to write instead of `text`, or None when it is right or not understood."""
    if is_vounit(text):
        return None
    return normalise_unit(text).vounit


def same_unit(left: str, right: str) -> bool:
    """True when two VOUnits strings mean the same (``km/s`` and ``km.s**-1``)."""
    if left == right:
        return True
    if not (left and right and is_vounit(left) and is_vounit(right)):
        return False
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return bool(units.Unit(left, format="vounit") == units.Unit(right, format="vounit"))


def _from_entry(entry: Any, original: str) -> NormalisedUnit:
    if isinstance(entry, str):
        return NormalisedUnit(entry, original=original)
    return NormalisedUnit(entry["unit"], float(entry.get("factor", 1.0)), entry.get("note", ""), original)


def _logarithm(inside: str, original: str) -> NormalisedUnit:
    inner = normalise_unit(inside)
    if inner.vounit is None:
        return NormalisedUnit(None, note=inner.note, original=original)
    of = f" of a value in {inner.vounit}" if inner.vounit else ""
    return NormalisedUnit("", note=f"decimal logarithm{of}", original=original)


def _as_meant(parsed: ParsedUnit) -> ParsedUnit:
    """Undo two habits: whole units in capitals, and ``A`` for Angstrom in spectral densities."""
    words = parsed.words
    if all(w == w.upper() for w in words) and any(len(w) > 1 and not is_vounit(w) for w in words):
        exact = load_table("units")["exact"]
        words = {w if w in exact else w.lower(): p for w, p in words.items()}
    if words.get("A", 0) < 0 and words.keys() & {"erg", "ergs", "photon", "ph", "W", "count", "ct"}:
        words = {"Angstrom" if w == "A" else w: p for w, p in words.items()}
    return ParsedUnit(parsed.factor, parsed.exponent, words)


def _compose(parsed: ParsedUnit, original: str) -> NormalisedUnit:
    factor, notes = parsed.factor, []
    words: dict[str, Fraction] = {}
    for word, power in parsed.words.items():
        name, times, note = _word(word)
        if times != 1.0 and power.denominator != 1:
            raise UnitSyntaxError(f"a root of {word}")
        factor *= times ** int(power) if times != 1.0 else 1.0
        notes += [note] if note else []
        words[name] = words.get(name, Fraction(0)) + power
    if not any(words.values()):
        # a bare number: a scale without a unit
        return NormalisedUnit("", factor * 10.0**parsed.exponent, "; ".join(notes), original)
    result = _spell(words, parsed.exponent)
    if not is_vounit(result):
        raise UnitSyntaxError(f"{result} is no VOUnit")
    return NormalisedUnit(result, factor, "; ".join(notes), original)


def _word(word: str) -> tuple[str, float, str]:
    """Return (VOUnit word, factor, note) for one word of a unit."""
    table = load_table("units")
    if word in table["exact"]:
        return table["exact"][word], 1.0, ""
    if is_vounit(word):
        return word, 1.0, ""
    folded = word.lower()
    if folded in table["words"]:
        note = "electrons" if folded.startswith("electr") else ""
        return table["words"][folded], 1.0, note
    if entry := table["converted"].get(folded):
        return entry["unit"], float(entry["factor"]), entry["note"]
    if word != folded and is_vounit(folded):
        return folded, 1.0, ""
    raise UnitSyntaxError(f"{word!r} is no unit known here")


def _spell(words: dict[str, Fraction], exponent: int) -> str:
    """Write VOUnits: positive powers first, then in the order of the source."""
    ordered = sorted(((w, p) for w, p in words.items() if p), key=lambda item: item[1] < 0)
    text = ".".join(w if p == 1 else f"{w}**{_power(p)}" for w, p in ordered)
    return f"10**{exponent}{text}" if exponent else text


def _power(power: Fraction) -> str:
    return str(power.numerator) if power.denominator == 1 else f"({power.numerator}/{power.denominator})"
