"""``POST /api/v1/crossmatch``: two tables matched by position, either of them sent along."""

from __future__ import annotations

from collections.abc import Mapping
from typing import BinaryIO, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException
from starlette.requests import Request
from starlette.responses import Response

from tianku.api.operation import Operation
from tianku.engines.base import Cancellation
from tianku.formats.table import Info, TableInfo
from tianku.formats.writers import WRITERS, get_writer
from tianku.http.absolute import base_url
from tianku.http.body import BoundedBody, read_body
from tianku.http.context import FORM_BYTES, Context, context_of, principal_of
from tianku.http.stream import Reply, stream
from tianku.http.tabular import table_reply
from tianku.model.errors import UsageError
from tianku.model.text import Text
from tianku.usecases.crossmatch import crossmatch
from tianku.usecases.match_tables import MatchTable
from tianku.usecases.match_upload import read_given

_MULTIPART = "multipart/form-data"


class MatchSide(BaseModel):
    """One of the two tables."""

    model_config = ConfigDict(extra="forbid")

    table: str | None = Field(
        None, description="schema.table; absent when a file is sent as the part of this name"
    )
    columns: list[str] | None = Field(None, description="of the answer, all if absent")
    position: str | None = Field(None, description="one of the table's positions; the main one if absent")
    ra: str | None = Field(
        None, description="column of right ascension, ICRS degrees; found by UCD and name if absent"
    )
    dec: str | None = Field(None, description="column of declination")
    radius: str | None = Field(
        None, description="of `left`: column of each row's own radius, arcsec unless its unit is another angle"
    )


class CrossmatchRequest(BaseModel):
    """A cross-match."""

    model_config = ConfigDict(extra="forbid")

    left: MatchSide = Field(
        default_factory=MatchSide,
        description="the table whose rows look for partners: {table, columns, position, ra, dec, radius}",
    )
    right: MatchSide = Field(default_factory=MatchSide, description="the table of the partners, likewise")
    radius: float = Field(ge=0, le=18_000, description="largest separation, arcsec, 5 degrees at most")
    join: Literal["inner", "left", "anti", "best"] = Field(
        "inner",
        description="inner: rows with partners; left: all rows of the left table; anti: its rows without partner; "
        "best: pairs each of which is the other's nearest",
    )
    nearest: int | None = Field(1, ge=1, description="partners of each row at most; null for all")
    epoch: float | None = Field(
        None, description="Julian year to which rows of known epoch and proper motion are moved"
    )
    maxrec: int | None = Field(None, ge=0, description="rows of the answer at most")
    format: str = Field("json", description="such as csv, votable, fits, parquet")


async def match(request: Request) -> Response:
    """Match and stream the answer."""
    context = context_of(request)
    context.gate.check()
    asked, files = await _read(request, context)
    principal = await principal_of(request)
    writer, base = get_writer(asked.format), base_url(request, context.site)

    def opener(cancellation: Cancellation) -> Reply:
        try:
            left, right = (_side(context, asked, files, name) for name in ("left", "right"))
        finally:
            for file in files.values():
                file.close()
        answer = crossmatch(
            context.centre, principal, left, right, asked.radius / 3600,
            join=asked.join, nearest=asked.nearest, epoch=asked.epoch, maxrec=asked.maxrec,
            cancellation=cancellation,
        )  # fmt: skip
        info = TableInfo(name="crossmatch", infos=(Info("QUERY_STATUS", "OK"),))
        return table_reply(answer, writer, info, base, filename=f"crossmatch.{writer.extension}")

    return await stream(request.receive, context.pools, context.pools.long, context.gauges, opener)


def _side(context: Context, asked: CrossmatchRequest, files: Mapping[str, BinaryIO], name: str) -> MatchTable:
    side: MatchSide = getattr(asked, name)
    if (side.table is None) == (name not in files):
        raise UsageError(
            "match.side", "{side}: either name a published table, or send a file as the part {side}", side=name
        )
    folder = context.centre.data_root / "tmp"
    table = side.table if side.table is not None else read_given(files[name], folder, name)
    return MatchTable(table, side.columns, side.position, side.ra, side.dec, side.radius)


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
)  # fmt: skip
