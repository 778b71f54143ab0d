"""All observations of one source."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response

from tianku.api import describe
from tianku.api.operation import Operation, Parameter, path_parameter
from tianku.api.query import json_value
from tianku.engines.base import Cancellation
from tianku.http.caching import cache_headers
from tianku.http.context import context_of, principal_of
from tianku.http.source import Source as Pieces
from tianku.http.stream import Reply, stream
from tianku.model.errors import NotFoundError, UsageError
from tianku.model.text import Text
from tianku.products.did import ProductId
from tianku.usecases.epochs import Source, SourceRows, source, source_of_product


async def epochs(request: Request) -> Response:
    """``GET /api/v1/datasets/{dataset}/epochs?uid=`` or ``?set=&key=``."""
    context = context_of(request)
    context.gate.check()
    principal = await principal_of(request)
    dataset = request.path_params["dataset"]
    uid, set_name, key = (request.query_params.get(name) for name in ("uid", "set", "key"))
    if not uid and not (set_name and key):
        raise UsageError("identity.ask", "say which source, as `uid=`, or which product, as `set=` and `key=`")

    def opener(cancellation: Cancellation) -> Reply:
        name = uid or source_of_product(context.centre, principal, dataset, set_name or "", key or "")
        if name is None:
            raise NotFoundError(
                "identity.no_source", "no table says which source {key} of {name} is", key=key, name=set_name
            )
        found = source(context.centre, principal, dataset, name)
        body = json.dumps(source_json(found, context.site.authority), ensure_ascii=False, allow_nan=False)
        return Reply(Pieces([body.encode()]), "application/json", cache_headers(principal.anonymous))

    return await stream(request.receive, context.pools, context.pools.engine, context.gauges, opener)


def source_json(one: Source, authority: str) -> describe.Json:
    """Return a source with its epochs."""
    return {
        "dataset": one.dataset,
        "uid": one.uid,
        "described": [_rows(rows) for rows in one.described],
        "epochs": [_rows(rows) | _products(one.dataset, rows, authority) for rows in one.epochs],
    }


def _rows(one: SourceRows) -> describe.Json:
    rows = [[json_value(value) for value in row.values()] for row in one.rows]
    return {"table": one.table, "columns": [describe.column(c) for c in one.columns], "rows": rows}


def _products(dataset: str, one: SourceRows, authority: str) -> dict[str, Any]:
    if one.link is None:
        return {}
    name = one.link.set
    products = [
        {
            "key": key,
            "did": str(ProductId(authority, dataset, name, key)),
            "url": f"/api/v1/products/{dataset}/{name}/{quote(key)}",
        }
        for key in one.keys
    ]
    return {"set": name, "products": products}


OPERATIONS = (
    Operation(
        "epochs", "GET", "/api/v1/datasets/{dataset:path}/epochs",
        Text(en="All observations of one source, with their rows and products",
             zh="同一天体的全部观测，及其各行与数据产品"),
        epochs,
        (
            path_parameter("dataset", Text(en="Data set id", zh="数据集标识")),
            Parameter("uid", Text(en="Identifier of the source", zh="天体标识")),
            Parameter("set", Text(en="Or a product of it: its set", zh="或由其某一产品给出：产品集")),
            Parameter("key", Text(en="and its key", zh="及产品的键")),
        ),
    ),
)  # fmt: skip
