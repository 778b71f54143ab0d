"""Reading a request's body: bounded in size and in patience, holding no thread while it waits."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import tempfile
import time
from collections.abc import AsyncIterator
from typing import IO

from starlette.types import Message, Receive

from tianku.http.pools import Pool
from tianku.model.errors import LimitError, UsageError

#: seconds without a byte after which a body is given up
IDLE_SECONDS = 20.0
#: bytes per second a body must keep, once `GRACE_SECONDS` have passed
LEAST_RATE = 1000.0
GRACE_SECONDS = 20.0
#: bytes and seconds that the rest of a refused body is read for
DRAINED = 64 << 20
DRAIN_SECONDS = 5.0
#: bodies up to this length stay in memory
IN_MEMORY = 1 << 20


class SlowBodyError(UsageError):
    """The body came too slowly; the connection is of no more use."""

    status = 408


class BoundedBody:
    """A `receive` that refuses bodies that are too long, too slow or broken off.

    Parameters
    ----------
    receive
        The server's.
    limit
        Bytes.
    declared
        The Content-Length, if any; a body that says it is too long is read, but not kept.
    """

    def __init__(self, receive: Receive, limit: int, declared: str | None = None) -> None:
        self._receive, self._limit = receive, limit
        self._read = 0
        self._began = time.monotonic()
        self._refused = declared is not None and declared.isdigit() and int(declared[:18]) > limit

    async def __call__(self) -> Message:
        """Return the next message; a disconnect before the body's end is an error."""
        if self._refused:
            raise await self._too_long(more=True)
        try:
            async with asyncio.timeout(IDLE_SECONDS):
                message = await self._receive()
        except TimeoutError as error:
            raise self._too_slow() from error
        if message["type"] == "http.disconnect":
            raise SlowBodyError("http.body_incomplete", "The connection closed before the request's body ended.")
        self._read += len(message.get("body", b""))
        if self._read > self._limit:
            raise await self._too_long(more=message.get("more_body", False))
        elapsed = time.monotonic() - self._began
        if message.get("more_body") and elapsed > GRACE_SECONDS and self._read < LEAST_RATE * elapsed:
            raise self._too_slow()
        return message

    async def _too_long(self, *, more: bool) -> LimitError:
        """Return the error, after a while of reading on: a client that still sends would not see the answer."""
        left = DRAINED
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(DRAIN_SECONDS):
                while more and left > 0:
                    message = await self._receive()
                    left -= len(message.get("body", b""))
                    more = message.get("more_body", False)
        return LimitError(
            "http.body_too_long", "The request's body is longer than {limit} bytes.", limit=self._limit
        )

    def _too_slow(self) -> SlowBodyError:
        return SlowBodyError(
            "http.body_too_slow",
            "The request's body came too slowly: {read} bytes in {seconds} s.",
            read=self._read,
            seconds=round(time.monotonic() - self._began),
        )


async def pieces(receive: Receive) -> AsyncIterator[bytes]:
    """Yield the body's pieces."""
    more = True
    while more:
        message = await receive()
        more = message.get("more_body", False)
        if body := message.get("body", b""):
            yield body


async def read_body(receive: Receive) -> bytes:
    """Return the whole body; for bodies whose limit is small."""
    return b"".join([piece async for piece in pieces(receive)])


async def spool_body(receive: Receive, files: Pool) -> IO[bytes]:
    """Return the whole body as a file at its beginning; long ones go to disk, in `files`' threads."""
    spool: IO[bytes] = tempfile.SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115 - the caller closes it
    held: list[bytes] = []
    size = 0
    try:
        async for piece in pieces(receive):
            held.append(piece)
            size += len(piece)
            if size >= IN_MEMORY:
                await files.run(functools.partial(spool.write, b"".join(held)))
                held, size = [], 0
        spool.write(b"".join(held))
        spool.seek(0)
    except BaseException:
        spool.close()
        raise
    return spool
