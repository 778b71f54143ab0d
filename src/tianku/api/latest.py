"""``latest`` in place of a version: leads to the newest one that the caller may read."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from tianku.http.caching import cache_headers
from tianku.http.context import context_of, principal_of
from tianku.http.errors import guarded, json_error
from tianku.model.config.dataset import LATEST
from tianku.usecases.viewer import Viewer

_PLACES = ("/api/v1/datasets", "/api/v1/products", "/download")


async def latest(request: Request) -> Response:
    """``GET …/{collection}[/{release}]/latest[/…]``: a redirect to the same below a version."""
    context = context_of(request)
    principal = await principal_of(request)
    parts = [request.path_params[name] for name in ("collection", "release") if name in request.path_params]
    prefix = "/".join(parts)
    centre = context.centre

    def find() -> str:
        return Viewer(centre.picture(), principal, centre.clock()).newest(prefix).id

    dataset = await context.pools.engine.run(find)
    target = request.url.path.replace(f"/{prefix}/{LATEST}", f"/{dataset}", 1)
    query = f"?{request.url.query}" if request.url.query else ""
    return RedirectResponse(target + query, status_code=307, headers=cache_headers(principal.anonymous))


def routes() -> list[Route]:
    """Return the routes."""
    guard = guarded(json_error)
    return [
        Route(f"{place}/{prefix}/{LATEST}{tail}", guard(latest), methods=["GET"])
        for place in _PLACES
        for prefix in ("{collection}", "{collection}/{release}")
        for tail in ("", "/{rest:path}")
    ]
