"""``POST /api/v1/query``: one page of a query's rows, for tables on screens."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pyarrow as pa
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.requests import Request
from starlette.responses import Response

from tianku.api import describe
from tianku.api.operation import Operation
from tianku.engines.base import Cancellation
from tianku.formats.addresses import absolute_links
from tianku.http.absolute import base_url
from tianku.http.body import BoundedBody, read_body
from tianku.http.caching import cache_headers
from tianku.http.context import FORM_BYTES, context_of, principal_of
from tianku.http.source import Source
from tianku.http.stream import Reply, stream
from tianku.model.errors import UsageError
from tianku.model.text import Text
from tianku.usecases.query import Answer, run_adql

#: largest integer that every JSON reader keeps exact
SAFE_INTEGER = 2**53 - 1
MOST_ROWS = 5000


class QueryRequest(BaseModel):
    """A page of a query."""

    model_config = ConfigDict(extra="forbid")

    adql: str = Field(min_length=1, description="ADQL 2.1")
    limit: int = Field(50, ge=1, le=MOST_ROWS, description="rows of this page")
    offset: int = Field(0, ge=0, description="rows before this page; state an ORDER BY to page reliably")


async def query(request: Request) -> Response:
    """Run the query and answer with its page."""
    context = context_of(request)
    context.gate.check()
    asked = await read_request(request)
    principal = await principal_of(request)
    base = base_url(request, context.site)
    last = asked.offset + asked.limit
    most = context.site.limits.sync_rows
    if last > most:
        raise UsageError(
            "api.page_too_far", "Pages reach to row {most}, not {last}: narrow the query, or fetch it from TAP.",
            most=most, last=last,
        )  # fmt: skip

    def opener(cancellation: Cancellation) -> Reply:
        with run_adql(context.centre, principal, asked.adql, maxrec=last, cancellation=cancellation) as answer:
            body = page_of(answer, asked.offset, base) | {"adql": asked.adql}
            text = json.dumps(body, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()
            return Reply(Source([text]), "application/json", cache_headers(answer.public))

    return await stream(request.receive, context.pools, context.pools.long, context.gauges, opener)


async def read_request(request: Request) -> QueryRequest:
    """Return the request's body, or raise `UsageError` ``api.body`` naming what is wrong with it."""
    bounded = BoundedBody(request.receive, FORM_BYTES, request.headers.get("content-length"))
    try:
        return QueryRequest.model_validate_json(await read_body(bounded))
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "the body"
        raise UsageError("api.body", "{where}: {reason}", where=where, reason=first["msg"]) from None


def page_of(answer: Answer, offset: int, base: str) -> dict[str, Any]:
    """Return the rows from `offset` on as JSON values; the answer is read to its end."""
    rows: list[list[Any]] = []
    for batch in absolute_links(answer.columns, _after(answer.batches(), offset), base):
        columns = [_values(array) for array in batch.columns]
        rows.extend(map(list, zip(*columns, strict=True)))
    return {
        "columns": [describe.column(c) for c in answer.columns],
        "rows": rows,
        "more": answer.overflowed,
        "schema_versions": answer.versions,
    }


def _after(batches: Iterator[pa.RecordBatch], offset: int) -> Iterator[pa.RecordBatch]:
    for batch in batches:
        if batch.num_rows > offset:
            yield batch.slice(offset)
        offset = max(0, offset - batch.num_rows)


def _values(array: pa.Array) -> list[Any]:
    values = array.to_pylist()
    if pa.types.is_string(array.type) or pa.types.is_boolean(array.type):
        return values
    return [json_value(v) for v in values]


def json_value(value: Any) -> Any:
    """NaN and infinities become null, integers that readers would round become strings."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, int):
        return value if -SAFE_INTEGER <= value <= SAFE_INTEGER else str(value)
    if isinstance(value, list):
        return [json_value(v) for v in value]
    if isinstance(value, datetime):
        return value.isoformat()
    return value


_ANSWER = {
    "type": "object",
    "required": ["columns", "rows", "more", "adql", "schema_versions"],
    "properties": {
        "columns": {"type": "array", "items": {"$ref": "#/components/schemas/Column"}},
        "rows": {
            "type": "array",
            "items": {"type": "array"},
            "description": "One array per row; NaN is null, an integer beyond 2^53 is a string",
        },
        "more": {"type": "boolean", "description": "whether there are rows after this page"},
        "adql": {"type": "string"},
        "schema_versions": {
            "type": "object",
            "additionalProperties": {"type": "string"},
            "description": "data set that each alias in the query stood for",
        },
    },
}

OPERATIONS = (
    Operation(
        "query",
        "POST",
        "/api/v1/query",
        Text(en="One page of a query's rows", zh="查询结果的一页"),
        query,
        body=QueryRequest,
        responses={"application/json": _ANSWER},
        example="curl {base}/api/v1/query -H 'Content-Type: application/json' "
        '-d \'{{"adql": "SELECT TOP 10 * FROM tap_schema.tables"}}\'',
    ),
)
