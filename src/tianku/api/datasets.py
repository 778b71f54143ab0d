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
from tianku.http.params import Params, query_pairs
from tianku.model.access import Level
from tianku.model.text import Text
from tianku.usecases import schema
from tianku.usecases.datasets import FACETS, Wanted, entries, search
from tianku.usecases.downloads import offered
from tianku.usecases.viewer import Viewer

_DATASET = path_parameter(
    "dataset",
    Text(
        en="Data set id, such as lamost/dr10/v2.0; lamost/latest leads to the newest you may read",
        zh="数据集标识，如 lamost/dr10/v2.0；lamost/latest 转到您可读的最新版本",
    ),
)

#: characters of a search that count
WORDS = 200
_FACETS = {
    "type": Text(en="Kind of data, such as spectrum; may be repeated (any of them)",
                 zh="数据类型，如 spectrum；可重复（取其一）"),
    "waveband": Text(en="Such as Optical; may be repeated", zh="波段，如 Optical；可重复"),
    "facility": Text(en="Telescope or satellite; may be repeated", zh="设备；可重复"),
    "years": Text(en="Decade of observation, such as 2010–2019; may be repeated",
                  zh="观测年代，如 2010–2019；可重复"),
    "access": Text(en="public, granted (closed, open to you), restricted or elsewhere; may be repeated",
                   zh="public（公开）、granted（对您开放）、restricted（受限）或 elsewhere（外部）；可重复"),
}  # fmt: skip


def _facet(name: str, said: Text) -> Parameter:
    return Parameter(name, said, {"type": "array", "items": {"type": "string"}})


async def _answer(request: Request, make: Callable[[Viewer], dict[str, Any]]) -> Response:
    """Answer with what `make` says of the picture as the caller sees it."""
    context = context_of(request)
    principal = await principal_of(request)

    def body() -> Response:
        viewer = Viewer(context.centre.picture(), principal, context.centre.clock())
        return JSONResponse(make(viewer), headers=cache_headers(principal.anonymous))

    return await context.pools.engine.run(body)


async def datasets(request: Request) -> Response:
    """``GET /api/v1/datasets[?q=…&type=…&waveband=…&facility=…&years=…&access=…]``."""
    params = Params(query_pairs(request))
    chosen = {facet: frozenset(params.all(facet)) - {""} for facet in FACETS}
    wanted = Wanted((params.one("q") or "")[:WORDS], chosen)

    def make(viewer: Viewer) -> dict[str, Any]:
        found = search(entries(viewer), wanted)
        return {
            "datasets": [describe.entry(viewer, one) for one in found.entries],
            "found": len(found.entries),
            "total": found.total,
            "facets": {
                facet: [{"value": v.value, "count": v.count, "chosen": v.chosen} for v in values]
                for facet, values in found.facets.items()
            },
        }

    return await _answer(request, make)


async def downloads(request: Request) -> Response:
    """``GET /api/v1/datasets/{dataset}/downloads``."""
    centre, name = context_of(request).centre, request.path_params["dataset"]

    def make(viewer: Viewer) -> dict[str, Any]:
        files = offered(centre, viewer, viewer.published_dataset(name))
        return {"dataset": name, "downloads": [describe.download(one) for one in files]}

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
        Text(en="The catalogue of data sets, with their tables and product sets, and counts by facet",
             zh="数据集目录：数据集及其星表与数据产品集，以及各分面的数目"),
        datasets,
        (
            Parameter("q", Text(en="Words that titles, descriptions, keywords or names must all hold",
                                zh="标题、说明、关键词或名称须包含的全部词语")),
            *(_facet(name, said) for name, said in _FACETS.items()),
        ),
        example="curl '{base}/api/v1/datasets?type=spectrum&waveband=Optical'",
    ),
    Operation(
        "downloads", "GET", "/api/v1/datasets/{dataset:path}/downloads",
        Text(en="Whole tables as files, with sizes and checksums", zh="整表文件下载，含大小与校验和"),
        downloads,
        (_DATASET,),
        example="curl {base}/api/v1/datasets/hipparcos/downloads",
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
