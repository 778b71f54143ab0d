"""Waiting for jobs to change, without a thread: one look at the state database for all who wait."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from dataclasses import dataclass, field

from starlette.types import Receive

from tianku.http.pools import Pools
from tianku.http.stream import disconnected
from tianku.state import repositories

log = logging.getLogger(__name__)

#: seconds that a request is kept waiting at most, whatever it asks for
LONGEST = 50.0
#: pauses between looks, by the seconds that the newest waiter has waited
_PAUSES = ((2.0, 0.02), (20.0, 0.1), (float("inf"), 0.5))


@dataclass(eq=False, slots=True)
class _Waiter:
    job: str
    phase: str
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    since: float = field(default_factory=time.monotonic)


class JobWatch:
    """Tells who waits for a job that its phase is another one, whichever process changed it."""

    def __init__(self, pools: Pools) -> None:
        self._pools = pools
        self._waiters: set[_Waiter] = set()
        self._looking: asyncio.Task[None] | None = None
        self._released = False

    async def changed(self, job: str, phase: str, seconds: float) -> None:
        """Return once the job is not in `phase` any more, or after `seconds` (`LONGEST` at most)."""
        if self._released:
            return
        waiter = _Waiter(job, phase)
        self._waiters.add(waiter)
        if self._looking is None or self._looking.done():
            self._looking = asyncio.create_task(self._look())
        try:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(min(seconds, LONGEST)):
                    await waiter.changed.wait()
        finally:
            self._waiters.discard(waiter)

    async def changed_for(self, receive: Receive, job: str, phase: str, seconds: float) -> None:
        """Do as `changed`, and return as soon as the client has left."""
        waiting = asyncio.ensure_future(self.changed(job, phase, seconds))
        leaving = asyncio.ensure_future(disconnected(receive))
        try:
            await asyncio.wait({waiting, leaving}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            waiting.cancel()
            leaving.cancel()

    def release(self) -> None:
        """Let everybody go on, and nobody wait any more; when the server stops."""
        self._released = True
        for waiter in self._waiters:
            waiter.changed.set()

    async def _look(self) -> None:
        while self._waiters:
            jobs = sorted({waiter.job for waiter in self._waiters})
            try:
                phases = await self._pools.state.run(lambda jobs=jobs: _phases(jobs))  # type: ignore[misc]
            except Exception:  # the state database is away: those who wait find out by their own look
                log.exception("jobs cannot be watched")
                return
            for waiter in self._waiters:
                if phases.get(waiter.job) != waiter.phase:
                    waiter.changed.set()
            await asyncio.sleep(self._pause())

    def _pause(self) -> float:
        newest = max((waiter.since for waiter in self._waiters), default=0.0)
        waited = time.monotonic() - newest
        return next(pause for limit, pause in _PAUSES if waited < limit)


def _phases(jobs: list[str]) -> dict[str, str]:
    with repositories.session():
        return dict(repositories.job_phases(jobs))
