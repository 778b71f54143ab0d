"""Guess what a column is from its name, its table and the unit its source gives."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cache

from astropy import units

from tianku.model.types import DataType
from tianku.model.vocabulary.rules import Meaning, name_rules, stop_words, unit_words
from tianku.model.vocabulary.ucds import ucd_problem
from tianku.model.vocabulary.units import is_vounit, normalise_unit

#: `mJy_err`, `e_mag`, `sigma_rv`, `rv_uncertainty`, `teff_err_low`
_ERROR = re.compile(
    r"(?:(?:e|err|error|sig|sigma|unc|std)_(?P<a>.+?)|(?P<b>.+?)_?(?:err(?:or)?s?|sigma|unc(?:ertainty)?|std|rms))"
    r"(?:_(?P<side>lo(?:w(?:er)?)?|hi(?:gh)?|up(?:per)?|neg|pos|1|2|minus|plus))?"
)
_INVERSE_VARIANCE = re.compile(r"(?:ivar|inverse_variance)_(?P<a>.+)|(?P<b>.+?)_?ivar")
_STATISTIC = re.compile(
    r"(?:(?P<p>min|max|mean|median|avg)_(?P<a>.+)|(?P<b>.+?)_(?P<s>min|max|mean|median|avg|lower|upper))"
)
_STATISTIC_WORD = {"avg": "mean", "lower": "min", "upper": "max"}
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
#: `flux (mJy)`, `period [days]`
_BRACKETED = re.compile(r"(?P<name>[^(\[]+?)\s*[(\[](?P<unit>[^)\]]*[A-Za-z%][^)\]]*)[)\]]")
#: most words of a name that are tried
_MAX_WORDS = 12


@dataclass(frozen=True, slots=True)
class Guess:
    """What a column seems to be. None: nothing is known; `unit` ``""``: a number without unit."""

    unit: str | None = None
    ucd: str | None = None
    description: str = ""


def fold(name: str, camel: bool = False) -> str:
    """Return `name` in lower case with every other sign turned to ``_``; `camel` splits ``totalCounts``."""
    text = _CAMEL.sub("_", name) if camel else name
    return re.sub(r"[^0-9a-z]+", "_", text.lower()).strip("_")


def guess_column(
    name: str, *, siblings: Iterable[str] = (), unit: str | None = None, type: DataType | None = None
) -> Guess:
    """Return unit, UCD and description for a column.

    Parameters
    ----------
    name, siblings
        Names as the source spells them, of the column and of its whole table.
    unit
        The source's own unit in any spelling; it wins, and rules that contradict it are passed over.
    type
        The column's type; truth values never get a unit.
    """
    others = frozenset(f for s in siblings for f in (fold(s), fold(s, camel=True)))
    bracketed = None if unit else _BRACKETED.fullmatch(name)
    if bracketed and normalise_unit(bracketed["unit"]).known:
        name, unit = bracketed["name"], bracketed["unit"]
    stated = normalise_unit(unit).vounit if unit else None
    meaning = _sensible(_of_name(name, others, stated or ""), type)
    if type is DataType.BOOLEAN:
        plain = meaning is not None and (meaning.ucd or "").startswith(("meta.", "src."))
        ucd = meaning.ucd if meaning and plain else "meta.code"
        return Guess("", ucd, meaning.description if meaning and plain else "")
    if meaning is None:
        return Guess(stated, None, "")
    text_only = type is DataType.STRING or type is DataType.TIMESTAMP
    own = stated if unit else meaning.unit
    return Guess("" if text_only and not unit else own, meaning.ucd or None, meaning.description)


def _sensible(meaning: Meaning | None, type: DataType | None) -> Meaning | None:
    """Drop what contradicts the type: a spectral type is no decimal number."""
    decimal = type in (DataType.FLOAT32, DataType.FLOAT64)
    refuted = meaning is not None and decimal and "src.spType" in (meaning.ucd or "")
    return None if refuted else meaning


def _of_name(name: str, siblings: frozenset[str], stated: str) -> Meaning | None:
    if not fold(name) or re.fullmatch(r"unnamed_*\d*(_level_\d+)?", fold(name)):
        return Meaning("", "meta.record", "Row number")
    spellings = dict.fromkeys((fold(name, camel=True), fold(name)))
    for spelling in spellings:
        found = _search(spelling, siblings, stated)
        if found is not None:
            return found
    ending = unit_words().get(fold(name).rpartition("_")[2])
    return Meaning(ending) if ending and "_" in fold(name) else None


def _search(name: str, siblings: frozenset[str], stated: str) -> Meaning | None:
    """The whole name, then its affixes, its end, general patterns, its beginning and its middle."""
    return (
        _ruled(name, siblings, stated, whole=True)
        or _derived(name, siblings, stated)
        or _with_unit_word(name, siblings)
        or _first(_endings(name), siblings, stated)
        or _ruled(name, siblings, stated, general=True)
        or _first(_inner(name), siblings, stated)
    )


def _ruled(
    name: str, siblings: frozenset[str], stated: str, *, whole: bool = False, general: bool = False
) -> Meaning | None:
    for rule in name_rules():
        if rule.general != general or (rule.whole and not whole):
            continue
        meaning = rule.meaning(name, siblings)
        if meaning is not None and _agrees(meaning.unit or "", stated):
            return meaning
    return None


def _first(names: Iterable[str], siblings: frozenset[str], stated: str) -> Meaning | None:
    return next((m for n in names if (m := _ruled(n, siblings, stated)) is not None), None)


def _endings(name: str) -> list[str]:
    words = name.split("_")[-_MAX_WORDS:]
    return ["_".join(words[i:]) for i in range(1, len(words))]


def _inner(name: str) -> list[str]:
    words = name.split("_")[:_MAX_WORDS]
    count = len(words)
    if words[-1] in stop_words():
        return []
    spans = [(size, i) for size in range(count - 1, 0, -1) for i in range(count - size)]
    return ["_".join(words[i : i + size]) for size, i in spans]


def _with_unit_word(name: str, siblings: frozenset[str]) -> Meaning | None:
    """``distance_pc``: the ending states the unit, the rest the quantity."""
    words = name.split("_")
    for size in (2, 1):
        unit = unit_words().get("_".join(words[-size:]))
        if unit is None or len(words) <= size:
            continue
        base = _search("_".join(words[:-size]), siblings, unit)
        if base is not None:
            return replace(base, unit=unit)
    return None


def _derived(name: str, siblings: frozenset[str], stated: str) -> Meaning | None:
    """Errors, inverse variances and statistics of another quantity."""
    if (found := _ERROR.fullmatch(name)) and (base := _search(_base(found), siblings, stated)):
        return Meaning(base.unit, _prefixed("stat.error", base), _about("Error of", base))
    if (found := _INVERSE_VARIANCE.fullmatch(name)) and (base := _search(_base(found), siblings, "")):
        return Meaning(_inverse_square(base.unit), "stat.weight", _about("Inverse variance of", base))
    if (found := _STATISTIC.fullmatch(name)) and (base := _search(_base(found), siblings, stated)):
        word = found["p"] or found["s"]
        ucd = f"{base.ucd};stat.{_STATISTIC_WORD.get(word, word)}" if base.ucd else None
        valid = ucd if ucd and ucd_problem(ucd) is None else base.ucd
        return Meaning(base.unit, valid, _about(f"{word.capitalize()} of", base))
    return None


def _base(found: re.Match[str]) -> str:
    return found["a"] or found["b"]


def _prefixed(word: str, base: Meaning) -> str:
    ucd = f"{word};{base.ucd}" if base.ucd else word
    return ucd if ucd_problem(ucd) is None else word


def _about(prefix: str, base: Meaning) -> str:
    text = base.description
    if not text:
        return ""
    return f"{prefix} {text if text[1:2].isupper() else text[:1].lower() + text[1:]}"


def _inverse_square(unit: str | None) -> str | None:
    if not unit:
        return unit
    squared = normalise_unit(f"({unit})**-2").vounit
    return squared if squared and is_vounit(squared) else None


@cache
def _agrees(guessed: str, stated: str) -> bool:
    """False when the source's unit measures something else than the guess."""
    if not (guessed and stated and is_vounit(guessed) and is_vounit(stated)):
        return True
    left, right = units.Unit(guessed), units.Unit(stated)
    return bool(left.is_equivalent(right))
