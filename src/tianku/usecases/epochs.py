"""All observations of one source: rows and products that share its identifier, across tables and sets."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tianku.adql.build import Condition, scalar_of, select
from tianku.model.access import Principal
from tianku.model.config.dataset import Identity
from tianku.model.config.table import ProductLink
from tianku.model.errors import NotFoundError
from tianku.model.metadata import Column, TableMeta
from tianku.usecases.picture import PublishedDataset
from tianku.usecases.query import run_statement
from tianku.usecases.viewer import Viewer

if TYPE_CHECKING:
    from tianku.usecases.centre import Centre

#: rows of one table at most
MOST = 1000


@dataclass(frozen=True, slots=True)
class SourceRows:
    """Rows of one table that are of the source; `link` says which products they were measured from."""

    table: str
    columns: tuple[Column, ...]
    rows: tuple[dict[str, Any], ...]
    link: ProductLink | None = None

    @property
    def keys(self) -> tuple[str, ...]:
        """Keys of the products, each once, in order."""
        column = self.link.key.lower() if self.link else ""
        name = next((c.name for c in self.columns if c.name.lower() == column), None)
        return tuple(dict.fromkeys(str(row[name]) for row in self.rows if row[name] is not None)) if name else ()


@dataclass(frozen=True, slots=True)
class Source:
    """A source: what the identity tables say of it, and its epochs, one table per product set."""

    dataset: str
    uid: str
    described: tuple[SourceRows, ...]
    epochs: tuple[SourceRows, ...]


def source(centre: Centre, principal: Principal, dataset: str, uid: str) -> Source:
    """Return everything observed of the source `uid`, as far as `principal` may see it.

    Raises
    ------
    NotFoundError
        ``dataset.unknown``; ``identity.none`` when the dataset does not say what is of one source;
        ``identity.unknown``.
    """
    task = _Task(centre, principal, dataset)
    described = tuple(task.described(uid))
    found = Source(task.owner.id, uid, described, tuple(task.epochs(uid, described)))
    if not found.described and not found.epochs:
        raise NotFoundError("identity.unknown", "{dataset} has no source {uid}", dataset=dataset, uid=uid[:100])
    return found


def source_of_product(centre: Centre, principal: Principal, dataset: str, set_name: str, key: str) -> str | None:
    """Return the identifier of the source that a product is of, where a table says so.

    Raises
    ------
    NotFoundError
        ``dataset.unknown``, ``identity.none``
    """
    task = _Task(centre, principal, dataset)
    for meta, link in task.linked():
        column = meta.column(task.identity.uid)
        if link.set == set_name and column is not None:
            for row in task.rows(meta, link.key, [key], [column.name]):
                return None if row[column.name] is None else str(row[column.name])
    return None


class _Task:
    def __init__(self, centre: Centre, principal: Principal, dataset: str) -> None:
        self.centre, self.principal = centre, principal
        viewer = Viewer(centre.picture(), principal, centre.clock())
        self.owner: PublishedDataset = viewer.published_dataset(dataset)
        said = self.owner.config.identity
        if said is None:
            raise NotFoundError(
                "identity.none", "{dataset} does not say which observations are of one source", dataset=dataset
            )
        self.identity: Identity = said
        queryable = (table for table in viewer.queryable() if table.dataset == self.owner.id)
        self.tables: dict[str, TableMeta] = {table.meta.name: table.meta for table in queryable}

    def described(self, uid: str) -> Iterator[SourceRows]:
        """Yield the rows of the identity tables."""
        for name in self.identity.from_:
            meta = self.tables.get(name)
            rows = self.rows(meta, self.identity.uid, [uid]) if meta is not None else ()
            if meta is not None and rows:
                yield SourceRows(name, meta.columns, rows)

    def epochs(self, uid: str, described: Sequence[SourceRows]) -> Iterator[SourceRows]:
        """Yield the observations: of each set from the first table that has rows of its products."""
        listed = self._listed(described)
        done: set[str] = set()
        for meta, link in self.linked():
            if link.set in done:
                continue
            if meta.column(self.identity.uid) is not None:
                rows = self.rows(meta, self.identity.uid, [uid], order=link.key)
            else:
                rows = self._referenced(meta, listed.get(meta.name, {}), link)
            if rows:
                done.add(link.set)
                yield SourceRows(meta.name, meta.columns, rows, link)

    def linked(self) -> Iterator[tuple[TableMeta, ProductLink]]:
        """Yield the tables whose rows name products, in the order of the configuration."""
        for name, said in self.owner.config.tables.items():
            if said.product is not None and name in self.tables:
                yield self.tables[name], said.product

    def rows(
        self,
        meta: TableMeta,
        column: str,
        values: Sequence[Any],
        columns: Sequence[str] | None = None,
        order: str | None = None,
    ) -> tuple[dict[str, Any], ...]:
        """Return the rows of a table that have one of these values; values of another type match none."""
        found = meta.column(column)
        if found is None:
            return ()
        told = (scalar_of(str(one), found) for one in values if one is not None)
        wanted = [value for value in told if value is not None]
        if not wanted:
            return ()
        where = Condition(found.name, "in", tuple(wanted))
        order_by = [order] if order and meta.column(order) else []
        statement = select(meta, columns=columns, where=[where], order_by=order_by)
        with run_statement(self.centre, self.principal, statement, maxrec=MOST) as answer:
            return tuple(row for batch in answer.batches() for row in batch.to_pylist())

    def _listed(self, described: Sequence[SourceRows]) -> dict[str, dict[str, list[Any]]]:
        """Values of list columns by the table and column that they refer to."""
        found: dict[str, dict[str, list[Any]]] = {}
        for one in described:
            for column, said in self.owner.config.tables[one.table].lists.items():
                table, dot, target = said.get("references", "").rpartition(".")
                for row in one.rows if dot else ():
                    values = found.setdefault(table, {}).setdefault(target, [])
                    values.extend(row.get(column) or ())
        return found

    def _referenced(
        self, meta: TableMeta, references: dict[str, list[Any]], link: ProductLink
    ) -> tuple[dict[str, Any], ...]:
        for column, values in references.items():
            if rows := self.rows(meta, column, values, order=link.key):
                return rows
        return ()


def siblings(centre: Centre, principal: Principal, dataset: str, set_name: str, key: str) -> Source | None:
    """Return the source that a product is of with all its epochs; None where nothing says which it is."""
    try:
        uid = source_of_product(centre, principal, dataset, set_name, key)
        return None if uid is None else source(centre, principal, dataset, uid)
    except NotFoundError:
        return None
