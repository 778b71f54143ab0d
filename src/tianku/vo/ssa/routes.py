"""``/vo/<dataset>/<set>/ssa`` and its VOSI siblings."""

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
from tianku.vo.dali.set_address import SetAddress, parse_address, paths
from tianku.vo.ssa.describe import ssa_error
from tianku.vo.ssa.params import ssa_query
from tianku.vo.ssa.service import PROTOCOL, answer, capabilities, described, tables
from tianku.vo.vosi.routes import availability, describe


async def service(request: Request) -> Response:
    """Dispatch a path below ``/vo/`` to the search or one of its siblings."""
    address = parse_address(request.url.path.removeprefix("/vo/"), PROTOCOL)
    if address.sibling == "availability":
        return await availability(request)
    if address.sibling is not None:
        document = capabilities if address.sibling == "capabilities" else tables
        return await describe(request, lambda centre, who, base, stop: document(centre, who, address, base, stop))
    return await search(request, address)


async def search(request: Request, address: SetAddress) -> Response:
    """``GET, POST …/ssa?REQUEST=queryData&POS=&SIZE=&BAND=&TIME=&FORMAT=`` (SSA 1.1, 4)."""
    context = context_of(request)
    context.gate.check()
    query = ssa_query(await read_params(request, FORM_BYTES))
    principal = await principal_of(request)
    base = base_url(request, context.site)

    def opener(cancellation: Cancellation) -> Reply:
        make = described if query.only_metadata else answer
        return make(context.centre, principal, address, query, base, cancellation)

    return await stream(request.receive, context.pools, context.pools.engine, context.gauges, opener)


def routes() -> list[Route]:
    """Return the routes of spectral access."""
    guard = guarded(ssa_error)
    return [Route(path, guard(service), methods=["GET", "POST"]) for path in paths(PROTOCOL)]
