"""``/vo/soda/sync`` and its VOSI siblings."""

from __future__ import annotations

import re

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tianku.http.absolute import base_url
from tianku.http.caching import cache_headers
from tianku.http.context import FORM_BYTES, context_of, principal_of
from tianku.http.errors import guarded
from tianku.http.params import read_params
from tianku.http.source import Source
from tianku.http.stream import Reply, stream
from tianku.usecases.cutouts import cut_product
from tianku.vo.dali.errors import votable_error
from tianku.vo.soda.describe import BASE, STANDARD, soda_error
from tianku.vo.soda.params import soda_query
from tianku.vo.vosi.routes import availability
from tianku.vo.xml import render, xml_response


async def sync(request: Request) -> Response:
    """``GET, POST /vo/soda/sync?ID=…&BAND=low high`` (SODA 1.0, 2.1): 204 when nothing of the product is there."""
    context = context_of(request)
    context.gate.check()
    query = soda_query(await read_params(request, FORM_BYTES))
    principal = await principal_of(request)

    def opener(_: object) -> Reply:
        found = cut_product(context.centre, principal, query.did, query.cut, query.given)
        if found is None:
            return Reply(Source([]), "text/plain", cache_headers(principal.anonymous), status=204)
        stem = re.sub(r"[^\w.+-]", "_", found.filename, flags=re.ASCII)
        suffix = "fits" if query.cut.form == "fits" else "vot"
        headers = {"content-disposition": f'attachment; filename="{stem}.{suffix}"'}
        return Reply(Source(found.pieces), found.media_type, cache_headers(found.public) | headers)

    return await stream(request.receive, context.pools, context.pools.files, context.gauges, opener)


async def capabilities(request: Request) -> Response:
    """``GET /vo/soda/capabilities``."""
    base = base_url(request, context_of(request).site) + BASE
    return xml_response(render("soda", "capabilities.xml", base=base, standard=STANDARD))


def routes() -> list[Route]:
    """Return the routes of cutouts."""
    return [
        Route(f"{BASE}/sync", guarded(soda_error)(sync), methods=["GET", "POST"]),
        Route(f"{BASE}/capabilities", guarded(votable_error)(capabilities), methods=["GET"]),
        Route(f"{BASE}/availability", guarded(votable_error)(availability), methods=["GET"]),
    ]
