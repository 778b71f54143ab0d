"""``POST …/positions``: a table searched for a list of positions, as a page of JSON or as a file."""

from __future__ import annotations

import json
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.json_schema import SkipJsonSchema
from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException
from starlette.requests import Request
from starlette.responses import Response

from tianku.adql.build import Condition, Operator, Order
from tianku.api.operation import Operation, path_parameter
from tianku.api.query import MOST_ROWS, page_of
from tianku.engines.base import Cancellation
from tianku.formats.positions import MOST_RADIUS, PositionList, read_positions
from tianku.formats.positions import MOST_ROWS as MOST_POSITIONS
from tianku.formats.table import Info, TableInfo
from tianku.formats.writers import WRITERS, get_writer
from tianku.http.absolute import base_url
from tianku.http.body import BoundedBody, read_body
from tianku.http.caching import cache_headers
from tianku.http.context import FORM_BYTES, context_of, principal_of
from tianku.http.source import Source
from tianku.http.stream import Reply, stream
from tianku.http.tabular import table_reply
from tianku.model.errors import UsageError
from tianku.model.text import Text
from tianku.usecases.positions import search_list

_FIELDS = 400


class Test(BaseModel):
    """A condition on a column."""

    model_config = ConfigDict(extra="forbid")

    column: str
    operator: Operator
    values: list[int | float | str] = []

    def condition(self) -> Condition:
        """Return it as the builder of statements takes it."""
        return Condition(self.column, self.operator, tuple(self.values))


class PositionsRequest(BaseModel):
    """A search for a list of positions."""

    model_config = ConfigDict(extra="forbid")

    positions: str | SkipJsonSchema[bytes] = Field(
        description=f"At most {MOST_POSITIONS} lines: right ascension, declination, radius; with or without a "
        "header row, with any delimiter, in degrees or sexagesimal"
    )
    radius: float = Field(2.0, gt=0, description=f"of lines without one; at most {MOST_RADIUS:g} degrees")
    unit: str = Field("arcsec", description="of all radii: arcsec, arcmin or deg")
    columns: list[str] | None = Field(
        None, description="of the table, all if absent; those of the list come first"
    )
    where: list[Test] = Field([], max_length=_FIELDS, description="conditions that rows must meet, all of them")
    sort: str | None = Field(None, description="column to sort by, instead of line and separation")
    descending: bool = False
    nearest: bool = Field(False, description="only the nearest row of each position")
    unmatched: bool = Field(False, description="also positions that have no row, after all others")
    format: str | None = Field(None, description="such as csv, votable, fits: the whole answer as a file")
    limit: int = Field(50, ge=1, description=f"rows: at most {MOST_ROWS} of a page, MAXREC of a file")
    offset: int = Field(0, ge=0, description="rows before the page")

    def listed(self) -> PositionList:
        """Return the list, or raise as `read_positions` does."""
        return read_positions(self.positions, self.radius, self.unit)


async def positions(request: Request) -> Response:
    """``POST /api/v1/datasets/{dataset}/tables/{table}/positions``."""
    context = context_of(request)
    context.gate.check()
    asked, token = await _read(request)
    principal = await principal_of(request, token)
    base = base_url(request, context.site)
    dataset, table = request.path_params["dataset"], request.path_params["table"]
    writer = get_writer(asked.format) if asked.format else None
    last = asked.limit if writer else asked.offset + min(asked.limit, MOST_ROWS)

    def opener(cancellation: Cancellation) -> Reply:
        answer = search_list(
            context.centre, principal, dataset, table, asked.listed(),
            columns=asked.columns,
            where=[test.condition() for test in asked.where],
            order_by=[Order(asked.sort, asked.descending)] if asked.sort else [],
            nearest=asked.nearest, unmatched=asked.unmatched, maxrec=last, cancellation=cancellation,
        )  # fmt: skip
        if writer is not None:
            info = TableInfo(name="positions", infos=(Info("QUERY_STATUS", "OK"),))
            return table_reply(answer, writer, info, base, filename=f"positions.{writer.extension}")
        with answer:
            body = page_of(answer, asked.offset, base)
            text = json.dumps(body, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()
            return Reply(Source([text]), "application/json", cache_headers(answer.public))

    return await stream(request.receive, context.pools, context.pools.long, context.gauges, opener)


async def _read(request: Request) -> tuple[PositionsRequest, str | None]:
    """Return what a JSON body or a form asks for, and the CSRF token that a form carries.

    A form may give the list as a file, `where` as JSON, and names each column of the answer in a field of its own.
    """
    bounded = BoundedBody(request.receive, FORM_BYTES, request.headers.get("content-length"))
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    try:
        if kind in ("multipart/form-data", "application/x-www-form-urlencoded"):
            fields = await _form(Request(request.scope, bounded))
            token = fields.pop("csrf_token", None)
            return PositionsRequest.model_validate(fields), token
        return PositionsRequest.model_validate_json(await read_body(bounded)), None
    except MultiPartException as error:
        raise UsageError("params.unreadable", "The form cannot be read: {reason}", reason=error.message) from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "the body"
        raise UsageError("api.body", "{where}: {reason}", where=where, reason=first["msg"]) from None


async def _form(request: Request) -> dict[str, Any]:
    form = await request.form(max_files=2, max_fields=_FIELDS, max_part_size=FORM_BYTES)
    asked: dict[str, Any] = {}
    for name, value in form.multi_items():
        if isinstance(value, UploadFile):
            content = await value.read()
            await value.close()
            if content:
                asked["positions"] = content
        elif name == "columns":
            asked.setdefault("columns", []).append(value)
        elif value and not (name == "positions" and name in asked):
            asked[name] = _json(value) if name == "where" else value
    return asked


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError as error:
        raise UsageError("api.body", "{where}: {reason}", where="where", reason="it is no JSON") from error


OPERATIONS = (
    Operation(
        "positions", "POST", "/api/v1/datasets/{dataset:path}/tables/{table}/positions",
        Text(en="The rows of a table near the positions of a list, pasted or uploaded",
             zh="表中位于所给（粘贴或上传的）坐标列表附近的行"),
        positions,
        (
            path_parameter("dataset", Text(en="Data set id", zh="数据集标识")),
            path_parameter("table", Text(en="Table", zh="表")),
        ),
        body=PositionsRequest,
        responses={writer.media_type: {"type": "string"} for writer in WRITERS}
        | {"application/json": {"type": "object"}},
    ),
)  # fmt: skip
