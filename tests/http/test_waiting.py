"""Waiting for jobs holds no thread, ends with a change, with time, with the client and with the server."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from starlette.types import Message

from tests.support.state import empty_state
from tianku.http.pools import Pools
from tianku.http.waiting import JobWatch
from tianku.model.access import ANONYMOUS
from tianku.state import repositories as state


@pytest.fixture
def job(tmp_path: Path) -> Iterator[str]:
    with empty_state(tmp_path):
        made = state.create_job(
            "tap", ANONYMOUS, state.account_of(ANONYMOUS, "10.0.0.1"), parameters=[], base_url="http://here",
            duration=1, most_active=9, destruction=datetime(2100, 1, 1, tzinfo=UTC),
        )  # fmt: skip
        yield made.id


async def waiting(watch: JobWatch, job: str, count: int = 100) -> list[asyncio.Task[None]]:
    """Return tasks that wait for the job, which has been looked at meanwhile."""
    tasks = [asyncio.create_task(watch.changed(job, "PENDING", 30)) for _ in range(count)]
    await asyncio.sleep(0.1)
    assert not any(task.done() for task in tasks)
    return tasks


def test_one_look_tells_everybody(job: str) -> None:
    async def scene() -> None:
        pools = Pools(1)
        tasks = await waiting(JobWatch(pools), job)
        assert pools.state.pending <= 1, "a hundred wait in no thread"
        await asyncio.to_thread(state.abort_job, job)
        async with asyncio.timeout(5):
            await asyncio.gather(*tasks)
        pools.close()

    asyncio.run(scene())


def test_a_server_that_stops_lets_everybody_go(job: str) -> None:
    async def scene() -> None:
        watch = JobWatch(Pools(1))
        tasks = await waiting(watch, job)
        watch.release()
        async with asyncio.timeout(2):
            await asyncio.gather(*tasks)
            await watch.changed(job, "PENDING", 30)

    asyncio.run(scene())


def test_a_client_that_leaves_is_not_waited_for(job: str) -> None:
    async def leave() -> Message:
        await asyncio.sleep(0.05)
        return {"type": "http.disconnect"}

    began = time.monotonic()
    asyncio.run(JobWatch(Pools(1)).changed_for(leave, job, "PENDING", 30))
    assert time.monotonic() - began < 5
