"""``{release}/sql``: one SELECT of PostgreSQL."""

from __future__ import annotations

from starlette.responses import Response

from tianku.adql.postgres import parse_postgres
from tianku.compat.family import Asked, rows_reply
from tianku.compat.lamost.address import Address
from tianku.compat.lamost.rows import spelling_of
from tianku.compat.wire import wire_format
from tianku.engines.base import Cancellation
from tianku.http.stream import Reply
from tianku.usecases.release_query import run_in_release


async def sql(asked: Asked, address: Address) -> Response:
    """``GET, POST …/sql?sql=&output.fmt=``."""
    text, form = asked.params.required("sql"), wire_format(asked.params.one("output.fmt"))

    def make(cancellation: Cancellation) -> Reply:
        statement = parse_postgres(text)
        answer = run_in_release(asked.centre, asked.principal, address.owner, statement, cancellation=cancellation)
        return rows_reply(answer, form, spelling_of(address))

    return await asked.reply(make)
