"""All routes of the interfaces of older clients."""

from __future__ import annotations

from starlette.routing import Route

from tianku.compat.lamost import old
from tianku.compat.lamost import routes as lamost
from tianku.compat.nadc import routes as nadc


def routes() -> list[Route]:
    """Return the routes; the oldest addresses have no place of their own, and come last."""
    return [*lamost.routes(), *nadc.routes(), *old.routes()]
