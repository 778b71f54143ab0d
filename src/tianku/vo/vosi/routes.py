"""The VOSI siblings that services share."""

from __future__ import annotations

from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import Response

from tianku.engines.base import Cancellation
from tianku.http.absolute import base_url
from tianku.http.caching import cache_headers
from tianku.http.context import context_of, principal_of
from tianku.http.params import Params, query_pairs
from tianku.http.source import Source
from tianku.http.stream import Reply, stream
from tianku.model.access import Principal
from tianku.model.errors import UsageError
from tianku.usecases import schema
from tianku.usecases.centre import Centre
from tianku.vo.vosi.tables import table_document, tableset
from tianku.vo.xml import XML, render, utc, xml_response


async def availability(request: Request) -> Response:
    """``GET …/availability`` (VOSI 1.1, 2.2)."""
    context = context_of(request)
    closed = context.gate.closed
    note = "The server is restarting." if closed else ""
    body = render("vosi", "availability.xml", available=not closed, up_since=utc(context.started), note=note)
    return xml_response(body)


#: makes a document of what a principal sees, for the site at an address
Describe = Callable[[Centre, Principal, str, Cancellation], bytes]


async def describe(request: Request, make: Describe) -> Response:
    """Answer a document that a service makes of itself: its capabilities, its tables."""
    context = context_of(request)
    principal = await principal_of(request)
    base = base_url(request, context.site)

    def opener(cancellation: Cancellation) -> Reply:
        document = make(context.centre, principal, base, cancellation)
        return Reply(Source([document]), XML, cache_headers(principal.anonymous))

    return await stream(request.receive, context.pools, context.pools.long, context.gauges, opener)


async def tables(request: Request) -> Response:
    """``GET …/tables?detail=min|max`` (VOSI 1.1, 2.4): every table the caller may query."""
    context = context_of(request)
    principal = await principal_of(request)
    detail = (Params(query_pairs(request)).one("detail") or "max").lower()
    if detail not in ("min", "max"):
        raise UsageError("vosi.detail", "detail={value} is neither min nor max.", value=detail[:20])

    def opener(_: object) -> Reply:
        listings = schema.schemas(context.centre, principal)
        pieces = tableset(listings, columns=detail == "max")
        return Reply(Source(pieces), XML, cache_headers(principal.anonymous))

    return await stream(request.receive, context.pools, context.pools.engine, context.gauges, opener)


async def one_table(request: Request) -> Response:
    """``GET …/tables/{name}``: one table with its columns."""
    context = context_of(request)
    principal = await principal_of(request)
    name = request.path_params["name"]
    meta = await context.pools.engine.run(lambda: schema.table(context.centre, principal, name))
    return xml_response(table_document(meta), public=principal.anonymous)
