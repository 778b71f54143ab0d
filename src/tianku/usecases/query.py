"""Run a query: resolve it against what the caller may see, plan it, stream its batches."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

import pyarrow as pa

from tianku.adql.build import select
from tianku.adql.parser import Statement, parse
from tianku.adql.resolve import resolve
from tianku.adql.schema import Cone
from tianku.adql.uploads import WithUploads
from tianku.engines.base import Cancellation, Limits, Result
from tianku.formats.table import Overflow, capped
from tianku.model.access import Principal
from tianku.model.errors import NotFoundError, UsageError
from tianku.model.metadata import Column, TableMeta
from tianku.planner.plan import Plan, plan
from tianku.planner.stored import Stored
from tianku.usecases.described import ProductColumn, product_columns
from tianku.usecases.uploads import Upload
from tianku.usecases.viewer import Viewer

if TYPE_CHECKING:
    from tianku.usecases.centre import Centre
    from tianku.usecases.current import Current


@dataclass(slots=True)
class Answer:
    """A running query's result. Iterate `batches` once, then close."""

    columns: tuple[Column, ...]
    result: Result
    maxrec: int | None
    table: TableMeta | None = None
    #: alias schema -> dataset it stood for
    versions: dict[str, str] = field(default_factory=dict)
    #: False when anything that not everybody may see went into it
    public: bool = True
    #: its columns that name products
    products: tuple[ProductColumn, ...] = ()
    overflow: Overflow = field(default_factory=Overflow)

    @property
    def overflowed(self) -> bool:
        """True when rows beyond MAXREC were left out; known after the last batch."""
        return bool(self.overflow)

    def batches(self) -> Iterator[pa.RecordBatch]:
        """Yield the rows, at most `maxrec` of them."""
        rows, flag = capped(self.result, self.maxrec)
        yield from rows
        self.overflow.reached = flag.reached

    def cancel(self) -> None:
        """Stop the query from any thread."""
        self.result.cancel()

    def close(self) -> None:
        """Release cursor, child and files; idempotent."""
        self.result.close()

    def __enter__(self) -> Answer:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()


def run_adql(
    centre: Centre,
    principal: Principal,
    adql: str,
    *,
    maxrec: int | None = None,
    uploads: Sequence[Upload] = (),
    cancellation: Cancellation | None = None,
) -> Answer:
    """Run ADQL text for `principal`; at most `maxrec` rows (the site's default if None).

    `uploads` are tables of the caller's own, which only this query sees.

    Raises
    ------
    UsageError
        ``adql.*`` with line and column; ``query.*`` when limits are met.
    AuthError
        ``policy.closed`` for a listed table whose rows are closed to the caller.
    """
    return run_statement(centre, principal, parse(adql), maxrec=maxrec, uploads=uploads, cancellation=cancellation)


def run_statement(
    centre: Centre,
    principal: Principal,
    statement: Statement,
    *,
    maxrec: int | None = None,
    table: TableMeta | None = None,
    uploads: Sequence[Upload] = (),
    cancellation: Cancellation | None = None,
) -> Answer:
    """Run a parsed or built statement; see `run_adql`."""
    limits = centre.site.limits
    limit = row_limit(maxrec, limits.default_rows, limits.sync_rows)
    planned, viewer, _ = prepare(centre, principal, statement, limit, _limits(centre), uploads)
    return _started(centre, planned, viewer, table, cancellation)


def _limits(centre: Centre) -> Limits:
    return Limits(seconds=centre.site.limits.sync_seconds)


def _started(
    centre: Centre, planned: Plan, viewer: Viewer, table: TableMeta | None, cancellation: Cancellation | None
) -> Answer:
    engine = centre.short if planned.lane == "short" else centre.long
    result = engine.run(planned.query, cancellation)
    products = product_columns(viewer, planned.columns, planned.origins)
    return Answer(planned.columns, result, planned.maxrec, table, dict(viewer.versions), viewer.public, products)


class Desk(Protocol):
    """What preparing a query needs of a centre: the current picture, and the time."""

    def current(self) -> Current:
        """Return the picture with where its rows are."""
        ...

    def clock(self) -> float:
        """Return the seconds since 1970."""
        ...


