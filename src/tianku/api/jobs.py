"""``/api/v1/jobs``: jobs as JSON; the same jobs that UWS shows."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from tianku.api.operation import Operation, Parameter, path_parameter
from tianku.http.absolute import base_url, client_address
from tianku.http.body import BoundedBody, read_body
from tianku.http.caching import cache_headers
from tianku.http.context import FORM_BYTES, Context, context_of, principal_of
from tianku.http.files import send_file
from tianku.http.params import Params, query_pairs
from tianku.model.errors import UsageError
from tianku.model.text import Text
from tianku.state import repositories
from tianku.state.repositories import JobRecord
from tianku.usecases.jobs import service
from tianku.usecases.jobs.registry import OPERATIONS as KINDS
from tianku.usecases.jobs.registry import operation

T = TypeVar("T")
MOST_LISTED = 1000


class JobRequest(BaseModel):
    """A job to be run at once."""

    model_config = ConfigDict(extra="forbid")

    kind: str = Field("tap", description=f"what is to be done: one of {', '.join(KINDS)}")
    arguments: dict[str, Any] = Field(
        description="tap: `adql`, and if wanted `maxrec` and `format`; crossmatch: as POST /api/v1/crossmatch"
    )
    run_id: str = Field("", max_length=service.MOST_RUN_ID, description="what you call it")


async def listing(request: Request) -> Response:
    """Answer with the caller's jobs; whoever is not logged in has none that are listed."""
    principal = await principal_of(request)
    params = Params(query_pairs(request))
    last = min(params.count("last") or MOST_LISTED, MOST_LISTED)
    phases = [phase.upper() for phase in params.all("phase")]
    jobs = await _in_state(request, lambda: service.mine(principal, phases=phases, last=last))
    return _json({"jobs": [described(request, one) for one in jobs]})


async def create(request: Request) -> Response:
    """Create a job and start it; one that cannot be run comes back with its error."""
    context = context_of(request)
    context.gate.check()
    asked = await _read(request)
    principal = await principal_of(request)
    base, address = base_url(request, context.site), client_address(request, context.site)

    def make() -> JobRecord:
        arguments = service.checked_arguments(asked.kind, asked.arguments)
        pairs = operation(asked.kind).parameters(arguments)
        job = service.create(context.centre, asked.kind, principal, address, parameters=pairs, base_url=base)
        with service.forgotten_unless_done(context.centre.data_root, job):
            if asked.run_id:
                service.set_run_id(job, asked.run_id)
            service.start(context.centre, job, principal, lambda: asked.arguments)
        return repositories.job(job.id)

    job = await context.pools.engine.run(lambda: _with_state(make))
    return _json(described(request, job))


async def show(request: Request) -> Response:
    """Answer with one job, once it is in another phase than ``phase`` when ``wait`` gives it time."""
    params = Params(query_pairs(request))
    seconds, phase = params.count("wait") or 0, params.one("phase")
    job = await _job(request)
    if seconds and not job.final and phase in (None, job.phase):
        await context_of(request).jobs.changed_for(request.receive, job.id, job.phase, float(seconds))
        job = await _job(request)
    return _json(described(request, job))


async def abort(request: Request) -> Response:
    """Stop a job."""
    job = await _job(request)
    await _in_state(request, lambda: service.abort(job))
    return _json(described(request, await _job(request)))


async def delete(request: Request) -> Response:
    """Forget a job and its results."""
    job = await _job(request)
    root = context_of(request).centre.data_root
    await _in_state(request, lambda: service.delete(root, job))
    return Response(status_code=204, headers=cache_headers(public=False))


async def result(request: Request) -> Response:
    """Send a result, or a range of it."""
    job = await _job(request)
    root = context_of(request).centre.data_root
    return await send_file(request, service.result_file(root, job, request.path_params["result"]))


def described(request: Request, job: JobRecord) -> dict[str, Any]:
    """Return a job as JSON values."""
    base = base_url(request, context_of(request).site)
    results = [
        {
            "id": one.id,
            "url": f"{base}/api/v1/jobs/{job.id}/results/{one.id}",
            "size": one.size,
            "sha256": one.sha256,
            "media_type": one.media_type,
            "filename": one.filename,
        }
        for one in job.results
    ]
    return {
        "id": job.id,
        "kind": job.kind,
        "phase": job.phase,
        "owner": job.owner,
        "run_id": job.run_id,
        "page": f"{base}/jobs/{job.id}",
        "parameters": dict(job.parameters),
        "created": _time(job.created),
        "started": _time(job.started),
        "ended": _time(job.ended),
        "quote": _time(job.quote),
        "destruction": _time(job.destruction),
        "seconds": job.duration,
        "results": results,
        "error": job.error,
        "info": job.info,
    }


