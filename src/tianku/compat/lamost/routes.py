"""``/openapi/…``: operations by the words of their addresses."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tianku.compat.family import Asked, read_asked
from tianku.compat.lamost.address import Address, parse_address
from tianku.compat.lamost.errors import lamost_error
from tianku.compat.lamost.listings import dr_versions, tables, tap_url
from tianku.compat.lamost.sql import sql
from tianku.http.errors import guarded
from tianku.model.errors import NotFoundError

OfRelease = Callable[[Asked, Address], Awaitable[Response]]

#: operations of a release, by what follows it
OF_RELEASE: dict[tuple[str, ...], OfRelease] = {
    ("tables",): tables,
    ("sql",): sql,
    ("voservice", "tap_url"): tap_url,
}


async def versions(request: Request) -> Response:
    """``GET /openapi/dr_versions``."""
    return await dr_versions(await read_asked(request))


async def release(request: Request) -> Response:
    """Dispatch what is asked of one release."""
    asked = await read_asked(request)
    address = parse_address(asked.viewer, request.path_params["path"])
    operation = OF_RELEASE.get(address.rest)
    if operation is None:
        raise no_operation(request)
    return await operation(asked, address)


def no_operation(request: Request) -> NotFoundError:
    """Return the error of an address that is none."""
    return NotFoundError(
        "compat.no_operation", "there is nothing at {path}; /openapi/docs lists what there is",
        path=request.url.path[:200],
    )  # fmt: skip


def routes() -> list[Route]:
    """Return the routes."""
    guard = guarded(lamost_error)
    return [
        Route("/openapi/dr_versions", guard(versions), methods=["GET"]),
        Route("/openapi/{path:path}", guard(release), methods=["GET", "POST"]),
    ]
