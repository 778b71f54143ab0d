"""The rules of ``columns.yaml``, compiled."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from tianku.model.vocabulary.tables import load_table


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a rule says of a column; None where it says nothing."""

    unit: str | None = None
    ucd: str | None = None
    description: str = ""


@dataclass(frozen=True, slots=True)
class NameRule:
    """One line of ``columns.yaml``."""

    match: re.Pattern[str]
    unit: str
    ucd: str
    description: str
    whole: bool
    general: bool
    needs: frozenset[str]
    unless: frozenset[str]

    def meaning(self, name: str, siblings: frozenset[str]) -> Meaning | None:
        """Return what a folded `name` means in a table with columns `siblings`, if this rule applies."""
        found = self.match.fullmatch(name)
        others = siblings - {name}
        if found is None or (self.needs and not self.needs & others) or self.unless & others:
            return None
        words = _filled(found.groupdict())
        ucd = ";".join(w for w in self.ucd.format_map(words).split(";") if w)
        return Meaning(self.unit, ucd, " ".join(self.description.format_map(words).split()))


@cache
def name_rules() -> tuple[NameRule, ...]:
    """Return the rules in the order of the file."""
    return tuple(_compiled(entry) for entry in load_table("columns")["rules"])


def unit_words() -> Mapping[str, str]:
    """Return the endings of names that state a unit: ``kms`` -> ``km.s**-1``."""
    words: Mapping[str, str] = load_table("columns")["unit_words"]
    return words


@cache
def stop_words() -> frozenset[str]:
    """Return last words that make a name something other than what comes before them."""
    return frozenset(load_table("columns")["stop_words"])


def _compiled(entry: dict[str, Any]) -> NameRule:
    return NameRule(
        match=re.compile(entry["match"]),
        unit=entry["unit"],
        ucd=entry["ucd"],
        description=entry["description"],
        whole=bool(entry.get("whole", False)),
        general=r"\w" in entry["match"],
        needs=frozenset(entry.get("needs", ())),
        unless=frozenset(entry.get("unless_any", ())),
    )


def _filled(groups: Mapping[str, str | None]) -> Mapping[str, str]:
    """Merge ``band``, ``band2`` … into one word each, and add what it stands for."""
    merged: dict[str, str] = {}
    for name, value in groups.items():
        if value:
            merged.setdefault(name.rstrip("0123456789"), value)
    table = load_table("columns")
    words = {"band": "", "bandb": "", "axis": "", "line": "", "em": "", "emb": "", **merged}
    words["em"] = table["bands"].get(words["band"], "")
    words["emb"] = table["bands"].get(words["bandb"], "")
    if words["line"]:
        line = table["lines"][words["line"]]
        words |= {"em": line["em"], "line": line["name"]}
    if merged.get("coordinate") == "de":
        words["coordinate"] = "dec"
    return words
