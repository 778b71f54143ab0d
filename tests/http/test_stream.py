"""The streaming response: order, early release, clients that leave, sources that break."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tests.support.asgi import Client, scope
from tianku.engines.base import Cancellation
from tianku.http import stream as module
from tianku.http.pools import Pools
from tianku.http.source import CHUNK, Source
from tianku.http.stream import BrokenStreamError, ClientLeftError, Gauges, Reply, settle, stream
from tianku.model.errors import UsageError

PIECE = b"x" * CHUNK


class Watched:
    """A source that records what happens to it; blocks after `before` pieces until cancelled."""

    def __init__(self, pieces: int, *, block_after: int | None = None, fail_after: int | None = None) -> None:
        self.pieces, self.block_after, self.fail_after = pieces, block_after, fail_after
        self.cancelled = threading.Event()
        self.closed = threading.Event()
        self.made = 0

    def __iter__(self) -> Iterator[bytes]:
        for i in range(self.pieces):
            if i == self.block_after:
                self.cancelled.wait(20)
                raise UsageError("query.cancelled", "cancelled")
            if i == self.fail_after:
                raise RuntimeError("disk on fire")
            self.made += 1
            yield PIECE

    def source(self) -> Source:
        return Source(iter(self), self.cancelled.set, self.closed.set)


@contextmanager
def pools() -> Iterator[Pools]:
    made = Pools(2)
    try:
        yield made
    finally:
        made.close()


async def serve(source: Any, client: Client, gauges: Gauges, made: Pools) -> None:
    opener = source if callable(source) else lambda _: Reply(source.source(), "text/plain")
    response = await stream(client.receive, made, made.engine, gauges, opener)
    await response(scope("GET", "/"), client.receive, client.send)


def run(source: Any, drive: Any = None, client: Client | None = None) -> tuple[Client, Gauges]:
    """Serve `source`; `drive(client)` acts as the client meanwhile."""

    async def main() -> tuple[Client, Gauges]:
        asked, gauges = client or Client(), Gauges()
        with pools() as made:
            serving = asyncio.ensure_future(serve(source, asked, gauges, made))
            if drive is not None:
                await drive(asked)
            try:
                await asyncio.wait_for(serving, 10)
            finally:
                await settle()
        return asked, gauges

    return asyncio.run(main())


def test_a_whole_answer_arrives_in_order_and_the_source_is_closed() -> None:
    watched = Watched(7)
    client, gauges = run(watched)
    assert client.answer.complete and len(client.answer.body) == 7 * CHUNK
    assert "content-length" not in client.answer.headers
    assert min(client.answer.chunks[:-1]) >= CHUNK
    assert watched.closed.is_set() and not watched.cancelled.is_set()
    assert (gauges.open, gauges.abandoned, gauges.broken) == (0, 0, 0)


def test_a_small_answer_has_a_length_and_releases_its_source_before_the_first_byte() -> None:
    closed = threading.Event()

    async def drive(client: Client) -> None:
        client.reading.clear()
        await asyncio.to_thread(closed.wait, 5)
        assert closed.is_set() and not client.answer.status
        client.reading.set()

    client, _ = run(lambda _: Reply(Source([b"a", b"", b"b"], close=closed.set), "text/plain"), drive)
    assert client.answer.headers["content-length"] == "2" and client.answer.body == b"ab"


def test_a_slow_reader_of_a_medium_answer_does_not_hold_the_source() -> None:
    watched = Watched(1 + module.READ_AHEAD)

    async def drive(client: Client) -> None:
        while not client.answer.status:
            await asyncio.sleep(0.001)
        client.reading.clear()
        assert await asyncio.to_thread(watched.closed.wait, 5)
        client.reading.set()

    client, _ = run(watched, drive)
    assert len(client.answer.body) == (1 + module.READ_AHEAD) * CHUNK


def test_memory_of_a_stalled_reader_is_bounded() -> None:
    watched = Watched(100)

    async def drive(client: Client) -> None:
        while not client.answer.status:
            await asyncio.sleep(0.001)
        client.reading.clear()
        await asyncio.sleep(0.2)
        made = watched.made
        await asyncio.sleep(0.2)
        assert watched.made == made <= len(client.answer.chunks) + module.READ_AHEAD + 3
        client.leave.set()

    _, gauges = run(watched, drive)
    assert watched.closed.is_set() and gauges.abandoned == 1


@pytest.mark.parametrize("block_after", [0, 1, 3])
def test_a_client_that_leaves_cancels_and_closes_the_source(block_after: int) -> None:
    watched = Watched(50, block_after=block_after)

    async def drive(client: Client) -> None:
        await asyncio.sleep(0.15)
        client.leave.set()

    began = time.monotonic()
    try:
        _, gauges = run(watched, drive)
        assert gauges.abandoned == 1 and gauges.open == 0
    except ClientLeftError:
        assert block_after == 0
    assert watched.cancelled.is_set() or watched.closed.is_set()
    assert watched.closed.wait(1)
    assert time.monotonic() - began < 2


def test_a_client_that_leaves_while_the_answer_is_opened_cancels_the_opening() -> None:
    seen = threading.Event()

    def opener(cancellation: Cancellation) -> Reply:
        cancellation.attach(seen.set)
        assert seen.wait(10)
        raise UsageError("query.cancelled", "cancelled")

    async def drive(client: Client) -> None:
        await asyncio.sleep(0.05)
        client.leave.set()

    with pytest.raises(ClientLeftError):
        run(opener, drive)
    assert seen.is_set()


def test_an_answer_that_is_opened_after_its_client_left_is_closed() -> None:
    watched, go = Watched(3), threading.Event()

    def opener(_: Cancellation) -> Reply:
        go.wait(10)
        return Reply(watched.source(), "text/plain")

    async def drive(client: Client) -> None:
        client.leave.set()
        await asyncio.sleep(0.1)
        go.set()
        await asyncio.to_thread(watched.closed.wait, 5)

    with pytest.raises(ClientLeftError):
        run(opener, drive)
    assert watched.closed.is_set()


def test_an_error_before_the_first_chunk_is_an_error_of_the_caller() -> None:
    def opener(_: Cancellation) -> Reply:
        raise UsageError("adql.syntax", "no such thing")

    with pytest.raises(UsageError, match="no such thing"):
        run(opener)
    watched = Watched(3, fail_after=0)
    with pytest.raises(RuntimeError, match="disk on fire"):
        run(watched)
    assert watched.closed.is_set()


def test_an_error_in_the_middle_breaks_the_connection_instead_of_ending_it() -> None:
    watched, client = Watched(10, fail_after=4), Client()
    with pytest.raises(BrokenStreamError, match="disk on fire"):
        run(watched, client=client)
    assert client.answer.status == 200 and not client.answer.complete
    assert watched.closed.is_set()


def test_a_reader_that_takes_nothing_is_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "STALL_SECONDS", 0.2)
    watched = Watched(100)

    async def drive(client: Client) -> None:
        while not client.answer.status:
            await asyncio.sleep(0.001)
        client.reading.clear()

    with pytest.raises(BrokenStreamError, match="took nothing"):
        run(watched, drive)
    assert watched.closed.is_set()


def test_interrupting_the_task_closes_the_source() -> None:
    watched = Watched(50, block_after=2)

    async def main() -> None:
        client = Client()
        with pools() as made:
            task = asyncio.ensure_future(serve(watched, client, Gauges(), made))
            await asyncio.sleep(0.1)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            await settle()

    asyncio.run(main())
    assert watched.cancelled.is_set() and watched.closed.is_set()


def test_head_sends_no_body_and_closes() -> None:
    watched = Watched(5)

    async def main() -> Client:
        client = Client()
        with pools() as made:
            response = await stream(
                client.receive, made, made.engine, Gauges(), lambda _: Reply(watched.source(), "text/plain")
            )
            await response(scope("HEAD", "/"), client.receive, client.send)
            await settle()
        return client

    client = asyncio.run(main())
    assert client.answer.complete and not client.answer.body and watched.closed.is_set()


def test_a_full_pool_says_busy() -> None:
    from tianku.http.pools import Pool
    from tianku.model.errors import TransientError

    async def main() -> None:
        pool, hold = Pool("small", 1, waiting=1), threading.Event()
        waiting = [asyncio.ensure_future(pool.run(hold.wait)) for _ in range(2)]
        await asyncio.sleep(0.05)
        with pytest.raises(TransientError) as caught:
            await pool.run(lambda: None)
        assert caught.value.code == "http.busy"
        hold.set()
        await asyncio.gather(*waiting)
        assert pool.pending == 0
        pool.close()

    asyncio.run(main())
