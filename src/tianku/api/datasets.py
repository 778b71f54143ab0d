"""What is published: data sets, tables, and the schema that queries see."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from tianku.api import describe
from tianku.api.operation import Operation, Parameter, path_parameter
from tianku.http.caching import cache_headers
from tianku.http.context import context_of, principal_of
from tianku.model.access import Level
from tianku.model.text import Text
from tianku.usecases import schema
from tianku.usecases.viewer import Viewer

_DATASET = path_parameter(
    "dataset", Text(en="Data set id, such as lamost/dr10/v2.0", zh="数据集标识,如 lamost/dr10/v2.0")
)


async def _answer(request: Request, make: Callable[[Viewer], dict[str, Any]]) -> Response:
    """Answer with what `make` says of the picture as the caller sees it."""
    context = context_of(request)
    principal = await principal_of(request)

    def body() -> Response:
        viewer = Viewer(context.centre.picture(), principal, context.centre.clock())
        return JSONResponse(make(viewer), headers=cache_headers(principal.anonymous))

    return await context.pools.engine.run(body)


async def datasets(request: Request) -> Response:
    """``GET /api/v1/datasets``."""

    def make(viewer: Viewer) -> dict[str, Any]:
        visible = viewer.picture.visible(viewer.principal, viewer.now)
        return {"datasets": [describe.dataset(viewer, one) for one in visible]}

    return await _answer(request, make)


async def dataset(request: Request) -> Response:
    """``GET /api/v1/datasets/{dataset}``."""
    name = request.path_params["dataset"]
    return await _answer(request, lambda v: describe.dataset_details(v, v.published_dataset(name)))


async def table(request: Request) -> Response:
    """``GET /api/v1/datasets/{dataset}/tables/{table}``."""
    owner, name = request.path_params["dataset"], request.path_params["table"]
    return await _answer(
        request, lambda v: describe.table_details(v, v.published_table(owner, name, Level.EXISTENCE))
    )


async def query_schema(request: Request) -> Response:
    """``GET /api/v1/schema[?schema=…]``."""
    context = context_of(request)
    wanted = {name.lower() for name in request.query_params.getlist("schema")}

    def make(viewer: Viewer) -> dict[str, Any]:
        listings = schema.schemas(context.centre, viewer.principal)
        chosen = [one for one in listings if not wanted or one.name.lower() in wanted]
        return {
            "schemas": [{"name": one.name, "description": one.description} for one in chosen],
            "aliases": schema.aliases(context.centre, viewer.principal),
            "tables": [describe.schema_table(t) for one in chosen for t in one.tables],
        }

    return await _answer(request, make)


OPERATIONS = (
    Operation(
        "datasets", "GET", "/api/v1/datasets",
        Text(en="All data sets, with their tables and product sets", zh="全部数据集及其星表与数据产品集"),
        datasets,
        example="curl {base}/api/v1/datasets",
    ),
    Operation(
        "table", "GET", "/api/v1/datasets/{dataset:path}/tables/{table}",
        Text(en="One table: columns, units, UCDs, statistics", zh="一张星表:列、单位、UCD 与统计"),
        table,
        (_DATASET, path_parameter("table", Text(en="Table name", zh="表名"))),
    ),
    Operation(
        "dataset", "GET", "/api/v1/datasets/{dataset:path}",
        Text(en="One data set: description, citation, contents", zh="一个数据集:说明、引用与内容"),
        dataset,
        (_DATASET,),
    ),
    Operation(
        "schema", "GET", "/api/v1/schema",
        Text(en="Every table and column that queries may use", zh="查询可用的全部表与列"),
        query_schema,
        (
            Parameter(
                "schema",
                Text(en="Only this schema; may be repeated", zh="仅此模式;可重复"),
                {"type": "array", "items": {"type": "string"}},
            ),
        ),
    ),
)  # fmt: skip
