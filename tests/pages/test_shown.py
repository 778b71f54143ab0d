"""What every page shows is made once per audience, and anew when anything changes."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.centre import CLOSED, OPEN, FakeCentre
from tianku.model.access import ANONYMOUS, Level, Principal
from tianku.model.errors import NotFoundError
from tianku.pages.shown import Shown, ShownCache, make_shown
from tianku.usecases.picture import Picture
from tianku.usecases.viewer import Viewer

MEMBER = Principal(user="li", groups=frozenset({"team"}))
STRANGER = Principal(user="wang", groups=frozenset({"nobody"}))
OPERATOR = Principal(user="root", operator=True)
OPENS = 2_000_000_000.0


@pytest.fixture
def centre(tmp_path: Path) -> Iterator[FakeCentre]:
    """An open and a closed data set."""
    one = FakeCentre(tmp_path, closed=True)
    yield one
    one.close()


@pytest.fixture
def picture(centre: FakeCentre) -> Picture:
    """The small centre's picture; its closed data set is for the team, and for all from `OPENS` on."""
    found = centre.picture()
    closed = found.datasets[CLOSED]
    rule = dataclasses.replace(
        closed.rule,
        who=dict.fromkeys(Level, frozenset({"group:team"})),
        public_from=dict.fromkeys(Level, OPENS),
    )
    tables = {name: dataclasses.replace(table, rule=rule) for name, table in closed.tables.items()}
    changed = dataclasses.replace(closed, rule=rule, tables=tables)
    return dataclasses.replace(found, datasets={**found.datasets, CLOSED: changed})


@pytest.fixture
def made() -> list[Viewer]:
    """Viewers for whom something was made."""
    return []


@pytest.fixture
def cache(centre: FakeCentre, made: list[Viewer]) -> ShownCache:
    """A cache that says in `made` what it had to make."""

    def make(viewer: Viewer) -> Shown:
        made.append(viewer)
        return make_shown(centre, viewer)  # type: ignore[arg-type] # a centre without ingest and state

    return ShownCache(make)


def test_people_whom_no_rule_tells_apart_share_one_view(
    cache: ShownCache, picture: Picture, made: list[Viewer]
) -> None:
    first = cache.get(Viewer(picture, ANONYMOUS, 1.0))
    assert cache.get(Viewer(picture, STRANGER, 2.0)) is first
    assert list(first.datasets) == [OPEN]
    for principal in (MEMBER, OPERATOR):
        assert list(cache.get(Viewer(picture, principal, 3.0)).datasets) == [CLOSED, OPEN]
    assert len(made) == 3


def test_a_release_is_shown_from_its_instant_on(cache: ShownCache, picture: Picture) -> None:
    assert CLOSED not in cache.get(Viewer(picture, ANONYMOUS, OPENS - 0.001)).datasets
    assert CLOSED in cache.get(Viewer(picture, ANONYMOUS, OPENS)).datasets
    assert CLOSED not in cache.get(Viewer(picture, ANONYMOUS, OPENS - 0.001)).datasets


def test_a_new_generation_is_shown_at_once(cache: ShownCache, picture: Picture, made: list[Viewer]) -> None:
    cache.get(Viewer(picture, ANONYMOUS, 1.0))
    emptied = dataclasses.replace(picture, generation=picture.generation + 1, datasets={})
    assert cache.get(Viewer(emptied, ANONYMOUS, 1.0)).site.numbers.datasets == 0
    assert len(made) == 2


def test_collections_hold_what_may_be_known(cache: ShownCache, picture: Picture) -> None:
    shown = cache.get(Viewer(picture, ANONYMOUS, 1.0))
    collection = shown.collection("sky")
    assert collection.only is not None
    assert collection.only.id == OPEN
    assert shown.site.numbers == collection.numbers
    with pytest.raises(NotFoundError):
        shown.collection("secret")
