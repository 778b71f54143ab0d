"""The catalogue of data sets: what each is found by, and how many there are of each kind, for one viewer."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import get_args

from tianku.model.access import ANONYMOUS, Level
from tianku.model.config.entry import WAVEBANDS, DataType, Years
from tianku.model.text import Text
from tianku.usecases.picture import PublishedDataset, PublishedSet
from tianku.usecases.policy import decide
from tianku.usecases.viewer import Viewer

FACETS = ("type", "waveband", "facility", "years", "access")
#: orders in which values are listed; others follow by name
_ORDERS: dict[str, tuple[str, ...]] = {
    "type": get_args(DataType),
    "waveband": WAVEBANDS,
    "access": ("public", "granted", "restricted", "elsewhere"),
}


@dataclass(frozen=True, slots=True)
class Entry:
    """A data set in the catalogue; `values` by facet hold nothing that the viewer may not know."""

    dataset: PublishedDataset
    values: Mapping[str, tuple[str, ...]]
    years: Years | None
    #: data set or collection that it is part of
    parent: str | None
    #: all its texts, folded
    words: str

    @property
    def id(self) -> str:
        """The id of the data set."""
        return self.dataset.id


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is looked for: every word, and of each facet one of the values chosen."""

    words: str = ""
    chosen: Mapping[str, frozenset[str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Value:
    """A value of a facet, and how many data sets choosing it would show."""

    value: str
    count: int
    chosen: bool


@dataclass(frozen=True, slots=True)
class Found:
    """The data sets wanted, in order; `total` is the number of all there are."""

    entries: tuple[Entry, ...]
    facets: dict[str, tuple[Value, ...]]
    total: int


def entries(viewer: Viewer) -> list[Entry]:
    """Return the whole catalogue as the viewer may know it, in order of collection and release."""
    visible = viewer.picture.visible(viewer.principal, viewer.now)
    known = _names(visible)
    return [_entry(viewer, one, known) for one in visible]


def search(catalogue: Sequence[Entry], wanted: Wanted) -> Found:
    """Return what is wanted of `catalogue`.

    Counts of a facet's values are those with the choices of all other facets, as within one
    facet choices are alternatives.
    """
    words = folded(wanted.words).split()
    about = [entry for entry in catalogue if all(word in entry.words for word in words)]
    facets = {}
    for facet in FACETS:
        chosen = wanted.chosen.get(facet, frozenset())
        others = [entry for entry in about if _chosen(entry, wanted, without=facet)]
        counts = Counter(value for entry in others for value in entry.values[facet])
        listed = sorted({*counts, *chosen}, key=lambda value: _rank(facet, value), reverse=facet == "years")
        facets[facet] = tuple(Value(value, counts[value], value in chosen) for value in listed)
    found = tuple(entry for entry in about if _chosen(entry, wanted))
    return Found(found, facets, len(catalogue))


def folded(text: str) -> str:
    """Return `text` without case and compatibility forms, as searches compare it."""
    return unicodedata.normalize("NFKC", text).casefold()


def parent(viewer: Viewer, one: PublishedDataset) -> str | None:
    """Return the data set or collection that `one` is part of, if the viewer may know of it."""
    return _parent(one, _names(viewer.picture.visible(viewer.principal, viewer.now)))


def children(viewer: Viewer, one: PublishedDataset) -> list[PublishedDataset]:
    """Return the data sets that are part of `one`, as far as the viewer may know of them."""
    visible = viewer.picture.visible(viewer.principal, viewer.now)
    return [other for other in visible if other.config.parent == one.id and other.id != one.id]


def _names(visible: Iterable[PublishedDataset]) -> set[str]:
    return {name for one in visible for name in (one.id, one.config.collection)}


def _parent(one: PublishedDataset, known: set[str]) -> str | None:
    named = one.config.parent
    return named if named in known and named != one.id else None


def _chosen(entry: Entry, wanted: Wanted, without: str | None = None) -> bool:
    return all(
        not chosen or facet == without or not chosen.isdisjoint(entry.values.get(facet, ()))
        for facet, chosen in wanted.chosen.items()
    )


def _rank(facet: str, value: str) -> tuple[int, str]:
    order = _ORDERS.get(facet, ())
    return (order.index(value) if value in order else len(order)), value.casefold()


def _entry(viewer: Viewer, one: PublishedDataset, known: set[str]) -> Entry:
    config, collection = one.config, one.collection
    years = config.years or collection.years
    facility = config.facility or collection.facility
    values = {
        "type": tuple(_types(viewer, one)),
        "waveband": config.waveband or collection.waveband,
        "facility": (facility,) if facility else (),
        "years": tuple(_decades(years, viewer.now)) if years else (),
        "access": (_access(viewer, one),),
    }
    return Entry(one, values, years, _parent(one, known), folded(" ".join(_texts(one, values))))


def _types(viewer: Viewer, one: PublishedDataset) -> Iterator[str]:
    """What it holds, by its visible parts and by its own word, each once."""
    known = [part for part in one.owners() if decide(viewer.principal, part.rule, Level.EXISTENCE, viewer.now)]
    kinds = {part.manifest.type if isinstance(part, PublishedSet) else "catalogue" for part in known}
    yield from sorted(kinds | set(one.config.data_types), key=lambda kind: _rank("type", kind))


def _decades(years: Years, now: float) -> Iterator[str]:
    last = years.last or max(years.first, datetime.fromtimestamp(now, UTC).year)
    for decade in range(years.first // 10, last // 10 + 1):
        yield f"{decade}0–{decade}9"


def _access(viewer: Viewer, one: PublishedDataset) -> str:
    """How the data can be had: from everybody's point of view, then from the viewer's."""
    if one.config.kind == "metadata-only":
        return "elsewhere"
    if decide(ANONYMOUS, one.rule, Level.DATA, viewer.now):
        return "public"
    return "granted" if decide(viewer.principal, one.rule, Level.DATA, viewer.now) else "restricted"


def _texts(one: PublishedDataset, values: Mapping[str, tuple[str, ...]]) -> Iterator[str]:
    config, collection = one.config, one.collection
    yield one.id
    yield from _both(config.title, config.description, collection.title, collection.description)
    yield from (config.instrument or collection.instrument or "", *values["facility"], *values["waveband"])
    yield from config.keywords or collection.keywords


def _both(*texts: Text) -> Iterable[str]:
    for text in texts:
        yield text.en
        yield text.zh or ""
