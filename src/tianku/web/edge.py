"""The outermost layer: security headers, CORS, and an end for streams that broke."""

from __future__ import annotations

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tianku.http.stream import BrokenStreamError

#: paths that pages of any origin may read, and the methods they may use there
_OPEN: tuple[tuple[str, str], ...] = (
    ("/vo/", "GET, HEAD, POST, DELETE, OPTIONS"),
    ("/api/", "GET, HEAD, OPTIONS"),
    ("/download/", "GET, HEAD, OPTIONS"),
    ("/sas/", "GET, HEAD, OPTIONS"),
)
_ALLOWED = "Accept, Authorization, Content-Type, If-None-Match, If-Range, Range"
_EXPOSED = "Accept-Ranges, Content-Disposition, Content-Length, Content-Range, ETag, Last-Modified, Retry-After"
_SECURITY = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "strict-origin-when-cross-origin",
    "x-frame-options": "SAMEORIGIN",
    "cross-origin-opener-policy": "same-origin",
}


class Edge:
    """Wraps the whole application.

    CORS is ``*`` without credentials: a page elsewhere reads what anybody may read, or what a
    token it was given opens; never what a visitor's cookie opens.
    """

    def __init__(self, app: ASGIApp, *, https: bool) -> None:
        self._app = app
        self._https = https

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer preflights, decorate everything else."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        methods = open_methods(scope["path"])
        if scope["method"] == "OPTIONS" and methods is not None:
            await _preflight(methods, send)
            return

        async def decorated(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._decorate(MutableHeaders(scope=message), methods is not None)
            await send(message)

        try:
            await self._app(scope, receive, decorated)
        except BrokenStreamError:
            # logged where it broke; returning without an end makes the server cut the connection
            return

    def _decorate(self, headers: MutableHeaders, open_to_all: bool) -> None:
        for name, value in _SECURITY.items():
            headers.setdefault(name, value)
        if self._https:
            headers.setdefault("strict-transport-security", "max-age=31536000")
        if open_to_all:
            headers["access-control-allow-origin"] = "*"
            headers["access-control-expose-headers"] = _EXPOSED


def open_methods(path: str) -> str | None:
    """Return the methods that other origins may use on `path`, or None."""
    return next((methods for prefix, methods in _OPEN if path.startswith(prefix)), None)


async def _preflight(methods: str, send: Send) -> None:
    headers = {
        "access-control-allow-origin": "*",
        "access-control-allow-methods": methods,
        "access-control-allow-headers": _ALLOWED,
        "access-control-max-age": "86400",
        "allow": methods,
        "vary": "Access-Control-Request-Headers",
    }
    raw = [(k.encode(), v.encode()) for k, v in headers.items()]
    await send({"type": "http.response.start", "status": 204, "headers": raw})
    await send({"type": "http.response.body", "body": b""})
