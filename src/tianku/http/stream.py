"""The only streaming response: it notices a client that leaves, and always releases its source."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from tianku.engines.base import Cancellation
from tianku.http.pools import Pool, Pools
from tianku.http.source import CHUNK, Pull, Source
from tianku.model.errors import FatalError, TiankuError

log = logging.getLogger(__name__)

#: chunks made ahead of the reader: a small answer frees its engine however slow the reader is
READ_AHEAD = 4
#: a reader that takes no chunk for so long is dropped (9 kB/s at 1 MiB)
STALL_SECONDS = 120.0


class BrokenStreamError(Exception):
    """An answer failed after its head was sent; the connection is cut, so that nobody takes it for whole."""


@dataclass(slots=True)
class Gauges:
    """What ``/metrics`` shows of streams."""

    open: int = 0
    broken: int = 0
    abandoned: int = 0


@dataclass(frozen=True, slots=True)
class Reply:
    """What a thread made of a request: the head of the answer and the source of its body."""

    source: Source
    media_type: str
    headers: Mapping[str, str] = field(default_factory=dict)
    status: int = 200
    length: int | None = None


class _Opening:
    """Runs an opener in a thread and keeps its reply from leaking when nobody waits for it any more."""

    def __init__(self, opener: Callable[[Cancellation], Reply]) -> None:
        self._opener = opener
        self.cancellation = Cancellation()

    def run(self) -> tuple[Reply, Pull, bytes]:
        reply = self._opener(self.cancellation)
        pull = Pull(reply.source)
        self.cancellation.attach(reply.source.cancel)
        if self.cancellation.cancelled:
            pull.stop()
        return reply, pull, pull.take(least=CHUNK, patience=0.05)

    def abandon(self, task: asyncio.Future[tuple[Reply, Pull, bytes]], closing: Pool) -> None:
        """Stop the work; release the reply whenever it arrives."""
        self.cancellation.cancel()

        def release(done: asyncio.Future[tuple[Reply, Pull, bytes]]) -> None:
            if not done.cancelled() and done.exception() is None:
                _in_background(closing, done.result()[1])

        task.add_done_callback(release)


def _in_background(closing: Pool, pull: Pull) -> None:
    if not pull.released:
        task = asyncio.ensure_future(closing.run(pull.stop))
        _background.add(task)
        task.add_done_callback(_background.discard)


_background: set[asyncio.Future[None]] = set()


async def settle() -> None:
    """Wait until every source that was let go is closed; at shutdown."""
    while _background:
        await asyncio.wait(set(_background))


async def disconnected(receive: Receive) -> None:
    """Return when the client has left."""
    while (await receive())["type"] != "http.disconnect":
        pass


class ClientLeftError(Exception):
    """The client left before its answer began; there is nobody to tell."""


async def stream(
    receive: Receive, pools: Pools, pool: Pool, gauges: Gauges, opener: Callable[[Cancellation], Reply]
) -> Response:
    """Open an answer in a thread of `pool` and return the response that streams it.

    The opener and the first chunk share one crossing, so an error before the first chunk is
    still an error to the client, and a small answer has released everything before the
    first byte leaves.

    Raises
    ------
    ClientLeftError
        The client left meanwhile; the work was interrupted.
    TiankuError
        Whatever `opener` or the first chunk raised.
    """
    opening = _Opening(opener)
    work = asyncio.ensure_future(pool.run(opening.run))
    leaving = asyncio.ensure_future(disconnected(receive))
    gauges.open += 1
    try:
        await asyncio.wait({work, leaving}, return_when=asyncio.FIRST_COMPLETED)
        if not work.done():
            raise ClientLeftError
        reply, pull, first = work.result()
    finally:
        leaving.cancel()
        gauges.open -= 1
        if not work.done():
            gauges.abandoned += 1
            opening.abandon(work, pools.closing)
    return StreamResponse(reply, pull, first, pools, pool, gauges)


class StreamResponse(Response):
    """An ASGI response over a `Pull`, with its first chunk already taken."""

    def __init__(self, reply: Reply, pull: Pull, first: bytes, pools: Pools, pool: Pool, gauges: Gauges) -> None:
        self._pull, self._first = pull, first
        self._closing, self._pool, self._gauges = pools.closing, pool, gauges
        self.status_code = reply.status
        self.media_type = reply.media_type
        self.background = None
        self.init_headers(dict(reply.headers))
        length = len(first) if pull.finished and reply.length is None else reply.length
        if length is not None:
            self.headers["content-length"] = str(length)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send head, first chunk and the rest; release the source on every way out."""
        self._gauges.open += 1
        try:
            await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
            if scope["method"] == "HEAD":
                await send({"type": "http.response.body", "body": b""})
            elif self._pull.finished:
                await send({"type": "http.response.body", "body": self._first})
            else:
                await self._relay(receive, send)
        finally:
            self._gauges.open -= 1
            _in_background(self._closing, self._pull)

    async def _relay(self, receive: Receive, send: Send) -> None:
        chunks: asyncio.Queue[bytes | BaseException] = asyncio.Queue(READ_AHEAD)
        leaving = asyncio.ensure_future(disconnected(receive))
        pump = asyncio.ensure_future(self._pump(chunks))
        sending = asyncio.ensure_future(self._send(chunks, send))
        try:
            await asyncio.wait({leaving, sending}, return_when=asyncio.FIRST_COMPLETED)
            if sending.done():
                sending.result()
            else:
                self._gauges.abandoned += 1
        finally:
            for task in (leaving, pump, sending):
                task.cancel()

    async def _pump(self, chunks: asyncio.Queue[bytes | BaseException]) -> None:
        """Fill the queue; b"" ends it, an exception breaks it."""
        await chunks.put(self._first)
        self._first = b""
        while not self._pull.finished:
            try:
                chunk = await self._pool.run(self._pull.take)
            except Exception as error:
                await chunks.put(error)
                return
            if chunk:
                await chunks.put(chunk)
        await chunks.put(b"")

    async def _send(self, chunks: asyncio.Queue[bytes | BaseException], send: Send) -> None:
        while True:
            chunk = await chunks.get()
            if isinstance(chunk, BaseException):
                raise self._broken(chunk)
            try:
                async with asyncio.timeout(STALL_SECONDS):
                    await send({"type": "http.response.body", "body": chunk, "more_body": bool(chunk)})
            except TimeoutError as error:
                self._gauges.abandoned += 1
                raise BrokenStreamError(f"the reader took nothing for {STALL_SECONDS:.0f} s") from error
            if not chunk:
                return

    def _broken(self, error: BaseException) -> BrokenStreamError:
        self._gauges.broken += 1
        if isinstance(error, FatalError) or not isinstance(error, TiankuError):
            log.error("a stream broke", exc_info=error)
        return BrokenStreamError(str(error))
