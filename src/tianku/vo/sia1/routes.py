"""``/vo/<dataset>/<set>/sia`` and its VOSI siblings."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tianku.engines.base import Cancellation
from tianku.http.absolute import base_url
from tianku.http.caching import cache_headers
from tianku.http.context import FORM_BYTES, context_of, principal_of
from tianku.http.errors import guarded
from tianku.http.params import read_params
from tianku.http.source import Source
from tianku.http.stream import Reply, stream
from tianku.vo.dali.set_address import SetAddress, parse_address, paths
from tianku.vo.sia1.describe import sia1_error
from tianku.vo.sia1.params import sia1_query
from tianku.vo.sia1.service import PROTOCOL, answer, capabilities, tables
from tianku.vo.vosi.routes import availability
from tianku.vo.xml import XML


async def service(request: Request) -> Response:
    """Dispatch a path below ``/vo/`` to the search or one of its siblings."""
    address = parse_address(request.url.path.removeprefix("/vo/"), PROTOCOL)
    if address.sibling == "availability":
        return await availability(request)
    if address.sibling is not None:
        return await describe(request, address)
    return await search(request, address)


async def search(request: Request, address: SetAddress) -> Response:
    """``GET, POST …/sia?POS=&SIZE=&INTERSECT=&FORMAT=&VERB=`` (SIA 1.0, 4)."""
    context = context_of(request)
    context.gate.check()
    query = sia1_query(await read_params(request, FORM_BYTES))
    principal = await principal_of(request)
    base = base_url(request, context.site)

    def opener(cancellation: Cancellation) -> Reply:
        return answer(context.centre, principal, address, query, base, cancellation)

    return await stream(request.receive, context.pools, context.pools.engine, context.gauges, opener)


async def describe(request: Request, address: SetAddress) -> Response:
    """``GET …/sia/capabilities`` and ``…/sia/tables``."""
    context = context_of(request)
    principal = await principal_of(request)
    base = base_url(request, context.site)
    make = capabilities if address.sibling == "capabilities" else tables

    def opener(cancellation: Cancellation) -> Reply:
        document = make(context.centre, principal, address, base, cancellation)
        return Reply(Source([document]), XML, cache_headers(principal.anonymous))

    return await stream(request.receive, context.pools, context.pools.long, context.gauges, opener)


def routes() -> list[Route]:
    """Return the routes of image access."""
    guard = guarded(sia1_error)
    return [Route(path, guard(service), methods=["GET", "POST"]) for path in paths(PROTOCOL)]
