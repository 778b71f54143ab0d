"""Structured queries of one table, and their results page by page."""

from __future__ import annotations

from starlette.responses import Response

from tianku.compat.body import SUBMIT, QueryBody, query_body, read_query_body, search_of
from tianku.compat.family import Asked, plain_rows, rows_reply
from tianku.compat.lamost.address import Address
from tianku.compat.lamost.rows import spelling_of
from tianku.compat.pages import asked_page, first_row, kept_number
from tianku.compat.searching import count, run
from tianku.compat.wire import wire_format
from tianku.engines.base import Cancellation
from tianku.http.stream import Reply
from tianku.model.errors import NotFoundError
from tianku.usecases.kept_queries import KeptQueries, KeptQuery

FAMILY = "lamost"


async def query(asked: Asked, address: Address, table: str) -> Response:
    """``POST …/query/{table}``: rows, or with ``output.fmt`` html the number that pages are asked by."""
    body = await read_query_body(asked.request)
    limit, offset = body.bounds

    def make(cancellation: Cancellation) -> Reply:
        meta = asked.viewer.dataset_table(address.owner.id, table)
        search = search_of(body, meta)
        if body.output_format in SUBMIT:
            kept = KeptQuery(FAMILY, address.owner.id, meta.name, body.model_dump_json(by_alias=True))
            number = KeptQueries(asked.centre.data_root).keep(kept)
            return asked.json({"sqlid": number}, public=False)
        answer, reshape = run(
            asked.centre, asked.principal, address.owner.id, meta, search, limit, offset, cancellation
        )
        return rows_reply(answer, wire_format(body.output_format), spelling_of(address), reshaped=reshape)

    return await asked.reply(make)


def kept_of(asked: Asked, address: Address) -> tuple[int, str, QueryBody]:
    """Return the number, the table and the body of the query that ``sqlid`` names."""
    number = kept_number(asked.params.required("sqlid"))
    kept = KeptQueries(asked.centre.data_root).get(number, FAMILY)
    if kept.dataset != address.owner.id:
        raise NotFoundError(
            "compat.other_release", "query {number} is of {dataset}", number=number, dataset=kept.dataset
        )
    return number, kept.table, query_body(kept.body)


async def result_count(asked: Asked, address: Address) -> Response:
    """``GET …/get_query_result_count?sqlid=``: the bare number, which is all that clients can read."""

    def make(cancellation: Cancellation) -> Reply:
        _, table, body = kept_of(asked, address)
        meta = asked.viewer.dataset_table(address.owner.id, table)
        rows, public = count(
            asked.centre, asked.principal, address.owner.id, meta, search_of(body, meta), cancellation
        )
        return asked.json(rows, public=public)

    return await asked.reply(make)


async def grid(asked: Asked, address: Address) -> Response:
    """``GET {root}/sqlid/{id}?output.fmt=&rows=&page=``: ``{"total", "rows"}``, or rows in a format asked for."""
    if (asked.params.one("output.fmt") or SUBMIT[-1]).lower() not in SUBMIT:
        return await result(asked, address)
    page = asked_page(asked.params)

    def make(cancellation: Cancellation) -> Reply:
        number, table, body = kept_of(asked, address)
        meta = asked.viewer.dataset_table(address.owner.id, table)
        search = search_of(body, meta)
        total, public = count(asked.centre, asked.principal, address.owner.id, meta, search, cancellation)
        offset = first_row(asked, number, page, lambda: total)
        answer, reshape = run(
            asked.centre, asked.principal, address.owner.id, meta, search, page.rows, offset, cancellation
        )
        with answer:
            rows = plain_rows(answer, spelling_of(address), reshape)
        return asked.json({"total": total, "rows": rows}, public=public)

    return await asked.reply(make)


async def result(asked: Asked, address: Address) -> Response:
    """``GET …/get_query_result?sqlid=&rows=&page=&output.fmt=``."""
    page, form = asked_page(asked.params), wire_format(asked.params.one("output.fmt"))

    def make(cancellation: Cancellation) -> Reply:
        number, table, body = kept_of(asked, address)
        meta = asked.viewer.dataset_table(address.owner.id, table)
        search = search_of(body, meta)

        def total() -> int:
            return count(asked.centre, asked.principal, address.owner.id, meta, search, cancellation)[0]

        offset = first_row(asked, number, page, total)
        answer, reshape = run(
            asked.centre, asked.principal, address.owner.id, meta, search, page.rows, offset, cancellation
        )
        return rows_reply(answer, form, spelling_of(address), reshaped=reshape)

    return await asked.reply(make)
