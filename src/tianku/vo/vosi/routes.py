"""The VOSI siblings that services share."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from tianku.http.caching import cache_headers
from tianku.http.context import context_of, principal_of
from tianku.http.params import Params, query_pairs
from tianku.http.source import Source
from tianku.http.stream import Reply, stream
from tianku.model.errors import UsageError
from tianku.usecases import schema
from tianku.vo.vosi.tables import table_document, tableset
from tianku.vo.xml import XML, render, utc, xml_response


async def availability(request: Request) -> Response:
    """``GET …/availability`` (VOSI 1.1, 2.2)."""
    context = context_of(request)
    closed = context.gate.closed
    note = "The server is restarting." if closed else ""
    body = render("vosi", "availability.xml", available=not closed, up_since=utc(context.started), note=note)
    return xml_response(body)


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
