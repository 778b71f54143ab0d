"""Structured queries run: the rows of a search, and how many there are."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, cast

import pyarrow as pa
from sqlglot import exp

from tianku.adql.build import Condition, Order, select
from tianku.adql.parser import Statement
from tianku.compat.body import Search
from tianku.engines.base import Cancellation
from tianku.model.access import Principal
from tianku.model.metadata import Column, TableMeta
from tianku.usecases.positions import search_list
from tianku.usecases.query import Answer, run_statement

if TYPE_CHECKING:
    from tianku.usecases.centre import Centre

#: what a list of positions adds before a table's columns: line, name, position, separation
_GIVEN = 5
#: and what these interfaces call them; names are not told
_CALLED = ("inputobjs_input_line", None, "inputobjs_ra", "inputobjs_dec", "inputobjs_dist_arcsec")
#: columns that put rows without a unique one in an order
_SORTED = 4

Reshaped = tuple[tuple[Column, ...], Iterable[pa.RecordBatch]]
Reshape = Callable[[Answer, Iterator[pa.RecordBatch]], Reshaped]


def run(
    centre: Centre,
    principal: Principal,
    dataset: str,
    table: TableMeta,
    search: Search,
    limit: int | None,
    offset: int,
    cancellation: Cancellation | None = None,
) -> tuple[Answer, Reshape | None]:
    """Return the rows `offset` … `offset + limit` of a search, and how they become those of the answer.

    Raises
    ------
    UsageError
        ``adql.*``, ``query.*``
    AuthError
        ``policy.closed``
    """
    most = centre.site.limits.sync_rows
    if search.near is None:
        statement = _statement(table, search, min(most + 1, limit) if limit is not None else None, offset)
        answer = run_statement(centre, principal, statement, maxrec=most, table=table, cancellation=cancellation)
        return answer, None
    answer = _near(centre, principal, dataset, table, search, cancellation)
    return answer, lambda _, batches: _given(answer.columns, batches, search, limit, offset)


def count(
    centre: Centre,
    principal: Principal,
    dataset: str,
    table: TableMeta,
    search: Search,
    cancellation: Cancellation | None = None,
) -> tuple[int, bool]:
    """Return how many rows a search has, and whether everybody would be told the same."""
    if search.near is not None:
        with _near(centre, principal, dataset, table, search, cancellation) as near:
            return sum(batch.num_rows for batch in near.batches()), near.public
    statement = _statement(table, replace(search, order=None), None, 0, ordered=False)
    counted = exp.Anonymous(this="COUNT", expressions=[exp.Star()])
    statement.tree.set("expressions", [counted])
    with run_statement(centre, principal, statement, maxrec=1, cancellation=cancellation) as answer:
        rows = next(int(batch.column(0)[0].as_py()) for batch in answer.batches() if batch.num_rows)
        return rows, answer.public


def _statement(
    table: TableMeta, search: Search, limit: int | None, offset: int, *, ordered: bool = True
) -> Statement:
    """Pages have an order that is the same each time: the unique column comes last, where there is one."""
    order = [search.order] if search.order is not None else []
    paged = ordered and (limit is not None or offset > 0)
    if paged:
        keys = [table.id_column] if table.id_column else [c.name for c in table.columns if c.arraysize is None]
        order += [Order(name) for name in keys[:_SORTED] if search.order is None or name != search.order.column]
    return select(
        table, columns=search.columns, where=search.where, cone=search.cone, order_by=order,
        limit=limit, offset=offset, position=search.position,
    )  # fmt: skip


def _near(
    centre: Centre,
    principal: Principal,
    dataset: str,
    table: TableMeta,
    search: Search,
    cancellation: Cancellation | None,
) -> Answer:
    assert search.near is not None
    return search_list(
        centre, principal, dataset, table.name, search.near,
        columns=search.columns, where=[cast(Condition, one) for one in search.where],
        order_by=[search.order] if search.order is not None else [],
        nearest=search.nearest, maxrec=centre.site.limits.sync_rows, cancellation=cancellation,
    )  # fmt: skip


def _given(
    columns: tuple[Column, ...], batches: Iterable[pa.RecordBatch], search: Search, limit: int | None, offset: int
) -> Reshaped:
    """Call the columns of the list as these interfaces do, or leave them out where it is none of the caller's."""
    kept = [i for i in range(len(columns)) if i >= _GIVEN or (search.named and _CALLED[i] is not None)]
    names = [columns[i].name if i >= _GIVEN else str(_CALLED[i]) for i in kept]
    told = tuple(columns[i].model_copy(update={"name": n}) for i, n in zip(kept, names, strict=True))

    def rows() -> Iterator[pa.RecordBatch]:
        for batch in _page(batches, limit, offset):
            yield pa.RecordBatch.from_arrays([batch.column(i) for i in kept], names=names)

    return told, rows()


def _page(batches: Iterable[pa.RecordBatch], limit: int | None, offset: int) -> Iterator[pa.RecordBatch]:
    for batch in batches:
        rows = batch.slice(offset) if batch.num_rows > offset else batch.slice(0, 0)
        offset = max(0, offset - batch.num_rows)
        if limit is not None:
            rows = rows.slice(0, limit)
            limit -= rows.num_rows
        if rows.num_rows:
            yield rows
        if limit == 0:
            return
