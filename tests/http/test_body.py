"""Bodies that stall, drip, break off or are too long."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.support.asgi import Client
from tianku.http import body
from tianku.http.body import BoundedBody, read_body, spool_body
from tianku.http.pools import Pool
from tianku.model.errors import LimitError


def read(client: Client, limit: int = 10_000, declared: str | None = None) -> bytes:
    async def main() -> bytes:
        return await read_body(BoundedBody(client.receive, limit, declared))

    return asyncio.run(main())


def test_a_body_is_read_whole() -> None:
    assert read(Client(pieces=[b"ab", b"", b"cd"])) == b"abcd"


def test_a_declared_length_is_refused_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(body, "DRAIN_SECONDS", 0.05)
    with pytest.raises(LimitError):
        read(Client(stalled=True), limit=10, declared="11")


def test_a_stalled_body_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(body, "IDLE_SECONDS", 0.05)
    with pytest.raises(body.SlowBodyError) as caught:
        read(Client(stalled=True))
    assert caught.value.code == "http.body_too_slow" and caught.value.status == 408


def test_a_dripping_body_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(body, "GRACE_SECONDS", 0.05)

    async def drip() -> dict[str, Any]:
        await asyncio.sleep(0.03)
        return {"type": "http.request", "body": b"x", "more_body": True}

    async def main() -> None:
        await read_body(BoundedBody(drip, 10_000))

    with pytest.raises(body.SlowBodyError):
        asyncio.run(main())


def test_a_body_that_breaks_off_is_an_error() -> None:
    client = Client(stalled=True)
    client.leave.set()
    with pytest.raises(body.SlowBodyError) as caught:
        read(client)
    assert caught.value.code == "http.body_incomplete"


@pytest.mark.parametrize("length", [0, 10, (3 << 20) + 7])
def test_spooled_bodies_are_files(length: int) -> None:
    content = bytes(range(256)) * (length // 256 + 1)
    pieces = [content[i : i + 65_536] for i in range(0, length, 65_536)]

    async def main() -> bytes:
        pool = Pool("files", 2)
        with await spool_body(Client(pieces=[*pieces, b""]).receive, pool) as spool:
            pool.close()
            return spool.read()

    assert asyncio.run(main()) == b"".join(pieces)
