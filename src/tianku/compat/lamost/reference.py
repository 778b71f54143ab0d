"""The operations of the LAMOST OpenAPI, for ``openapi.yaml`` and its page."""

from __future__ import annotations

from tianku.compat.body import QueryBody
from tianku.compat.reference import Operation, Parameter
from tianku.model.text import Text

_TABLE = ("application/json", "text/csv", "text/plain", "application/xml-votable")
_FORMAT = Parameter("output.fmt", Text(en="json, csv, votable or txt", zh="json、csv、votable 或 txt"))
_OBSID = Parameter("obsid", Text(en="Identifier of the spectrum", zh="光谱编号"), required=True)
_SQLID = Parameter("sqlid", Text(en="Number of a kept query", zh="已保存查询的编号"), "integer", True)
_RELEASE, _SET = "/{dr_version}/{sub_version}", "/{dr_version}/{sub_version}/{resolution}"


def _number(name: str, en: str, zh: str) -> Parameter:
    return Parameter(name, Text(en=en, zh=zh), "number", True)


def _spectrum(view: str, en: str, zh: str, media: str) -> Operation:
    return Operation("GET", f"{_SET}/spectrum/{view}", Text(en=en, zh=zh), (_OBSID,), (media,))


OPERATIONS: tuple[Operation, ...] = (
    Operation("GET", "/dr_versions", Text(en="Releases", zh="数据版本")),
    Operation("GET", f"{_RELEASE}/tables", Text(en="Tables of a release and their columns", zh="数据表与列")),
    Operation(
        "GET", f"{_RELEASE}/sql", Text(en="One SELECT of PostgreSQL", zh="一条 PostgreSQL 查询"),
        (Parameter("sql", Text(en="The query", zh="查询语句"), required=True), _FORMAT), _TABLE,
    ),
    Operation(
        "POST", f"{_RELEASE}/query/{{table}}",
        Text(en="Structured query of one table; output.fmt html keeps it and answers with its number",
             zh="单表结构化查询；output.fmt 为 html 时保存查询并返回编号"),
        (), _TABLE, QueryBody.model_json_schema(),
    ),
    Operation("GET", f"{_RELEASE}/get_query_result_count",
              Text(en="Rows of a kept query: a bare number", zh="已保存查询的行数"), (_SQLID,)),
    Operation(
        "GET", f"{_RELEASE}/get_query_result", Text(en="A page of a kept query", zh="已保存查询的一页"),
        (_SQLID, Parameter("rows", Text(en="Rows of a page", zh="每页行数"), "integer"),
         Parameter("page", Text(en="Page, from 1", zh="页码，从 1 起"), "integer"), _FORMAT), _TABLE,
    ),
    Operation(
        "GET", f"{_RELEASE}/get_unique_id_and_related_obsids",
        Text(en="A source and all its spectra: by obsid, or by ra, dec, radius", zh="源及其全部光谱"),
        (Parameter("obsid", Text(en="A spectrum of it", zh="其任一光谱")),
         *(Parameter(name, Text(en="Degrees", zh="度"), "number") for name in ("ra", "dec", "radius"))),
    ),
    Operation("GET", f"{_RELEASE}/voservice/tap_url", Text(en="Where TAP is", zh="TAP 服务地址")),
    Operation(
        "GET", f"{_SET}/voservice/conesearch", Text(en="Rows within a cone", zh="锥形检索"),
        (_number("ra", "Degrees", "度"), _number("dec", "Degrees", "度"),
         _number("sr", "Radius, degrees", "半径，度"), _FORMAT), _TABLE,
    ),
    Operation(
        "GET", f"{_SET}/voservice/ssap", Text(en="Spectra within a cone", zh="光谱检索"),
        (Parameter("pos", Text(en="ra,dec in degrees", zh="ra,dec，度"), required=True),
         _number("size", "Radius, degrees", "半径，度"), _FORMAT), _TABLE,
    ),
    _spectrum("info", "What the table has of a spectrum", "光谱在星表中的信息", "application/json"),
    _spectrum("fits", "The file of a spectrum", "光谱文件", "application/gzip"),
    _spectrum("png", "A plot of a spectrum", "光谱图", "image/png"),
    _spectrum("fits2csv", "A spectrum as text", "文本形式的光谱", "text/csv"),
    Operation(
        "GET", f"{_SET}/catalog", Text(en="A whole table as a file", zh="整表文件"),
        (Parameter("name", Text(en="Name of the file", zh="文件名"), required=True),), ("application/gzip",),
    ),
    Operation("GET", f"{_SET}/footprint", Text(en="Map of the sky covered", zh="天区覆盖图"), (), ("image/png",)),
)  # fmt: skip
