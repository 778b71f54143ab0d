"""All routes of the interfaces of older clients."""

from __future__ import annotations

from starlette.routing import Route

from tianku.compat.lamost import routes as lamost


def routes() -> list[Route]:
    """Return the routes."""
    return [*lamost.routes()]
