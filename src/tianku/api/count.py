"""``POST /api/v1/count``: how many rows a query would give, for forms that tell it while they are filled in."""

from __future__ import annotations

import json

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.requests import Request
from starlette.responses import Response

from tianku.api.operation import Operation
from tianku.engines.base import Cancellation
from tianku.http.body import BoundedBody, read_body
from tianku.http.caching import cache_headers
from tianku.http.context import FORM_BYTES, context_of, principal_of
from tianku.http.source import Source
from tianku.http.stream import Reply, stream
from tianku.model.errors import UsageError
from tianku.model.text import Text
from tianku.usecases.count import SECONDS, count_rows


class CountRequest(BaseModel):
    """A count."""

    model_config = ConfigDict(extra="forbid")

    adql: str = Field(min_length=1, description="SELECT COUNT(*) FROM … WHERE …")


async def count(request: Request) -> Response:
    """Count, or estimate where it takes too long."""
    context = context_of(request)
    context.gate.check()
    bounded = BoundedBody(request.receive, FORM_BYTES, request.headers.get("content-length"))
    try:
        asked = CountRequest.model_validate_json(await read_body(bounded))
    except ValidationError as error:
        raise UsageError("api.body", "{where}: {reason}", where="adql", reason=error.errors()[0]["msg"]) from None
    principal = await principal_of(request)

    def opener(cancellation: Cancellation) -> Reply:
        found = count_rows(context.centre, principal, asked.adql, cancellation=cancellation)
        body = json.dumps({"rows": found.rows, "exact": found.exact}).encode()
        return Reply(Source([body]), "application/json", cache_headers(found.public))

    return await stream(request.receive, context.pools, context.pools.long, context.gauges, opener)


_ANSWER = {
    "type": "object",
    "required": ["rows", "exact"],
    "properties": {
        "rows": {"type": "integer", "minimum": 0},
        "exact": {
            "type": "boolean",
            "description": f"false when counting takes over {SECONDS:g} s: then `rows` is what would be read",
        },
    },
}

OPERATIONS = (
    Operation(
        "count",
        "POST",
        "/api/v1/count",
        Text(en="How many rows a query has, or an estimate of it", zh="查询的行数或其估计"),
        count,
        body=CountRequest,
        responses={"application/json": _ANSWER},
    ),
)
