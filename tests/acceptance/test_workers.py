"""Two workers: what an operator changes is seen by both at once, and streams over the old state end whole."""

from __future__ import annotations

import time
from collections.abc import Iterator

import numpy as np
import pytest

from tests.acceptance.conftest import Site
from tests.support.archive import CLOSED, GROUP, HALF, STARS, state_of
from tests.support.serving import wait_until
from tests.support.slow import SlowReader, tap
from tests.support.web import fetch
from tianku.model.access import Level, Rule
from tianku.state import repositories as state
from tianku.usecases.ingest import ingest_dataset
from tianku.usecases.publish import publish, remove, withdraw

#: pairs of rows, made on a cursor of the server, and more than it makes itself, made by a query child
STREAMS = {
    "short": "SELECT a.hip, a.ra, b.id FROM hipparcos.main AS a, half_dr1.stars AS b WHERE b.id < 9",
    "long": "SELECT TOP 1000000 a.hip, a.ra, b.id FROM hipparcos.main AS a, half_dr1.stars AS b, half_dr1.more",
}
GAUGES = {"short": "cursors", "long": "child_queries"}
SEEN_SECONDS = 2.0
PUBLIC, TEAM = frozenset({"public"}), frozenset({f"group:{GROUP}"})


@pytest.fixture
def changed(two_workers: Site) -> Iterator[Site]:
    """A site to change; afterwards everything is published as it was."""
    yield two_workers
    root = two_workers.archive.root
    with state_of(two_workers.archive):
        for dataset in (HALF, CLOSED, STARS):
            state.set_policy(dataset, None)
    publish(root, STARS, 1)
    assert seen(two_workers, tap("SELECT TOP 1 hip FROM hipparcos.main"), 200)


def seen(site: Site, path: str, status: int, account: str | None = None) -> bool:
    """Whether every worker answers `path` with `status` within two seconds."""
    headers = site.archive.headers(account)
    deadline = time.monotonic() + SEEN_SECONDS
    return all(
        wait_until(lambda w=worker: w.get(path, headers).status == status, deadline - time.monotonic())
        for worker in site.served.workers
    )


def revision(site: Site, wanted: int) -> bool:
    """Whether every worker serves this revision of the stars within two seconds."""
    path = f"/api/v1/datasets/{STARS}"
    text = f'"revision":{wanted},'
    deadline = time.monotonic() + SEEN_SECONDS
    return all(
        wait_until(lambda w=worker: text in w.get(path).text, deadline - time.monotonic())
        for worker in site.served.workers
    )


def facts(answer: bytes) -> tuple[int, int, int]:
    """Length, rows and sum of an answer whose order nobody promised."""
    return len(answer), answer.count(b"\n"), int(np.frombuffer(answer, np.uint8).sum(dtype=np.int64))


@pytest.mark.parametrize("lane", list(STREAMS))
def test_changes_are_seen_by_both_while_an_old_stream_ends_whole(changed: Site, lane: str) -> None:
    root, query = changed.archive.root, tap(STREAMS[lane])
    whole = fetch(changed.address, query).body
    one = tap("SELECT TOP 1 hip FROM hipparcos.main")
    fresh = ingest_dataset(root, STARS, force=True).revision
    before = changed.served.metrics()
    with SlowReader(changed.address, query) as reader:
        first = reader.read(100_000)
        publish(root, STARS, fresh)
        assert revision(changed, fresh)
        withdraw(root, STARS)
        assert seen(changed, one, 400)
        publish(root, STARS, fresh)
        assert seen(changed, one, 200)
        with state_of(changed.archive):
            state.set_policy(STARS, Rule(who={Level.EXISTENCE: PUBLIC, Level.METADATA: TEAM, Level.DATA: TEAM}))
        assert (
            seen(changed, one, 401) and seen(changed, one, 403, "outsider") and seen(changed, one, 200, "member")
        )
        assert changed.served.metrics()[GAUGES[lane]] == before[GAUGES[lane]] + 1
        rest = reader.read()
    assert facts(first + rest) == facts(whole)
    assert changed.served.released(before) == {}


def test_a_removed_snapshot_is_read_to_its_end(changed: Site) -> None:
    root, query = changed.archive.root, tap(STREAMS["long"])
    whole = fetch(changed.address, query).body
    second = ingest_dataset(root, STARS, force=True).revision
    publish(root, STARS, second)
    assert revision(changed, second)
    with SlowReader(changed.address, query) as reader:
        first = reader.read(100_000)
        publish(root, STARS, 1)
        assert revision(changed, 1)
        remove(root, STARS, second)
        assert facts(first + reader.read()) == facts(whole)
    assert not list((root / "data").glob(f"*/**/{STARS}@{second}"))


def test_hiding_and_opening_are_seen_by_both(changed: Site) -> None:
    landing, page = f"/api/v1/datasets/{HALF}", f"/data/{HALF}/"
    assert seen(changed, landing, 200) and seen(changed, page, 200)
    with state_of(changed.archive):
        state.set_policy(HALF, Rule(who={Level.EXISTENCE: TEAM}))
    assert seen(changed, landing, 404) and seen(changed, page, 404) and seen(changed, landing, 200, "member")
    rows = tap("SELECT TOP 1 id FROM secret_dr1.stars")
    assert seen(changed, rows, 401)
    with state_of(changed.archive):
        state.set_policy(CLOSED, Rule(who={Level.EXISTENCE: PUBLIC, Level.METADATA: PUBLIC, Level.DATA: PUBLIC}))
    assert seen(changed, rows, 200)
