"""``POST /api/v1/crossmatch``: two tables matched by position, either of them sent along."""

from __future__ import annotations

from typing import BinaryIO

from pydantic import ValidationError
from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from tianku.api.jobs import described
from tianku.api.operation import Operation
from tianku.engines.base import Cancellation
from tianku.formats.table import Info, TableInfo
from tianku.formats.writers import WRITERS, get_writer
from tianku.http.absolute import base_url, client_address
from tianku.http.body import BoundedBody, read_body
from tianku.http.caching import cache_headers
from tianku.http.context import FORM_BYTES, Context, context_of, principal_of
from tianku.http.stream import Reply, stream
from tianku.http.tabular import table_reply
from tianku.model.errors import UsageError
from tianku.model.text import Text
from tianku.state import repositories
from tianku.state.repositories import JobRecord
from tianku.usecases.crossmatch import crossmatch
from tianku.usecases.match_job import submit
from tianku.usecases.match_request import CrossmatchRequest, session_tables
from tianku.usecases.match_upload import read_given

_MULTIPART = "multipart/form-data"


async def match(request: Request) -> Response:
    """Match and stream the answer."""
    context = context_of(request)
    context.gate.check()
    asked, files = await _read(request, context)
    principal = await principal_of(request)
    writer, base = get_writer(asked.format), base_url(request, context.site)
    root = context.centre.data_root

    def opener(cancellation: Cancellation) -> Reply:
        try:
            sent = {name: read_given(file, root / "tmp", name) for name, file in files.items()}
        finally:
            for file in files.values():
                file.close()
        left, right = session_tables(root, principal, asked, sent)
        answer = crossmatch(
            context.centre, principal, left, right, asked.how, asked.epoch, asked.area,
            maxrec=asked.maxrec, cancellation=cancellation,
        )  # fmt: skip
        info = TableInfo(name="crossmatch", infos=(Info("QUERY_STATUS", "OK"),))
        return table_reply(answer, writer, info, base, filename=f"crossmatch.{writer.extension}")

    return await stream(request.receive, context.pools, context.pools.long, context.gauges, opener)


async def as_job(request: Request) -> Response:
    """Start the match as a job."""
    context = context_of(request)
    context.gate.check()
    asked, files = await _read(request, context)
    principal = await principal_of(request)
    base, address = base_url(request, context.site), client_address(request, context.site)

    def make() -> JobRecord:
        try:
            with repositories.session():
                return submit(context.centre, principal, address, asked, files, base)
        finally:
            for file in files.values():
                file.close()

    return JSONResponse(
        described(request, await context.pools.engine.run(make)), headers=cache_headers(public=False)
    )


async def _read(request: Request, context: Context) -> tuple[CrossmatchRequest, dict[str, BinaryIO]]:
    """Return what a JSON body asks for, or the part `request` of a form, and the files sent with it, by side."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    form = kind == _MULTIPART
    limit = context.site.limits.upload_bytes if form else FORM_BYTES
    bounded = BoundedBody(request.receive, limit, request.headers.get("content-length"))
    files: dict[str, BinaryIO] = {}
    text: str | bytes = ""
    try:
        if not form:
            return CrossmatchRequest.model_validate_json(await read_body(bounded)), files
        parts = await Request(request.scope, bounded).form(max_files=2, max_fields=1, max_part_size=FORM_BYTES)
        for name, value in parts.multi_items():
            if not isinstance(value, UploadFile):
                text = value if name == "request" else text
            elif name in ("left", "right") and name not in files:
                files[name] = value.file
            else:
                raise UsageError("match.part", "the part {name} is neither left nor right", name=name[:40])
        return CrossmatchRequest.model_validate_json(text), files
    except MultiPartException as error:
        raise UsageError("params.unreadable", "The form cannot be read: {reason}", reason=error.message) from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "the body"
        raise UsageError("api.body", "{where}: {reason}", where=where, reason=first["msg"]) from None


OPERATIONS = (
    Operation(
        "crossmatch", "POST", "/api/v1/crossmatch",
        Text(en="Two tables matched by position. Either may be sent, up to a million rows: multipart/form-data "
                "with this JSON as the part `request`, and the parts `left`, `right` (VOTable, FITS, CSV …)",
             zh="按位置交叉证认两张表。可附送至多一百万行的表：multipart/form-data，以此 JSON 为 `request` 部分，"
                "表为 `left`、`right` 部分（VOTable、FITS、Parquet、CSV）"),
        match,
        body=CrossmatchRequest,
        responses={writer.media_type: {"type": "string"} for writer in WRITERS},
        example="curl {base}/api/v1/crossmatch -F left=@list.csv "
        "-F 'request={{\"right\": {{\"table\": \"gaia.source\"}}, \"radius\": 2}}'",
    ),
    Operation(
        "crossmatch_job", "POST", "/api/v1/crossmatch/jobs",
        Text(en="The same as a job: for matches that take minutes, and answers of any size",
             zh="同上，以任务方式运行：适合耗时数分钟的证认与任意大小的结果"),
        as_job,
        body=CrossmatchRequest,
        responses={"application/json": {"type": "object", "description": "the job, as GET /api/v1/jobs/{job}"}},
        example="curl {base}/api/v1/crossmatch/jobs -H 'Content-Type: application/json' "
        "-d '{{\"left\": {{\"table\": \"hipparcos.main\"}}, \"right\": {{\"table\": \"gaia.source\"}}, "
        "\"radius\": 2, \"format\": \"fits\"}}'",
    ),
)  # fmt: skip
