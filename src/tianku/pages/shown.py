"""What every page shows of the published picture, kept per audience until anything changes."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from tianku import __version__
from tianku.model.access import Principal
from tianku.model.errors import NotFoundError
from tianku.pages.cards import collection_cards, dataset_card, total
from tianku.pages.ports.cards import CollectionCard, DatasetCard, SiteView
from tianku.usecases.datasets import Entry, entries
from tianku.usecases.picture import Picture
from tianku.usecases.policy import names
from tianku.usecases.viewer import Viewer

if TYPE_CHECKING:
    from tianku.usecases.centre import Centre

#: audiences kept: sets of groups that see the same
AUDIENCES = 64


@dataclass(frozen=True, slots=True)
class Shown:
    """All lists, for one audience at one generation."""

    site: SiteView
    datasets: dict[str, DatasetCard]
    entries: Sequence[Entry]

    def card(self, dataset: str) -> DatasetCard:
        """Return a dataset that is known to be visible."""
        return self.datasets[dataset]

    def collection(self, name: str) -> CollectionCard:
        """Return a collection, or raise `NotFoundError` ``collection.unknown``."""
        for one in self.site.collections:
            if one.id == name:
                return one
        raise NotFoundError("collection.unknown", "there is no collection {collection}", collection=name)


def make_shown(centre: Centre, viewer: Viewer) -> Shown:
    """Return what `viewer` sees of the whole installation."""
    site = centre.site
    cards = [dataset_card(viewer, d) for d in viewer.picture.visible(viewer.principal, viewer.now)]
    view = SiteView(
        title=site.title,
        publisher=site.publisher,
        acknowledgement=site.acknowledgement,
        numbers=total(card.numbers for card in cards),
        collections=collection_cards(viewer, cards),
        version=__version__,
        authority=site.authority,
        contact=site.contact,
    )
    return Shown(view, {card.id: card for card in cards}, entries(viewer))


class ShownCache:
    """Keeps `Shown` per audience of one picture.

    Two principals are one audience when the rules tell them apart nowhere; a rule changes with
    the generation or at an instant of `public_from`, so both are part of the key.
    """

    def __init__(self, make: Callable[[Viewer], Shown]) -> None:
        self._make = make
        self._one = lru_cache(maxsize=1)(_OnePicture)

    def get(self, viewer: Viewer) -> Shown:
        """Return what `viewer` sees."""
        return self._one(_Same(viewer.picture), self._make).get(viewer)


class _Same:
    """A picture as a key: equal when it is the very same."""

    def __init__(self, picture: Picture) -> None:
        self.picture = picture

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and other.picture is self.picture

    def __hash__(self) -> int:
        return id(self.picture)


class _OnePicture:
    def __init__(self, key: _Same, make: Callable[[Viewer], Shown]) -> None:
        rules = key.picture.rules().values()
        self._named = frozenset(entry for rule in rules for who in rule.who.values() for entry in who)
        self._instants = sorted(
            at for rule in rules for at in (*rule.public_from.values(), *rule.rows_from.values())
        )
        self._make = make
        self._kept: dict[tuple[frozenset[str], bool, int], Shown] = {}

    def get(self, viewer: Viewer) -> Shown:
        key = self._audience(viewer.principal, viewer.now)
        found = self._kept.get(key)
        if found is None:
            if len(self._kept) >= AUDIENCES:
                self._kept.clear()
            found = self._kept[key] = self._make(viewer)
        return found

    def _audience(self, principal: Principal, now: float) -> tuple[frozenset[str], bool, int]:
        return names(principal) & self._named, principal.operator, bisect_right(self._instants, now)
