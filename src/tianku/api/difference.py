"""What differs between two versions of a data set."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from tianku.api.operation import Operation, Parameter, path_parameter
from tianku.engines.base import Cancellation
from tianku.formats.table import Info, TableInfo
from tianku.formats.writers import WRITERS, get_writer
from tianku.http.absolute import base_url
from tianku.http.caching import cache_headers
from tianku.http.context import context_of, principal_of
from tianku.http.source import Source
from tianku.http.stream import Reply, stream
from tianku.http.tabular import table_reply
from tianku.model.errors import UsageError
from tianku.model.metadata import Frozen
from tianku.model.text import Text
from tianku.usecases import difference as use


async def difference(request: Request) -> Response:
    """``GET /api/v1/datasets/{dataset}/difference/{other}[?table=]``."""
    context = context_of(request)
    context.gate.check()
    principal = await principal_of(request)
    dataset, other = request.path_params["dataset"], request.path_params["other"]
    table = request.query_params.get("table")

    def opener(cancellation: Cancellation) -> Reply:
        centre = context.centre
        if table is None:
            found: Frozen = use.dataset_difference(centre, principal, dataset, other)
        else:
            found = use.table_difference(centre, principal, dataset, other, table, cancellation)
        body = found.model_dump_json().encode()
        return Reply(Source([body]), "application/json", cache_headers(principal.anonymous))

    return await stream(request.receive, context.pools, context.pools.long, context.gauges, opener)


async def changes(request: Request) -> Response:
    """``GET /api/v1/datasets/{dataset}/difference/{other}/rows?table=``."""
    context = context_of(request)
    context.gate.check()
    principal = await principal_of(request)
    dataset, other = request.path_params["dataset"], request.path_params["other"]
    asked = request.query_params
    table = asked.get("table")
    if not table:
        raise UsageError("difference.no_table", "say which table is compared, as `table=`")
    writer = get_writer(asked.get("format", "json"))
    offset, limit = _number(asked.get("offset"), "offset") or 0, _number(asked.get("limit"), "limit")
    base = base_url(request, context.site)

    def opener(cancellation: Cancellation) -> Reply:
        answer = use.changes(
            context.centre,
            principal,
            dataset,
            other,
            table,
            kinds=asked.getlist("change") or use.CHANGES,
            columns=asked.getlist("column"),
            offset=offset,
            maxrec=limit,
            cancellation=cancellation,
        )
        words = f"Changes of {table} from {other} to {dataset}"
        info = TableInfo(name="changes", description=words, infos=(Info("QUERY_STATUS", "OK"),))
        name = f"{dataset}.{table}.changes.{writer.extension}".replace("/", "_")
        return table_reply(answer, writer, info, base, filename=name)

    return await stream(request.receive, context.pools, context.pools.long, context.gauges, opener)


def _number(text: str | None, name: str) -> int | None:
    if text is None:
        return None
    if not text.isdecimal() or len(text) > 12:
        raise UsageError(
            "difference.number", "{name} must be a whole number from 0 on, not {text}", name=name, text=text[:20]
        )
    return int(text)


_DATASET = path_parameter("dataset", Text(en="The (newer) data set", zh="（较新的）数据集"))
_OTHER = path_parameter("other", Text(en="The version it is compared with", zh="与之比较的版本"))
_TABLE = Text(en="Table that both have; without it only the lists of tables are compared",
              zh="两者共有的表；不给则只比较表的清单")  # fmt: skip
_NUMBER = {"type": "integer", "minimum": 0}
_CHANGE = Text(en="added, removed or changed; may be repeated", zh="added、removed 或 changed；可重复")
_COLUMN = Text(en="Only changes of this column; may be repeated", zh="仅此列的变化；可重复")
_FORMAT = Text(en="Such as csv, votable, fits, parquet", zh="如 csv、votable、fits、parquet")

OPERATIONS = (
    Operation(
        "difference_rows", "GET", "/api/v1/datasets/{dataset:path}/difference/{other:path}/rows",
        Text(en="What changed between two versions of a table, a line per row or value",
             zh="一张表两个版本之间的变化，每行或每值一条"),
        changes,
        (
            _DATASET, _OTHER,
            Parameter("table", _TABLE),
            Parameter("change", _CHANGE),
            Parameter("column", _COLUMN),
            Parameter("format", _FORMAT),
            Parameter("offset", Text(en="Lines before the first", zh="跳过的行数"), _NUMBER),
            Parameter("limit", Text(en="Lines at most", zh="最多行数"), _NUMBER),
        ),
        responses={writer.media_type: {"type": "string"} for writer in WRITERS},
    ),
    Operation(
        "difference", "GET", "/api/v1/datasets/{dataset:path}/difference/{other:path}",
        Text(en="Tables, rows, columns and values that changed from another version",
             zh="相对另一版本，表、行、列与值的变化"),
        difference,
        (_DATASET, _OTHER, Parameter("table", _TABLE)),
    ),
)  # fmt: skip
