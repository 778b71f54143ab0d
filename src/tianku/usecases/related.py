"""What else there is about a product: rows of catalogues, and other observations of the same source."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tianku.adql.build import Condition, Scalar, scalar_of, select
from tianku.model.access import Principal
from tianku.model.metadata import Column, TableMeta
from tianku.usecases.epochs import siblings
from tianku.usecases.products import ProductPage
from tianku.usecases.query import run_statement
from tianku.usecases.viewer import Viewer

if TYPE_CHECKING:
    from tianku.usecases.centre import Centre


@dataclass(frozen=True, slots=True)
class MeasuredRows:
    """Rows of a table that were measured from a product: those whose `column` has `value`."""

    table: TableMeta
    column: Column
    value: Scalar


def measured_rows(centre: Centre, principal: Principal, page: ProductPage) -> Iterator[MeasuredRows]:
    """Yield where the tables of the data set say something of a product, as far as `principal` may query them.

    A table in which the key is no unique column is not looked into: it may have no such row.
    """
    viewer = Viewer(centre.picture(), principal, centre.clock())
    config = viewer.picture.datasets[page.one.dataset].config
    queryable = {t.meta.name: t.meta for t in viewer.queryable() if t.dataset == page.one.dataset}
    for name, said in config.tables.items():
        meta, link = queryable.get(name), said.product
        column = meta.column(link.key) if meta and link and link.set == page.one.name else None
        value = scalar_of(page.did.key, column) if column else None
        if meta is None or column is None or value is None:
            continue
        if column.name not in meta.unique or _has_row(centre, principal, meta, column, value):
            yield MeasuredRows(meta, column, value)


def _has_row(centre: Centre, principal: Principal, meta: TableMeta, column: Column, value: Scalar) -> bool:
    statement = select(meta, columns=[column.name], where=[Condition(column.name, "equal", (value,))])
    with run_statement(centre, principal, statement, maxrec=1) as answer:
        return any(batch.num_rows for batch in answer.batches())


def other_epochs(centre: Centre, principal: Principal, page: ProductPage) -> Iterator[tuple[str, str]]:
    """Yield set and key of the other products of the same source, where an identity table says which it is."""
    found = siblings(centre, principal, page.one.dataset, page.one.name, page.did.key)
    for epoch in found.epochs if found else ():
        for key in epoch.keys if epoch.link else ():
            if epoch.link is not None and (epoch.link.set, key) != (page.one.name, page.did.key):
                yield epoch.link.set, key
