"""What differs between two versions: tables, columns, rows and values."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal, get_args

import tianku
from tianku.engines.base import Cancellation, EngineQuery, Limits
from tianku.model.access import Principal
from tianku.model.errors import UsageError
from tianku.model.metadata import Column, Frozen, TableMeta
from tianku.model.types import DataType
from tianku.planner.difference import (
    LISTED,
    Change,
    Pair,
    Side,
    changes_query,
    counts_query,
    repeats_query,
)
from tianku.storage.files import atomic_write
from tianku.usecases.query import Answer, row_limit
from tianku.usecases.viewer import Viewer

if TYPE_CHECKING:
    from tianku.usecases.centre import Centre
    from tianku.usecases.current import Current

CHANGES: tuple[Change, ...] = get_args(Change)
#: raised when what is kept of a comparison changes
_FORMAT = 1
#: finished comparisons kept on disk
_KEPT = 2000


class ColumnDifference(Frozen):
    """One column of either version; `changed` counts values in rows of both, None where none can be compared."""

    name: str
    state: Literal["same", "added", "removed", "retyped"]
    old_type: str | None = None
    new_type: str | None = None
    old_unit: str | None = None
    new_unit: str | None = None
    changed: int | None = None


class TableDifference(Frozen):
    """What became of a table from `other` to `dataset`; rows are told apart by `id`, rows without one left out."""

    dataset: str
    revision: int
    other: str
    other_revision: int
    table: str
    id: str
    old_rows: int
    new_rows: int
    added: int
    removed: int
    changed: int
    columns: tuple[ColumnDifference, ...]


class DatasetDifference(Frozen):
    """Which tables two versions have; the rows of the common ones can be compared."""

    dataset: str
    other: str
    added: tuple[str, ...]
    removed: tuple[str, ...]
    common: tuple[str, ...]


def dataset_difference(centre: Centre, principal: Principal, dataset: str, other: str) -> DatasetDifference:
    """Compare the lists of tables of two versions, as far as `principal` may query them.

    Raises
    ------
    NotFoundError
        ``dataset.unknown``
    """
    viewer = Viewer(centre.picture(), principal, centre.clock())
    ids = [viewer.published_dataset(name).id for name in (dataset, other)]
    queryable = list(viewer.queryable())
    new, old = ([t.meta.name for t in queryable if t.dataset == one] for one in ids)
    return DatasetDifference(
        dataset=ids[0],
        other=ids[1],
        added=tuple(name for name in new if name not in old),
        removed=tuple(name for name in old if name not in new),
        common=tuple(name for name in new if name in old),
    )


def table_difference(
    centre: Centre,
    principal: Principal,
    dataset: str,
    other: str,
    table: str,
    cancellation: Cancellation | None = None,
) -> TableDifference:
    """Compare a table of `dataset` with that of the (older) version `other`, over the rows `principal` sees.

    What is seen whole is compared once and kept: snapshots never change.

    Raises
    ------
    NotFoundError, AuthError
        As for queries of either table.
    UsageError
        ``difference.no_id``, ``difference.id_type``, ``difference.repeated``: rows cannot be told apart.
    """
    task = _Task(centre, principal, dataset, other, table)
    kept = task.kept()
    if kept is not None and kept.is_file():
        return TableDifference.model_validate_json(kept.read_bytes())
    found = task.compare(cancellation)
    if kept is not None:
        kept.parent.mkdir(parents=True, exist_ok=True)
        with atomic_write(kept) as file:
            file.write(found.model_dump_json().encode())
        _forget_old(kept.parent)
    return found


def _forget_old(folder: Path) -> None:
    made = sorted(folder.glob("*.json"), key=lambda path: path.stat().st_mtime, reverse=True)
    for path in made[_KEPT:]:
        path.unlink(missing_ok=True)


def changes(
    centre: Centre,
    principal: Principal,
    dataset: str,
    other: str,
    table: str,
    *,
    kinds: Sequence[str] = CHANGES,
    columns: Sequence[str] = (),
    offset: int = 0,
    maxrec: int | None = None,
    cancellation: Cancellation | None = None,
) -> Answer:
    """List what changed: id, change, column_name, old, new (values as text), in order of id.

    Parameters
    ----------
    kinds
        Of ``added``, ``removed``, ``changed``.
    columns
        Only changes of these columns; all if empty.

    Raises
    ------
    UsageError
        As `table_difference`; ``difference.kind``; ``adql.unknown_column``.
    """
    wanted = [kind for kind in CHANGES if kind in kinds]
    if len(wanted) != len(set(kinds)):
        raise UsageError(
            "difference.kind",
            "change is one of {known}, not {given}",
            known=", ".join(CHANGES),
            given=", ".join(kinds),
        )
    found = table_difference(centre, principal, dataset, other, table, cancellation)
    task = _Task(centre, principal, dataset, other, table)
    altered = {column.name for column in found.columns if column.changed}
    pairs = [p for p in task.pairs if p.new.name in altered and (not columns or p.new.name in columns)]
    limits = centre.site.limits
    most = row_limit(maxrec, limits.default_rows, limits.sync_rows)
    query = changes_query(task.old, task.new, pairs, wanted, task.limits, (offset, most + 1))
    identifier = task.new_meta.column(task.new.id)
    assert identifier is not None
    texts = (Column(name=name, type=DataType.STRING) for name in LISTED)
    return Answer(
        (identifier.model_copy(update={"name": "id"}), *texts),
        centre.long.run(query, cancellation),
        most,
        public=task.viewer.public,
    )


class _Task:
    """Two states of a table as one caller sees them."""

    def __init__(self, centre: Centre, principal: Principal, dataset: str, other: str, table: str) -> None:
        self.centre = centre
        current = centre.current()
        self.viewer = viewer = Viewer(current.picture, principal, centre.clock())
        self.datasets = viewer.published_dataset(dataset), viewer.published_dataset(other)
        self.table = table
        self.limits = Limits(seconds=centre.site.limits.sync_seconds)
        self.new_meta, self.old_meta = (viewer.dataset_table(d.id, table) for d in self.datasets)
        self.new, self.old = _side(current, viewer, self.new_meta), _side(current, viewer, self.old_meta)
        _check_ids(self.new_meta, self.old_meta)
        self.pairs = _pairs(self.old_meta, self.new_meta)

    def kept(self) -> Path | None:
        """Where the comparison is kept, when it is of whole tables."""
        if self.new.condition is not None or self.old.condition is not None:
            return None
        names = [f"{d.id}@{d.revision}" for d in self.datasets]
        key = "\n".join([tianku.__version__, str(_FORMAT), *names, self.table])
        name = hashlib.sha256(key.encode()).hexdigest()[:24]
        return self.centre.data_root / "cache" / "difference" / f"{name}.json"

    def compare(self, cancellation: Cancellation | None) -> TableDifference:
        """Run the comparison in the long lane."""
        for side, meta in ((self.old, self.old_meta), (self.new, self.new_meta)):
            if side.id not in meta.unique:
                self._check_repeats(side, meta, cancellation)
        counts = self._one_row(counts_query(self.old, self.new, self.pairs, self.limits), cancellation)
        values = {pair.new.name: counts[f"c{i}"] for i, pair in enumerate(self.pairs)}
        new, old = self.datasets
        return TableDifference(
            dataset=new.id,
            revision=new.revision,
            other=old.id,
            other_revision=old.revision,
            table=self.table,
            id=self.new.id,
            old_rows=counts["old"],
            new_rows=counts["new"],
            added=counts["added"],
            removed=counts["removed"],
            changed=counts["changed"],
            columns=tuple(_columns(self.old_meta, self.new_meta, values)),
        )

    def _check_repeats(self, side: Side, meta: TableMeta, cancellation: Cancellation | None) -> None:
        found = self._one_row(repeats_query(side, self.limits), cancellation)
        if found["ids"] != found["different"]:
            raise UsageError(
                "difference.repeated",
                "{id} repeats in {table}: its rows cannot be told apart",
                id=side.id,
                table=meta.qualified_name,
            )

    def _one_row(self, query: EngineQuery, cancellation: Cancellation | None) -> dict[str, int]:
        with self.centre.long.run(query, cancellation) as result:
            rows = [row for batch in result for row in batch.to_pylist()]
        return rows[0]


def _side(current: Current, viewer: Viewer, meta: TableMeta) -> Side:
    if meta.id_column is None:
        raise UsageError(
            "difference.no_id", "{table} has no column that tells its rows apart", table=meta.qualified_name
        )
    return Side(current.storage(meta), viewer.row_filter(meta), meta.id_column)


def _check_ids(new: TableMeta, old: TableMeta) -> None:
    kinds = [column.type for meta in (old, new) if (column := meta.column(meta.id_column or "")) is not None]
    if not _comparable(*kinds):
        raise UsageError(
            "difference.id_type",
            "{new} and {old} have ids of different types ({types})",
            new=new.qualified_name,
            old=old.qualified_name,
            types=", ".join(kinds),
        )


def _comparable(left: DataType, right: DataType) -> bool:
    apart = (DataType.STRING, DataType.TIMESTAMP, DataType.BOOLEAN)
    return left == right or (left not in apart and right not in apart)


def _pairs(old: TableMeta, new: TableMeta) -> list[Pair]:
    pairs = ((old.column(column.name), column) for column in new.columns if column.name != new.id_column)
    return [
        Pair(before, after)
        for before, after in pairs
        if before is not None
        and _comparable(before.type, after.type)
        and (before.arraysize is None) == (after.arraysize is None)
    ]


def _columns(old: TableMeta, new: TableMeta, values: dict[str, int]) -> Sequence[ColumnDifference]:
    found = []
    for column in new.columns:
        before = old.column(column.name)
        said = {"new_type": _type(column), "new_unit": column.unit}
        if before is None:
            found.append(ColumnDifference(name=column.name, state="added", **said))
            continue
        same = _type(before) == _type(column)
        found.append(
            ColumnDifference(
                name=column.name,
                state="same" if same else "retyped",
                old_type=_type(before),
                old_unit=before.unit,
                changed=values.get(column.name),
                **said,
            )
        )
    gone = (c for c in old.columns if new.column(c.name) is None)
    found += [ColumnDifference(name=c.name, state="removed", old_type=_type(c), old_unit=c.unit) for c in gone]
    return found


def _type(column: Column) -> str:
    return column.type.value if column.arraysize is None else f"{column.type.value}[{column.arraysize}]"