def prepare(
    desk: Desk,
    principal: Principal,
    statement: Statement,
    maxrec: int,
    limits: Limits,
    uploads: Sequence[Upload] = (),
) -> tuple[Plan, Viewer, frozenset[tuple[str, int]]]:
    """Return how to run `statement` for `principal`, what it saw, and the (dataset, revision)s it reads."""
    current = desk.current()
    viewer = Viewer(current.picture, principal, desk.clock())
    own = {one.meta.qualified_name: one.stored for one in uploads}
    resolved = resolve(statement, WithUploads(viewer, (one.meta for one in uploads)) if own else viewer)
    viewer.public = viewer.public and not own
    owners = (current.picture.by_schema.get(ref.table.schema_name) for ref in resolved.references.values())
    snapshots = frozenset((one.id, one.revision) for one in owners if one is not None)

    def storage(table: TableMeta) -> Stored:
        return own.get(table.qualified_name) or current.storage(table)

    return plan(resolved, storage, maxrec, limits=limits), viewer, snapshots


def row_limit(maxrec: int | None, default: int, most: int) -> int:
    """Return the number of rows an answer may have: what was asked, or `default`, and `most` at most."""
    if maxrec is None:
        return min(default, most)
    if maxrec < 0:
        raise UsageError("query.maxrec", "MAXREC must be 0 or more, not {maxrec}", maxrec=maxrec)
    return min(maxrec, most)


def cone(
    centre: Centre,
    principal: Principal,
    dataset: str,
    table: str,
    ra: float,
    dec: float,
    radius: float,
    *,
    position: str | None = None,
    maxrec: int | None = None,
    columns: Sequence[str] | None = None,
    cancellation: Cancellation | None = None,
) -> Answer:
    """Return the rows of a table within `radius` degrees of an ICRS position.

    `position` names another position pair of the table than the main one; `columns` are
    the columns returned, all if None.

    Raises
    ------
    NotFoundError
        ``table.unknown``, ``position.unknown``
    UsageError
        ``cone.invalid``: coordinates or radius out of range.
    """
    check_cone(ra, dec, radius, centre.site.limits.cone_degrees)
    current = centre.current()
    viewer = Viewer(current.picture, principal, centre.clock())
    meta = viewer.dataset_table(dataset, table)
    chosen = next((p for p in meta.positions if (p.name == position if position else p.main)), None)
    if chosen is None:
        known = ", ".join(p.name for p in meta.positions) or "none"
        raise NotFoundError(
            "position.unknown",
            "{table} has no position {position}; it has: {known}",
            table=meta.qualified_name,
            position=position or "(main)",
            known=known,
        )
    limits = centre.site.limits
    limit = row_limit(maxrec, limits.default_rows, limits.sync_rows)
    planned = None
    if chosen == meta.main_position and viewer.row_filter(meta) is None:
        planned = current.cones.plan(
            meta,
            current.storage(meta),
            columns,
            Cone(ra, dec, radius),
            limit,
            lambda statement: resolve(statement, viewer),
            _limits(centre),
        )
    if planned is None:
        statement = select(meta, columns=columns, cone=(ra, dec, radius), position=chosen)
        planned = plan(resolve(statement, viewer), current.storage, limit, limits=_limits(centre))
    return _started(centre, planned, viewer, meta, cancellation)


def check_cone(ra: float, dec: float, radius: float, most: float) -> None:
    """Raise `UsageError` ``cone.invalid`` unless the cone is one: 0..360, -90..90, 0..`most` degrees."""
    checks: list[tuple[str, float, float, float]] = [
        ("RA", ra, 0.0, 360.0),
        ("Dec", dec, -90.0, 90.0),
        ("radius", radius, 0.0, most),
    ]
    for name, value, low, high in checks:
        if not low <= value <= high:
            raise UsageError(
                "cone.invalid",
                "{name} is {value}: it must lie between {low:g} and {high:g} degrees",
                name=name,
                value=value,
                low=low,
                high=high,
            )
