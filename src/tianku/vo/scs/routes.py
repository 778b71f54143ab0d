"""``/vo/<dataset>/<table>/scs[/<position>]`` and its VOSI siblings."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tianku.engines.base import Cancellation
from tianku.formats.table import TableInfo
from tianku.http.absolute import base_url
from tianku.http.caching import cache_headers
from tianku.http.context import FORM_BYTES, Context, context_of, principal_of
from tianku.http.errors import guarded
from tianku.http.params import read_params
from tianku.http.source import Source
from tianku.http.stream import Reply, stream
from tianku.http.tabular import table_reply
from tianku.model.access import Principal
from tianku.usecases.described import coordinate_systems
from tianku.usecases.query import cone
from tianku.vo.scs.address import ScsAddress, parse_address
from tianku.vo.scs.columns import position_of, scs_columns
from tianku.vo.scs.describe import MEDIA_TYPE, scs_error
from tianku.vo.scs.params import ScsQuery, scs_query
from tianku.vo.scs.siblings import capabilities, table_of, tables
from tianku.vo.vosi.routes import availability
from tianku.vo.xml import XML


async def service(request: Request) -> Response:
    """Dispatch ``/vo/{path}`` to the search or one of its siblings."""
    address = parse_address(request.path_params["path"])
    if address.sibling == "availability":
        return await availability(request)
    if address.sibling is not None:
        return await describe(request, address)
    return await search(request, address)


async def search(request: Request, address: ScsAddress) -> Response:
    """``GET, POST …/scs?RA=&DEC=&SR=[&VERB=]`` (SCS 1.03, 2.1)."""
    context = context_of(request)
    context.gate.check()
    query = scs_query(await read_params(request, FORM_BYTES), context.site.limits.cone_degrees)
    principal = await principal_of(request)
    base = base_url(request, context.site)

    def opener(cancellation: Cancellation) -> Reply:
        return _answer(context, principal, address, query, base, cancellation)

    return await stream(request.receive, context.pools, context.pools.engine, context.gauges, opener)


def _answer(
    context: Context,
    principal: Principal,
    address: ScsAddress,
    query: ScsQuery,
    base: str,
    cancellation: Cancellation,
) -> Reply:
    meta = table_of(context.centre, principal, address)
    chosen = scs_columns(meta, position_of(meta, address.position), query.verbosity)
    answer = cone(
        context.centre, principal, address.dataset, address.table, query.ra, query.dec, query.radius,
        position=address.position, maxrec=query.maxrec, columns=chosen.asked, cancellation=cancellation,
    )  # fmt: skip
    info = TableInfo(
        name=meta.name,
        description=str(meta.title or meta.description),
        coosys=coordinate_systems(meta, chosen.written),
    )
    return table_reply(
        answer, query.writer, info, base, columns=chosen.written, reshape=chosen.reshape, media_type=MEDIA_TYPE
    )


async def describe(request: Request, address: ScsAddress) -> Response:
    """``GET …/scs/capabilities`` and ``…/scs/tables``."""
    context = context_of(request)
    principal = await principal_of(request)
    base = base_url(request, context.site) + address.path
    make = capabilities if address.sibling == "capabilities" else tables

    def opener(cancellation: Cancellation) -> Reply:
        document = make(context.centre, principal, address, base, cancellation)
        return Reply(Source([document]), XML, cache_headers(principal.anonymous))

    return await stream(request.receive, context.pools, context.pools.long, context.gauges, opener)


def routes() -> list[Route]:
    """Return the routes of cone search; the path's own grammar tells them from other services."""
    return [Route("/vo/{path:path}", guarded(scs_error)(service), methods=["GET", "POST"])]
