"""Clients that leave a real server before, in, or while not reading an answer: nothing of theirs stays."""

from __future__ import annotations

from contextlib import ExitStack

import pytest

from tests.acceptance.conftest import Site
from tests.support.archive import LARGE
from tests.support.serving import Served, wait_until
from tests.support.slow import SlowReader, tap
from tests.support.web import fetch

#: no row of these comes before all pairs were looked at; ten million pairs at most run in the server itself
SILENT = {
    "cursors": "SELECT COUNT(*) AS n FROM hipparcos.main AS a, half_dr1.stars AS b WHERE POWER(a.ra, b.id) < -1",
    "child_queries": "SELECT COUNT(*) AS n FROM hipparcos.main AS a, hipparcos.main AS b WHERE a.ra + b.dec < -99",
}
ENDLESS = {
    "cursors": "SELECT a.hip, a.ra, b.id FROM hipparcos.main AS a, half_dr1.stars AS b",
    "child_queries": "SELECT a.hip, a.ra, b.dec FROM hipparcos.main AS a, hipparcos.main AS b",
}
FORMS = ("csv", "votable", "votable/td", "json", "parquet", "fits")


def reached(served: Served, gauge: str, value: int) -> bool:
    return wait_until(lambda: served.metrics()[gauge] >= value, 5, pause=0.005)


@pytest.mark.parametrize("form", ["csv", "fits"])
def test_leaving_before_the_first_batch(two_workers: Site, form: str) -> None:
    served = two_workers.served
    before = served.metrics()
    with SlowReader(two_workers.address, tap(SILENT["child_queries"], form)):
        assert reached(served, "child_queries", before["child_queries"] + 1)
    assert served.released(before) == {}
    assert served.metrics()["streams_abandoned_total"] == before["streams_abandoned_total"] + 1


@pytest.mark.parametrize("gauge", list(ENDLESS))
@pytest.mark.parametrize("form", FORMS[:4])
def test_leaving_in_mid_stream(two_workers: Site, gauge: str, form: str) -> None:
    served = two_workers.served
    before = served.metrics()
    with SlowReader(two_workers.address, tap(ENDLESS[gauge], form)) as reader:
        reader.read(50_000)
        assert served.metrics()[gauge] == before[gauge] + 1
    assert served.released(before) == {}


@pytest.mark.parametrize("gauge", list(ENDLESS))
def test_leaving_after_not_reading(two_workers: Site, gauge: str) -> None:
    """The answer fills every buffer on the way, so that its maker waits; then its reader is gone."""
    served = two_workers.served
    before = served.metrics()
    with SlowReader(two_workers.address, tap(ENDLESS[gauge])) as reader:
        reader.read(1)
        # nobody pulls once everything is full: the pools are at rest while the query is held
        assert wait_until(lambda: served.metrics()["pool_pending_long"] == 0, 10)
        assert served.metrics()[gauge] == before[gauge] + 1
    assert served.released(before) == {}


def test_leaving_downloads(two_workers: Site) -> None:
    served = two_workers.served
    asked = tap("SELECT obs_id FROM ivoa.obscore WHERE obs_publisher_did LIKE '%large/dr1%'")
    row = fetch(two_workers.address, asked).text.split()[-1]
    before = served.metrics()
    with ExitStack() as stack:
        readers = [SlowReader(two_workers.address, f"/download/{LARGE}/lrs/{row}") for _ in range(8)]
        for reader in readers:
            stack.enter_context(reader).read(1000)
        assert served.metrics()["streams_open"] == before["streams_open"] + len(readers)
        opened = served.metrics()["open_files"]
    assert served.released(before) == {}
    assert wait_until(lambda: served.metrics()["open_files"] <= opened - len(readers), 1)


def test_leaving_while_waiting_for_a_place(two_workers: Site) -> None:
    """Readers who do not read hold every child; who queues behind them and leaves is forgotten."""
    served = two_workers.served
    with ExitStack() as stack:
        query, readers = tap(ENDLESS["child_queries"]), 0
        while served.metrics()["child_queries"] < 2:
            stack.enter_context(SlowReader(two_workers.address, query))
            readers += 1
        before: dict[str, int] = {}

        def at_rest() -> bool:
            """Whether nobody fills buffers any more: what is pending are the readers without a child."""
            before.update(served.metrics())
            return before["pool_pending_long"] == readers - before["child_queries"]

        assert wait_until(at_rest, 10)
        with SlowReader(two_workers.address, query):
            assert reached(served, "pool_pending_long", before["pool_pending_long"] + 1)
        assert served.released(before) == {}


def test_crowds_that_leave_add_no_thread_child_or_file(two_workers: Site) -> None:
    """Pools grow to their size and no further; what grew with every crowd would never be equal twice."""
    served, before = two_workers.served, two_workers.served.metrics()

    def crowd() -> dict[str, int]:
        with ExitStack() as stack:
            for i in range(24):
                query = list(ENDLESS.values())[i % 2]
                stack.enter_context(SlowReader(two_workers.address, tap(query)))
        assert served.released(before, 10) == {}
        now = served.metrics()
        return {name: now[name] for name in ("threads", "children", "open_files")}

    counts = [crowd(), crowd()]
    while counts[-1] != counts[-2] and len(counts) < 12:
        counts.append(crowd())
    assert counts[-1] == counts[-2], counts