def _time(moment: datetime | None) -> str | None:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z") if moment is not None else None


def _json(body: Any) -> Response:
    return JSONResponse(body, headers=cache_headers(public=False))


async def _read(request: Request) -> JobRequest:
    bounded = BoundedBody(request.receive, FORM_BYTES, request.headers.get("content-length"))
    try:
        return JobRequest.model_validate_json(await read_body(bounded))
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "the body"
        raise UsageError("api.body", "{where}: {reason}", where=where, reason=first["msg"]) from None


async def _job(request: Request) -> JobRecord:
    principal = await principal_of(request)
    return await _in_state(request, lambda: service.visible(principal, request.path_params["job"]))


async def _in_state(request: Request, call: Callable[[], T]) -> T:
    context: Context = context_of(request)
    return await context.pools.state.run(lambda: _with_state(call))


def _with_state(call: Callable[[], T]) -> T:
    with repositories.session():
        return call()


_TIME = {"type": ["string", "null"], "format": "date-time"}
_JOB = {
    "type": "object",
    "required": ["id", "kind", "phase", "results", "error"],
    "properties": {
        "id": {"type": "string"},
        "kind": {"type": "string"},
        "phase": {"enum": ["PENDING", "QUEUED", "EXECUTING", "COMPLETED", "ERROR", "ABORTED"]},
        "owner": {"type": ["string", "null"]},
        "run_id": {"type": "string"},
        "page": {"type": "string", "description": "its page on the web site"},
        "parameters": {"type": "object", "additionalProperties": {"type": "string"}},
        "created": _TIME,
        "started": _TIME,
        "ended": _TIME,
        "quote": _TIME | {"description": "when it may be done"},
        "destruction": _TIME | {"description": "when it is forgotten with its results"},
        "seconds": {"type": "integer", "description": "how long it may run"},
        "results": {
            "type": "array",
            "items": {"type": "object", "properties": {"url": {"type": "string"}, "size": {"type": "integer"}}},
        },
        "error": {"type": ["object", "null"]},
        "info": {"type": "object", "description": "rows, overflow, versions that aliases stood for, generation"},
    },
}
_ONE = {"application/json": _JOB}
_LIST = {"application/json": {"type": "object", "properties": {"jobs": {"type": "array", "items": _JOB}}}}
_ID = path_parameter("job", Text(en="id of the job", zh="任务编号"))
_NUMBER = {"type": "integer", "minimum": 0}

OPERATIONS = (
    Operation(
        "jobs",
        "GET",
        "/api/v1/jobs",
        Text(en="Your jobs, the newest first", zh="您的任务，最新的在前"),
        listing,
        (
            Parameter("phase", Text(en="only jobs in this phase; may be repeated", zh="只列此状态的任务；可重复")),
            Parameter("last", Text(en="so many at most", zh="最多条数"), _NUMBER),
        ),
        responses=_LIST,
    ),
    Operation(
        "job_create",
        "POST",
        "/api/v1/jobs",
        Text(en="Create a job and start it", zh="新建并启动任务"),
        create,
        body=JobRequest,
        responses=_ONE,
        example="curl {base}/api/v1/jobs -H 'Content-Type: application/json' "
        '-d \'{{"arguments": {{"adql": "SELECT * FROM tap_schema.columns", "format": "fits"}}}}\'',
    ),
    Operation(
        "job",
        "GET",
        "/api/v1/jobs/{job}",
        Text(en="One job", zh="单个任务"),
        show,
        (
            _ID,
            Parameter("wait", Text(en="seconds to wait for a change of phase", zh="等待状态变化的秒数"), _NUMBER),
            Parameter("phase", Text(en="wait only while it is in this phase", zh="仅当处于此状态时等待")),
        ),
        responses=_ONE,
    ),
    Operation(
        "job_abort",
        "POST",
        "/api/v1/jobs/{job}/abort",
        Text(en="Stop a job", zh="中止任务"),
        abort,
        (_ID,),
        responses=_ONE,
    ),
    Operation(
        "job_delete",
        "DELETE",
        "/api/v1/jobs/{job}",
        Text(en="Forget a job and its results", zh="删除任务及其结果"),
        delete,
        (_ID,),
        responses={},
    ),
    Operation(
        "job_result",
        "GET",
        "/api/v1/jobs/{job}/results/{result}",
        Text(en="A result of a job; ranges are served", zh="任务的结果；支持分段下载"),
        result,
        (_ID, path_parameter("result", Text(en="id of the result", zh="结果编号"))),
        responses={"application/octet-stream": {"type": "string", "format": "binary"}},
    ),
)
