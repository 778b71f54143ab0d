"""From errors to answers: what every protocol's rendering shares."""

from __future__ import annotations

import functools
import logging
from collections.abc import Awaitable, Callable

from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from tianku.http.caching import cache_headers
from tianku.http.identity import CHALLENGES
from tianku.http.stream import ClientLeftError
from tianku.model.errors import AuthError, FatalError, TiankuError, TransientError, UsageError, public_message

log = logging.getLogger(__name__)

Endpoint = Callable[[Request], Awaitable[Response]]
Renderer = Callable[[Request, TiankuError], Response]


def headers_of(error: TiankuError) -> dict[str, str]:
    """Return the headers that go with `error` in every protocol.

    Only the Bearer challenge is sent: a Basic one makes browsers ask for a password in a
    dialogue of their own; programs send Basic without being asked.
    """
    headers = cache_headers(public=False)
    if isinstance(error, TransientError):
        headers["retry-after"] = str(error.retry_after)
    if status_of(error) == 401:
        headers["www-authenticate"] = CHALLENGES[0]
    if status_of(error) in (408, 413):
        headers["connection"] = "close"
    return headers


def status_of(error: TiankuError) -> int:
    """Return the HTTP status: closed to somebody who has not logged in is 401, to others 403."""
    if isinstance(error, AuthError) and error.params.get("login"):
        return 401
    return error.status


def as_tianku(error: Exception) -> TiankuError:
    """Return `error` as one that may be rendered; unexpected ones become incidents in the log."""
    if isinstance(error, HTTPException):
        return UsageError("http.error", "{detail}", detail=error.detail)
    known = error if isinstance(error, TiankuError) else FatalError("internal", "Unexpected error")
    if isinstance(known, FatalError):
        log.error("incident %s: %s", known.incident, known, exc_info=error)
    return known


def guarded(render: Renderer) -> Callable[[Endpoint], Endpoint]:
    """Decorate an endpoint: whatever it raises is answered in its protocol's way."""

    def decorate(endpoint: Endpoint) -> Endpoint:
        @functools.wraps(endpoint)
        async def guard(request: Request) -> Response:
            try:
                return await endpoint(request)
            except (ClientLeftError, ClientDisconnect):
                return Response(status_code=499)
            except Exception as error:
                return render(request, as_tianku(error))

        return guard

    return decorate


def json_error(request: Request, error: TiankuError) -> Response:
    """Render ``{"error": {"code", "message", "params"}}``; `params` lets a page translate it."""
    params = {} if isinstance(error, FatalError) else {k: _plain(v) for k, v in error.params.items()}
    body = {"error": {"code": error.code, "message": public_message(error), "params": params}}
    if isinstance(error, FatalError):
        body["error"]["params"] = {"incident": error.incident}
    return JSONResponse(body, status_of(error), headers_of(error))


def text_error(request: Request, error: TiankuError) -> Response:
    """Render one line of plain text."""
    return PlainTextResponse(public_message(error) + "\n", status_of(error), headers_of(error))


def _plain(value: object) -> object:
    if value is None or isinstance(value, str | int | float | bool):
        return value
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(v) for v in value]
    return str(value)
