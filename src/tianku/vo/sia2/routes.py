"""``/vo/[<dataset>/[<set>/]]sia2/query`` and its VOSI siblings."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tianku.engines.base import Cancellation
from tianku.http.absolute import base_url
from tianku.http.context import FORM_BYTES, context_of, principal_of
from tianku.http.errors import guarded
from tianku.http.params import read_params
from tianku.http.stream import Reply, stream
from tianku.vo.dali.errors import votable_error
from tianku.vo.sia2.address import NAME, RESOURCES, Sia2Address, parse_address
from tianku.vo.sia2.params import sia2_query
from tianku.vo.sia2.service import answer, capabilities, tables
from tianku.vo.vosi.routes import availability, describe


async def service(request: Request) -> Response:
    """Dispatch a path to the resource it names."""
    address = parse_address(request.url.path.removeprefix("/vo/"))
    if address.resource == "availability":
        return await availability(request)
    if address.resource == "query":
        return await query(request, address)
    document = capabilities if address.resource == "capabilities" else tables
    return await describe(request, lambda centre, who, base, stop: document(centre, who, address, base, stop))


async def query(request: Request, address: Sia2Address) -> Response:
    """``GET, POST …/sia2/query?POS=&BAND=&TIME=&…`` (SIA 2.0, 2)."""
    context = context_of(request)
    context.gate.check()
    asked = sia2_query(await read_params(request, FORM_BYTES))
    principal = await principal_of(request)
    base = base_url(request, context.site)

    def opener(cancellation: Cancellation) -> Reply:
        return answer(context.centre, principal, address, asked, base, cancellation)

    return await stream(request.receive, context.pools, context.pools.engine, context.gauges, opener)


def routes() -> list[Route]:
    """Return the routes of image access, for the whole site first."""
    guard = guarded(votable_error)
    below = [f"/vo/{NAME}/{name}" for name in RESOURCES] + [
        f"/vo/{{path:path}}/{NAME}/{name}" for name in RESOURCES
    ]
    return [Route(path, guard(service), methods=["GET", "POST"]) for path in below]
