"""``/vo/tap``: sync, async, capabilities, tables, availability."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from tianku.engines.base import Cancellation
from tianku.http.absolute import base_url
from tianku.http.context import FORM_BYTES, context_of, principal_of
from tianku.http.errors import guarded
from tianku.http.params import Params, read_form
from tianku.http.stream import Reply, stream
from tianku.http.tabular import table_reply
from tianku.usecases import schema
from tianku.usecases.described import query_info
from tianku.usecases.jobs.uploads import keep_table
from tianku.usecases.query import run_adql
from tianku.usecases.uploads import read_upload
from tianku.vo.dali.errors import votable_error
from tianku.vo.tap.describe import capabilities_document
from tianku.vo.tap.examples import document
from tianku.vo.tap.params import sent_part, tap_query
from tianku.vo.uws.routes import JobService
from tianku.vo.vosi.routes import availability, one_table, tables
from tianku.vo.xml import xml_response

BASE = "/vo/tap"


async def sync(request: Request) -> Response:
    """``GET, POST /vo/tap/sync`` (TAP 1.1, 2.2)."""
    context = context_of(request)
    context.gate.check()
    params, files = await read_form(request, FORM_BYTES, context.site.limits.upload_bytes)
    query = tap_query(params)
    principal = await principal_of(request)
    base = base_url(request, context.site)

    def opener(cancellation: Cancellation) -> Reply:
        try:
            parts = {table: sent_part(files, part) for table, part in query.uploads.items()}
            folder = context.centre.data_root / "tmp"
            uploads = [read_upload(table, file, folder) for table, file in parts.items()]
        finally:
            for file in files.values():
                file.close()
        answer = run_adql(
            context.centre, principal, query.adql, maxrec=query.maxrec, uploads=uploads, cancellation=cancellation
        )
        info = query_info(query.adql, answer.versions)
        filename = f"result.{query.writer.extension}"
        return table_reply(answer, query.writer, info, base, filename=filename)

    return await stream(request.receive, context.pools, context.pools.long, context.gauges, opener)


def job_arguments(params: Params, job_id: str) -> dict[str, Any]:
    """Return the arguments of the query that the parameters of a job ask for."""
    query = tap_query(params)
    return {
        "adql": query.adql,
        "maxrec": query.maxrec,
        "format": query.writer.name,
        "uploads": dict(query.uploads),
        "upload_job": job_id,
    }


async def capabilities(request: Request) -> Response:
    """``GET /vo/tap/capabilities`` (VOSI 1.1, TAPRegExt 1.0)."""
    context = context_of(request)
    principal = await principal_of(request)
    base = base_url(request, context.site) + BASE
    listings = await context.pools.engine.run(lambda: schema.schemas(context.centre, principal))
    obscore = any(t.qualified_name.lower() == "ivoa.obscore" for s in listings for t in s.tables)
    return xml_response(capabilities_document(base, context.site, obscore))


async def examples(request: Request) -> Response:
    """``GET /vo/tap/examples`` (DALI 1.1, 2.3)."""
    context = context_of(request)
    principal = await principal_of(request)
    base = base_url(request, context.site) + BASE

    def make() -> bytes:
        return document(schema.schemas(context.centre, principal), base)

    body = await context.pools.engine.run(make)
    return xml_response(body, media_type="application/xhtml+xml", public=principal.anonymous)


async def root(request: Request) -> Response:
    """``GET /vo/tap``: a person who follows the service's address sees what it is."""
    return RedirectResponse(f"{BASE}/capabilities", status_code=303)


def routes() -> list[Route]:
    """Return the routes of TAP."""
    guard = guarded(votable_error)
    return [
        Route(BASE, guard(root), methods=["GET"]),
        Route(f"{BASE}/sync", guard(sync), methods=["GET", "POST"]),
        *JobService(f"{BASE}/async", "tap", job_arguments, keep=keep_table).routes(),
        Route(f"{BASE}/capabilities", guard(capabilities), methods=["GET"]),
        Route(f"{BASE}/availability", guard(availability), methods=["GET"]),
        Route(f"{BASE}/examples", guard(examples), methods=["GET"]),
        Route(f"{BASE}/tables", guard(tables), methods=["GET"]),
        Route(f"{BASE}/tables/{{name}}", guard(one_table), methods=["GET"]),
    ]
