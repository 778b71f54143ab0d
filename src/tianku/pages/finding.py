"""Finding datasets and tables by words, and recognising a place on the sky."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from tianku.pages.ports.cards import DatasetCard, TableCard

_NUMBER = r"[+-]?\d+(?:\.\d+)?"
_DEGREES = re.compile(rf"^\s*({_NUMBER})[\s,]+({_NUMBER})(?:[\s,]+(\d+(?:\.\d+)?))?\s*$")
_SEXAGESIMAL = re.compile(
    r"^\s*(\d{1,2})[:h\s]\s*(\d{1,2})[:m\s]\s*(\d{1,2}(?:\.\d+)?)s?[\s,]+"
    r"([+-]?)(\d{1,2})[:d°\s]\s*(\d{1,2})[:m'′\s]\s*(\d{1,2}(?:\.\d+)?)[s\"″]?\s*$"
)
#: Degrees, when a place comes without a radius.
DEFAULT_RADIUS = 0.1


@dataclass(frozen=True, slots=True)
class Place:
    """A cone on the sky, ICRS degrees."""

    ra: float
    dec: float
    radius: float = DEFAULT_RADIUS


@dataclass(frozen=True, slots=True)
class Found:
    """A dataset with those of its tables that match (all of them when it matches itself)."""

    dataset: DatasetCard
    tables: tuple[TableCard, ...]


def place(words: str) -> Place | None:
    """Read ``ra dec [radius]`` in degrees, or ``hh:mm:ss dd:mm:ss``; None for anything else."""
    if match := _DEGREES.match(words):
        ra, dec, radius = float(match[1]), float(match[2]), float(match[3] or DEFAULT_RADIUS)
    elif match := _SEXAGESIMAL.match(words):
        ra = 15 * (int(match[1]) + int(match[2]) / 60 + float(match[3]) / 3600)
        dec = int(match[5]) + int(match[6]) / 60 + float(match[7]) / 3600
        dec, radius = (-dec if match[4] == "-" else dec), DEFAULT_RADIUS
    else:
        return None
    inside = 0 <= ra < 360 and -90 <= dec <= 90 and 0 < radius <= 180
    return Place(round(ra, 7), round(dec, 7), radius) if inside else None


def tables_with_positions(cards: Sequence[DatasetCard]) -> list[Found]:
    """Return the tables that a cone can be asked of."""
    found = [Found(card, tuple(t for t in card.tables if t.has_position and t.access.rows)) for card in cards]
    return [one for one in found if one.tables]


def by_words(cards: Sequence[DatasetCard], words: str) -> list[Found]:
    """Return what holds every word, in names, titles, descriptions or columns, in any language."""
    wanted = words.lower().split()
    if not wanted:
        return []
    found = []
    for card in cards:
        own = _folded(
            card.id,
            card.title.en,
            card.title.zh,
            card.description.en,
            card.description.zh,
            card.collection_title.en,
            card.collection_title.zh,
        )
        matching = tuple(t for t in card.tables if _holds(own + _of_table(t), wanted))
        if _holds(own, wanted):
            found.append(Found(card, card.tables))
        elif matching:
            found.append(Found(card, matching))
    return found


def _of_table(table: TableCard) -> str:
    return _folded(
        table.name, table.title.en, table.title.zh, table.description.en, table.description.zh, table.words
    )


def _folded(*texts: str | None) -> str:
    return " ".join(text for text in texts if text).lower() + " "


def _holds(haystack: str, wanted: list[str]) -> bool:
    return all(word in haystack for word in wanted)
