"""The Django pages behind ASGI: bodies are read before a thread is taken, answers sent after it is free."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from typing import IO, Any
from urllib.parse import urlsplit
from wsgiref.types import WSGIApplication

from a2wsgi import WSGIMiddleware
from starlette.requests import Request
from starlette.types import Message, Receive, Scope, Send

from tianku.http.absolute import base_url, client_address
from tianku.http.body import IN_MEMORY, BoundedBody, spool_body
from tianku.http.context import Context
from tianku.http.errors import as_tianku, text_error
from tianku.model.errors import TiankuError

#: requests in Django at the same time
WORKERS = 32
#: bytes handed over at once
PIECE = 256 << 10
_UNSAFE = frozenset({"POST", "PUT", "PATCH", "DELETE"})


class PagesBridge:
    """An ASGI application around a WSGI one.

    A stalled upload or a slow reader costs a coroutine and a spool file, never one of the
    threads that everybody's pages need.
    """

    def __init__(self, application: WSGIApplication, context: Context) -> None:
        self._wsgi: Any = WSGIMiddleware(application, workers=WORKERS)  # type: ignore[arg-type]
        self._context = context

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            return
        request = Request(scope, receive)
        try:
            self._context.gate.check()
            body = await self._body(request)
        except TiankuError as error:
            await text_error(request, as_tianku(error))(scope, receive, send)
            return
        answer = _Answer()
        with body, answer.spool:
            await self._wsgi(self._seen(request, body), _replay(body), answer.send)
            await answer.deliver(send)

    async def _body(self, request: Request) -> IO[bytes]:
        if request.method not in _UNSAFE:
            return tempfile.SpooledTemporaryFile(max_size=IN_MEMORY)
        limit = self._context.site.limits.upload_bytes
        bounded = BoundedBody(request.receive, limit, request.headers.get("content-length"))
        return await spool_body(bounded, self._context.pools.files)

    def _seen(self, request: Request, body: IO[bytes]) -> Scope:
        """Return the scope as Django may believe it: true length, our own address, no forged names."""
        address = urlsplit(base_url(request, self._context.site))
        length = body.seek(0, 2)
        body.seek(0)
        dropped = (b"content-length", b"transfer-encoding", b"host", b"x-client-address")
        headers = [(k, v) for k, v in request.scope["headers"] if k not in dropped and b"_" not in k]
        headers += [(b"host", address.netloc.encode()), (b"content-length", str(length).encode())]
        headers.append(
            (b"x-client-address", client_address(request, self._context.site).encode("ascii", "replace"))
        )
        return {**request.scope, "scheme": address.scheme, "headers": headers}


def _replay(body: IO[bytes]) -> Callable[[], Any]:
    async def receive() -> Message:
        piece = body.read(PIECE)
        return {"type": "http.request", "body": piece, "more_body": len(piece) == PIECE}

    return receive


class _Answer:
    """What Django says, kept until its thread is free."""

    def __init__(self) -> None:
        self.spool: IO[bytes] = tempfile.SpooledTemporaryFile(max_size=4 * IN_MEMORY)  # noqa: SIM115 - the caller's `with`
        self._start: Message | None = None

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._start = message
        else:
            self.spool.write(message.get("body", b""))

    async def deliver(self, send: Send) -> None:
        if self._start is None:
            return
        await send(self._start)
        self.spool.seek(0)
        while piece := self.spool.read(PIECE):
            await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({"type": "http.response.body", "body": b""})
