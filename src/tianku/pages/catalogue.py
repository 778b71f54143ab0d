"""The catalogue of data sets as its page shows it: groups by collection, facets as links."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from urllib.parse import urlencode

from django.http import QueryDict

from tianku.model.config.entry import Years
from tianku.model.text import Text
from tianku.pages.ports.cards import CollectionCard, DatasetCard, Link
from tianku.usecases.datasets import FACETS, Entry, Found, Value, Wanted

#: characters of a search that count, and values that may be chosen of one facet
WORDS, CHOICES = 200, 50
#: values of a facet that are shown before the rest is folded away
SHOWN = 8
_LABELS = {
    "type": Text(en="Kind of data", zh="数据类型"),
    "waveband": Text(en="Waveband", zh="波段"),
    "facility": Text(en="Facility", zh="设备"),
    "years": Text(en="Years of observation", zh="观测年代"),
    "access": Text(en="Access", zh="访问权限"),
}


@dataclass(frozen=True, slots=True)
class EntryView:
    """A data set in the catalogue."""

    card: DatasetCard
    types: tuple[str, ...]
    wavebands: tuple[str, ...]
    facility: str
    years: str
    links: tuple[Link, ...]


@dataclass(frozen=True, slots=True)
class Group:
    """A collection with those of its data sets that were found."""

    collection: CollectionCard
    entries: tuple[EntryView, ...]

    @property
    def shown(self) -> CollectionCard:
        """The collection as if it had only what was found."""
        return replace(self.collection, datasets=tuple(entry.card for entry in self.entries))

    @property
    def counted(self) -> bool:
        """Whether there is anything to count or date in a table of releases."""
        return any(not entry.card.metadata_only or entry.card.released for entry in self.entries)

    @property
    def types(self) -> tuple[str, ...]:
        """Kinds of data of all entries, each once."""
        return tuple(dict.fromkeys(kind for entry in self.entries for kind in entry.types))

    @property
    def wavebands(self) -> tuple[str, ...]:
        """Wavebands of all entries, each once."""
        return tuple(dict.fromkeys(band for entry in self.entries for band in entry.wavebands))


@dataclass(frozen=True, slots=True)
class Choice:
    """A value of a facet as a link that chooses it, or no longer does."""

    value: str
    count: int
    chosen: bool
    query: str


@dataclass(frozen=True, slots=True)
class Facet:
    """A facet with its values; `rest` is folded away."""

    name: str
    label: Text
    choices: tuple[Choice, ...]

    @property
    def first(self) -> tuple[Choice, ...]:
        """What is shown at once."""
        return self.choices[:SHOWN]

    @property
    def rest(self) -> tuple[Choice, ...]:
        """What is folded away."""
        return self.choices[SHOWN:]

    @property
    def rest_chosen(self) -> bool:
        """Whether something folded away is chosen."""
        return any(choice.chosen for choice in self.rest)


@dataclass(frozen=True, slots=True)
class CatalogueView:
    """What was found, of how many."""

    groups: tuple[Group, ...]
    facets: Mapping[str, Sequence[Value]]
    found: int
    total: int


def wanted_of(query: QueryDict) -> Wanted:
    """Return what the address of the page asks for."""
    chosen = {name: frozenset(value for value in query.getlist(name)[:CHOICES] if value) for name in FACETS}
    return Wanted(query.get("q", "").strip()[:WORDS], chosen)


def facets(found: Mapping[str, Sequence[Value]], wanted: Wanted) -> list[Facet]:
    """Return the facets that have anything to choose."""
    made = [
        Facet(name, _LABELS[name], tuple(_choice(name, one, wanted) for one in values))
        for name, values in found.items()
    ]
    return [facet for facet in made if facet.choices]


def _choice(name: str, one: Value, wanted: Wanted) -> Choice:
    chosen = wanted.chosen.get(name, frozenset()) ^ {one.value}
    return Choice(one.value, one.count, one.chosen, query_of(replace_choice(wanted, name, chosen)))


def replace_choice(wanted: Wanted, facet: str, chosen: frozenset[str]) -> Wanted:
    """Return `wanted` with `chosen` of one facet."""
    return replace(wanted, chosen={**wanted.chosen, facet: chosen})


def query_of(wanted: Wanted) -> str:
    """Return the query string that asks for `wanted`."""
    pairs = [("q", wanted.words)] if wanted.words else []
    pairs += [(name, value) for name, values in wanted.chosen.items() for value in sorted(values)]
    return "?" + urlencode(pairs)


def catalogue_view(
    found: Found, cards: Mapping[str, DatasetCard], collections: Sequence[CollectionCard]
) -> CatalogueView:
    """Return what was found by collection, newest data sets first, as other lists have them."""
    by_name = {collection.id: collection for collection in collections}
    groups = groupby(found.entries, lambda entry: entry.dataset.config.collection)
    return CatalogueView(
        tuple(Group(by_name[name], tuple(_entry(cards, e) for e in members)[::-1]) for name, members in groups),
        found.facets,
        len(found.entries),
        found.total,
    )


def _entry(cards: Mapping[str, DatasetCard], entry: Entry) -> EntryView:
    links = entry.dataset.config.links or entry.dataset.collection.links
    return EntryView(
        card=cards[entry.id],
        types=entry.values["type"],
        wavebands=entry.values["waveband"],
        facility=", ".join(entry.values["facility"]),
        years=span(entry.years),
        links=tuple(Link(link.title, link.url) for link in links),
    )


def span(years: Years | None) -> str:
    """Return years as people write them."""
    if years is None:
        return ""
    return str(years.first) if years.last == years.first else f"{years.first}–{years.last or ''}"
