"""``/xmatch/api/v1/sync`` and its list of tables."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import pyarrow as pa
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from tianku.engines.base import Cancellation
from tianku.formats.table import Info, TableInfo
from tianku.http.absolute import base_url
from tianku.http.context import FORM_BYTES, context_of, principal_of
from tianku.http.errors import guarded, headers_of, status_of
from tianku.http.params import Params, query_pairs, read_form
from tianku.http.stream import Reply, stream
from tianku.http.tabular import table_reply
from tianku.model.errors import TiankuError, UsageError, public_message
from tianku.planner.matching import How
from tianku.usecases.crossmatch import crossmatch
from tianku.usecases.match_tables import positional_tables
from tianku.vo.dali.errors import VOTABLE
from tianku.vo.xmatch.params import side, xmatch_query
from tianku.vo.xml import render


async def sync(request: Request) -> Response:
    """``GET, POST /xmatch/api/v1/sync?request=xmatch&cat1=&cat2=&distMaxArcsec=``."""
    context = context_of(request)
    context.gate.check()
    params, files = await read_form(request, FORM_BYTES, context.site.limits.upload_bytes)
    query = xmatch_query(params)
    principal = await principal_of(request)
    base = base_url(request, context.site)

    def opener(cancellation: Cancellation) -> Reply:
        try:
            left, right = (side(params, files, n, context.centre.data_root / "tmp") for n in (1, 2))
        finally:
            for file in files.values():
                file.close()
        answer = crossmatch(
            context.centre, principal, left, right, How(query.radius, query.nearest), area=query.area,
            maxrec=query.maxrec, cancellation=cancellation,
        )  # fmt: skip
        *own, apart, _ = answer.columns
        info = TableInfo(name="xmatch", infos=(Info("QUERY_STATUS", "OK", id="QUERY_STATUS"),))
        written = (apart.model_copy(update={"name": "angDist"}), *own)
        return table_reply(answer, query.writer, info, base, columns=written, reshape=_distance_first)

    return await stream(request.receive, context.pools, context.pools.long, context.gauges, opener)


async def tables(request: Request) -> Response:
    """``GET /xmatch/api/v1/sync/tables?action=getVizieRTableNames``: what can be matched, a name per line."""
    context = context_of(request)
    context.gate.check()
    action = Params(query_pairs(request)).required("action")
    if action != "getVizieRTableNames":
        raise UsageError(
            "xmatch.choice", "{name} is {known}, not {value}",
            name="action", known="getVizieRTableNames", value=action[:40],
        )  # fmt: skip
    names = positional_tables(context.centre, await principal_of(request))
    return PlainTextResponse("".join(f"{name}\n" for name in names))


def _distance_first(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    for batch in batches:
        last = batch.num_columns - 2
        names = ["angDist", *batch.schema.names[:last]]
        yield pa.RecordBatch.from_arrays([batch.column(last), *batch.columns[:last]], names=names)


def xmatch_error(request: Request, error: TiankuError) -> Response:
    """Render an error as the VOTable that clients of the service look for."""
    body = render("xmatch", "error.xml", message=public_message(error), code=error.code)
    return Response(body, status_of(error), headers_of(error), VOTABLE)


def routes() -> list[Route]:
    """Return the routes."""
    place, kept = "/xmatch/api/v1/sync", guarded(xmatch_error)
    return [
        Route(place, kept(sync), methods=["GET", "POST"]),
        Route(f"{place}/tables", kept(tables), methods=["GET"]),
    ]
