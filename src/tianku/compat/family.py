"""What the routes of these interfaces share: who asks, parameters, and the reply that writes rows."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import pyarrow as pa
from starlette.requests import Request
from starlette.responses import Response

from tianku.compat.wire import Spelling, WireFormat, whole
from tianku.engines.base import Cancellation
from tianku.formats.json import write_json_rows
from tianku.formats.table import Info, TableInfo
from tianku.http.absolute import base_url
from tianku.http.caching import cache_headers
from tianku.http.context import FORM_BYTES, Context, context_of, principal_of
from tianku.http.params import Params, query_pairs, read_params
from tianku.http.source import Source
from tianku.http.stream import Reply, stream
from tianku.model.access import Principal
from tianku.model.metadata import Column
from tianku.usecases.query import Answer
from tianku.usecases.viewer import Viewer

if TYPE_CHECKING:
    from tianku.usecases.centre import Centre

#: batches of a query into those of the answer, with its columns
Reshaped = tuple[tuple[Column, ...], Iterable[pa.RecordBatch]]


@dataclass(frozen=True, slots=True)
class Asked:
    """A request: by whom, with what parameters."""

    request: Request
    context: Context
    principal: Principal
    params: Params

    @property
    def centre(self) -> Centre:
        """The services."""
        return self.context.centre

    @property
    def base(self) -> str:
        """Address of the site."""
        return base_url(self.request, self.context.site)

    @property
    def viewer(self) -> Viewer:
        """What the caller sees now."""
        return Viewer(self.centre.picture(), self.principal, self.centre.clock())

    def adding(self, name: str, value: str) -> Asked:
        """Return the same request with a parameter that its path gives."""
        return replace(self, params=self.params.adding(name, value))

    async def reply(self, make: Callable[[Cancellation], Reply]) -> Response:
        """Make a reply in a thread that may run queries and read files, and stream it."""
        pools = self.context.pools
        return await stream(self.request.receive, pools, pools.long, self.context.gauges, make)

    def json(self, value: object, *, public: bool | None = None) -> Reply:
        """Return the reply that is `value`; `public`: everybody is told the same."""
        text = json.dumps(value, ensure_ascii=False, allow_nan=False).encode()
        headers = cache_headers(self.principal.anonymous if public is None else public)
        return Reply(Source([text]), "application/json", headers)


async def read_asked(request: Request, *, body: bool = False) -> Asked:
    """Return what is asked by whom; `body`: the body is no form, and stays unread.

    Raises
    ------
    CredentialsError
        ``identity.credentials``
    """
    context = context_of(request)
    context.gate.check()
    params = Params(query_pairs(request)) if body else await read_params(request, FORM_BYTES)
    principal = await principal_of(request, token=params.one("token"))
    return Asked(request, context, principal, params)


def rows_reply(
    answer: Answer,
    form: WireFormat,
    spelling: Spelling,
    *,
    reshaped: Callable[[Answer, Iterator[pa.RecordBatch]], Reshaped] | None = None,
    info: TableInfo | None = None,
    filename: str | None = None,
) -> Reply:
    """Return the reply that writes `answer`, and owns it from now on."""
    columns: tuple[Column, ...] = answer.columns
    batches: Iterable[pa.RecordBatch] = whole(answer) if form.texts else answer.batches()
    if reshaped is not None:
        columns, batches = reshaped(answer, iter(batches))
    spelt = spelling.batches(columns, batches, texts=form.texts)
    said = replace(info or TableInfo(), overflow=answer.overflow)
    pieces = form.write(spelling.columns(columns, texts=form.texts), spelt, said)
    headers = cache_headers(answer.public)
    if filename is not None:
        headers["content-disposition"] = attachment(filename)
    return Reply(Source(pieces, answer.cancel, answer.close), form.media_type, headers)


def plain_rows(
    answer: Answer,
    spelling: Spelling,
    reshaped: Callable[[Answer, Iterator[pa.RecordBatch]], Reshaped] | None = None,
) -> list[dict[str, object]]:
    """Return the rows of a small answer as objects, spelt as JSON has them."""
    columns: tuple[Column, ...] = answer.columns
    batches: Iterable[pa.RecordBatch] = whole(answer)
    if reshaped is not None:
        columns, batches = reshaped(answer, iter(batches))
    spelt = spelling.batches(columns, batches, texts=True)
    written = write_json_rows(spelling.columns(columns, texts=True), spelt, TableInfo())
    found: list[dict[str, object]] = json.loads(b"".join(written))
    return found


def protocol_info(protocol: str) -> TableInfo:
    """Return what a VOTable says of the protocol it answers."""
    return TableInfo(infos=(Info("protocol", protocol),))


def attachment(filename: str) -> str:
    """Return Content-Disposition as the clients cut it up: no quotes, and one ``=`` alone."""
    return "attachment; filename=" + re.sub(r"[^\w.+-]", "_", filename, flags=re.ASCII)
