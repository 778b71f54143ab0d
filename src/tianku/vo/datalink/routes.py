"""``/vo/datalink/links?ID=…`` and its VOSI siblings."""

from __future__ import annotations

from collections.abc import Iterable

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tianku.formats.table import Info, TableInfo
from tianku.formats.votable import write_tabledata
from tianku.http.absolute import base_url
from tianku.http.caching import cache_headers
from tianku.http.context import FORM_BYTES, context_of, principal_of
from tianku.http.errors import guarded
from tianku.http.params import Params, read_params
from tianku.http.source import Source
from tianku.http.stream import Reply, stream
from tianku.model.errors import LimitError, UsageError
from tianku.usecases.described import DATALINK
from tianku.usecases.links import SEARCHED, Link, links
from tianku.vo.dali.errors import votable_error
from tianku.vo.dali.formats import response_format
from tianku.vo.datalink.links import COLUMNS, batches
from tianku.vo.soda.describe import common_service, cutout_services
from tianku.vo.vosi.routes import availability
from tianku.vo.xml import render, xml_response

BASE = "/vo/datalink"
#: identifiers of one request
MOST_IDS = 10_000
_STANDARD = Info("standardID", "ivo://ivoa.net/std/DataLink#links-1.1")


async def links_endpoint(request: Request) -> Response:
    """``GET, POST /vo/datalink/[<dataset>/<set>/]links?ID=…`` (DataLink 1.1, 2 and 3): no ID gives an empty table.

    Below a product set, IDs are the keys of its products, as rows of catalogues name them.
    """
    context = context_of(request)
    context.gate.check()
    params = await read_params(request, FORM_BYTES)
    media_type = _media_type(params)
    ids = [one for one in dict.fromkeys(params.all("ID")) if one]
    if len(ids) > MOST_IDS:
        raise LimitError(
            "datalink.too_many", "{count} IDs; at most {most} a request.", count=len(ids), most=MOST_IDS
        )
    principal = await principal_of(request)
    base = base_url(request, context.site)

    def absolute(path: str) -> str:
        return base + path if path.startswith("/") else path

    def opener(_: object) -> Reply:
        found: Iterable[Link] = links(context.centre, principal, ids, request.path_params.get("within"))
        if len(ids) <= SEARCHED:  # each may have services of its own, which are told before the rows
            found = tuple(found)
        services = cutout_services(found, base) if isinstance(found, tuple) else (common_service(base),)
        pieces = write_tabledata(
            COLUMNS, batches(found, absolute), TableInfo(name="links", infos=(_STANDARD,), services=services)
        )
        return Reply(Source(pieces), media_type, cache_headers(principal.anonymous))

    return await stream(request.receive, context.pools, context.pools.engine, context.gauges, opener)


def _media_type(params: Params) -> str:
    """Return the type of the answer: VOTable in one of its names, nothing else (DataLink 1.1, 3.1)."""
    asked = params.one("RESPONSEFORMAT")
    if asked is None or asked.replace(" ", "+") == DATALINK:
        return DATALINK
    writer = response_format(params)
    if not writer.name.startswith("votable"):
        raise UsageError("datalink.format", "Links come as VOTable only, not {format}.", format=writer.name)
    return "text/xml" if asked.startswith("text/xml") else DATALINK


async def capabilities(request: Request) -> Response:
    """``GET /vo/datalink/capabilities``."""
    base = base_url(request, context_of(request).site) + BASE
    return xml_response(render("datalink", "capabilities.xml", base=base))


def routes() -> list[Route]:
    """Return the routes of DataLink."""
    guard = guarded(votable_error)
    return [
        Route(f"{BASE}/links", guard(links_endpoint), methods=["GET", "POST"]),
        Route(f"{BASE}/{{within:path}}/links", guard(links_endpoint), methods=["GET", "POST"]),
        Route(f"{BASE}/capabilities", guard(capabilities), methods=["GET"]),
        Route(f"{BASE}/availability", guard(availability), methods=["GET"]),
    ]
