"""One ASGI application over a centre."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING
from wsgiref.types import WSGIApplication

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Mount
from starlette.types import ASGIApp, Receive, Scope, Send

from tianku.api.routes import routes as api_routes
from tianku.compat.routes import routes as compat_routes
from tianku.http.context import Context
from tianku.http.pools import Pools
from tianku.http.stream import settle
from tianku.vo.routes import routes as vo_routes
from tianku.web import operations
from tianku.web.bridge import PagesBridge
from tianku.web.edge import Edge
from tianku.web.static import HashedFiles

if TYPE_CHECKING:
    from tianku.usecases.centre import Centre


class Application:
    """The ASGI callable, and the context whose gate the server closes when it stops."""

    def __init__(self, app: ASGIApp, context: Context) -> None:
        self._app = app
        self.context = context

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve."""
        await self._app(scope, receive, send)


def create_app(centre: Centre, *, pages: WSGIApplication | None = None, cores: int | None = None) -> Application:
    """Return the application that serves `centre`, which it closes when it stops.

    Parameters
    ----------
    pages
        The web site; without it only services and files are served.
    cores
        Threads of the short lane.
    """
    context = Context(centre, Pools(cores))
    app = Starlette(
        routes=[
            *vo_routes(),
            *api_routes(),
            *compat_routes(),
            *operations.routes(),
            Mount("/static", HashedFiles()),
        ],
        lifespan=_lifespan,
    )
    app.state.context = context
    app.router.redirect_slashes = False
    app.router.default = PagesBridge(pages, context) if pages is not None else _nothing
    return Application(Edge(app, https=(centre.site.url or "").startswith("https://")), context)


@asynccontextmanager
async def _lifespan(app: Starlette) -> AsyncIterator[None]:
    """Serve; then, when the last stream has ended or was interrupted, release everything."""
    yield
    context: Context = app.state.context
    context.gate.close()
    await settle()
    await context.pools.closing.run(context.centre.close)
    context.pools.close()


async def _nothing(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] != "http":
        return
    path = Request(scope).url.path[:200]
    response: Response = PlainTextResponse(f"There is nothing at {path}.\n", 404)
    await response(scope, receive, send)
