"""Queries of the interface: submit, count, pages; and cones."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.responses import Response

from tianku.adql.build import Order
from tianku.compat.body import SUBMIT, Search, position_of, query_body, read_query_body, search_of
from tianku.compat.family import Asked, protocol_info, rows_reply
from tianku.compat.nadc.catalogues import Catalogue, catalogue_of, catalogues
from tianku.compat.nadc.describe import column
from tianku.compat.pages import asked_page, first_row, kept_number
from tianku.compat.searching import count, run
from tianku.compat.wire import wire_format
from tianku.engines.base import Cancellation
from tianku.http.stream import Reply
from tianku.model.errors import NotFoundError, UsageError
from tianku.model.metadata import TableMeta
from tianku.usecases.kept_queries import KeptQueries, KeptQuery
from tianku.usecases.query import cone

FAMILY = "nadc"


async def submit(asked: Asked, name: str, table: str | None) -> Response:
    """``POST catalogs/{cat}[/tables/{t}]/query``: keep the query, or with another ``output.fmt`` run it."""
    body = await read_query_body(asked.request)
    limit, offset = body.bounds

    def make(cancellation: Cancellation) -> Reply:
        viewer = asked.viewer
        catalogue = catalogue_of(viewer, name)
        meta = catalogue.table(viewer, table)
        search = search_of(body, meta)
        if body.output_format not in SUBMIT:
            owner = catalogue.owner.id
            answer, reshape = run(asked.centre, asked.principal, owner, meta, search, limit, offset, cancellation)
            return rows_reply(answer, wire_format(body.output_format), catalogue.spelling, reshaped=reshape)
        kept = KeptQuery(FAMILY, catalogue.owner.id, meta.name, body.model_dump_json(by_alias=True))
        told = {
            "sqlid": KeptQueries(asked.centre.data_root).keep(kept),
            "metacols": metacols(meta, search.columns),
            "is_single_table": True,
            "order": body.order.upper(),
            "real_sort_col": search.order.column if search.order else None,
        }
        return asked.json(told, public=False)

    return await asked.reply(make)


def metacols(meta: TableMeta, names: Sequence[str] | None) -> list[dict[str, object]]:
    """Return what is said of the columns of an answer."""
    wanted = None if names is None else set(names)
    numbered = enumerate(meta.columns, 1)
    return [column(one, n, meta) for n, one in numbered if wanted is None or one.name in wanted]


def kept_search(asked: Asked, number: int) -> tuple[Catalogue, TableMeta, Search]:
    """Return the catalogue, the table and the search of a kept query, as far as they are still to be seen."""
    kept = KeptQueries(asked.centre.data_root).get(number, FAMILY)
    viewer = asked.viewer
    found = [one for one in catalogues(viewer) if one.owner.id == kept.dataset]
    if not found:
        raise NotFoundError("dataset.unknown", "there is no dataset {dataset}", dataset=kept.dataset)
    meta = viewer.dataset_table(kept.dataset, kept.table)
    return found[0], meta, search_of(query_body(kept.body), meta)


async def counted(asked: Asked, text: str) -> Response:
    """``GET sqlid/{id}/count``: the bare number."""
    number = kept_number(text)

    def make(cancellation: Cancellation) -> Reply:
        catalogue, meta, search = kept_search(asked, number)
        rows, public = count(asked.centre, asked.principal, catalogue.owner.id, meta, search, cancellation)
        return asked.json(rows, public=public)

    return await asked.reply(make)


async def results(asked: Asked, text: str, extension: str) -> Response:
    """``GET sqlid/{id}/results.{json,csv,votable,txt}?page=&rows=&sort=&order=``."""
    number, page, form = kept_number(text), asked_page(asked.params), wire_format(extension)
    sort, direction = asked.params.one("sort"), (asked.params.one("order") or "asc").lower()
    if direction not in ("asc", "desc"):
        raise UsageError("compat.value", "{column}: {reason}", column="order", reason="it is asc or desc")

    def make(cancellation: Cancellation) -> Reply:
        catalogue, meta, search = kept_search(asked, number)
        owner = catalogue.owner.id
        if sort is not None:
            search = search.sorted_by(Order(sort, direction == "desc"))

        def total() -> int:
            return count(asked.centre, asked.principal, owner, meta, search, cancellation)[0]

        offset = first_row(asked, number, page, total)
        answer, reshape = run(asked.centre, asked.principal, owner, meta, search, page.rows, offset, cancellation)
        return rows_reply(answer, form, catalogue.spelling, reshaped=reshape)

    return await asked.reply(make)


async def conesearch(asked: Asked, name: str, table: str | None) -> Response:
    """``GET vo/{cat}/conesearch`` and ``catalogs/{cat}/tables/{t}/vo/conesearch``: RA, DEC, SR in degrees."""
    params, most = asked.params, asked.context.site.limits.cone_degrees
    form = wire_format(params.one("output.fmt"), "votable")
    place = (
        params.number("RA", 0.0, 360.0), params.number("DEC", -90.0, 90.0), params.number("SR", 0.0, most)
    )  # fmt: skip
    verbosity, group = params.one("VERB") or "2", params.one("coordinate_group")
    if verbosity not in ("1", "2", "3"):
        raise UsageError("compat.value", "{column}: {reason}", column="VERB", reason="it is 1, 2 or 3")

    def make(cancellation: Cancellation) -> Reply:
        viewer = asked.viewer
        catalogue = catalogue_of(viewer, name)
        meta = catalogue.table(viewer, table)
        position = position_of(meta, group)
        needed = {position.ra, position.dec, meta.id_column}
        columns = [one.name for one in meta.columns if one.name in needed] if verbosity == "1" else None
        answer = cone(
            asked.centre, asked.principal, catalogue.owner.id, meta.name, *place, position=position.name,
            maxrec=asked.context.site.limits.sync_rows, columns=columns, cancellation=cancellation,
        )  # fmt: skip
        return rows_reply(answer, form, catalogue.spelling, info=protocol_info("Simple Cone Search 1.03"))

    return await asked.reply(make)
