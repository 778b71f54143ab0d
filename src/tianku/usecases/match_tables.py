"""The sides of a cross-match as callers name them: published tables and tables of their own.

What a side needs is found out before anything is read (`MatchDesk.prepare`), so that it can be sent to the
process that reads.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import cast

from sqlglot import exp

from tianku.adql.build import select
from tianku.adql.resolve import resolve
from tianku.adql.schema import Resolved
from tianku.engines.base import EngineQuery, Limits, Relation
from tianku.model.access import Principal
from tianku.model.errors import NotFoundError, UsageError
from tianku.model.metadata import Column, Position, TableMeta
from tianku.planner.match_sides import MemorySide, Place, Run, StoredSide
from tianku.planner.stored import Stored
from tianku.usecases.current import Current
from tianku.usecases.match_columns import (
    Named,
    columns_named,
    error_columns,
    guessed_pair,
    named_pair,
    radius_column,
)
from tianku.usecases.match_upload import HELD_ROWS, Given, Kept
from tianku.usecases.query import Desk
from tianku.usecases.viewer import Viewer


@dataclass(frozen=True, slots=True)
class MatchTable:
    """One side of a match: ``schema.table``, as queries name it, or rows given, and which columns of it."""

    table: str | Given | Kept
    named: Named = field(default_factory=Named)


@dataclass(frozen=True, slots=True)
class OpenSide:
    """A side that can be read, and its columns that are returned."""

    side: MemorySide | StoredSide
    columns: tuple[Column, ...]


@dataclass(frozen=True, slots=True)
class PublishedSide:
    """What is read of a published table: what the caller may see of it, and no more.

    Attributes
    ----------
    shift
        Most degrees that a row moves to the epoch of the match; None: by a position that it is not sorted by.
    """

    name: str
    stored: Stored
    resolved: Resolved
    place: Place
    columns: tuple[Column, ...]
    shift: float | None

    def relations(self) -> list[Relation]:
        """Return what an engine has to hold."""
        return [self.stored.everything]

    def open(self, run: Run, limits: Limits) -> OpenSide:
        """Return the side; rows that are held in memory are read."""
        if self.shift is not None:
            side = StoredSide(self.stored, self.resolved, self.place, run, limits, self.shift)
            return OpenSide(side, self.columns)
        _check_held(self.stored.nrows, self.name)
        relations = {key: self.stored.relation() for key in self.resolved.references}
        rows = run(EngineQuery(cast(exp.Expression, self.resolved.tree), relations, limits), self.stored.nrows)
        return OpenSide(MemorySide(rows, self.place), self.columns)


@dataclass(frozen=True, slots=True)
class GivenSide:
    """A table of the caller's own."""

    table: Given | Kept
    named: Named

    def relations(self) -> list[Relation]:
        """Return what an engine has to hold: nothing."""
        return []

    def open(self, run: Run, limits: Limits) -> OpenSide:
        """Return the side; a file is read."""
        given = self.table if isinstance(self.table, Given) else self.table.read()
        where = "the table given" if isinstance(self.table, Given) else self.table.name
        _check_held(len(given.rows), where)
        if self.named.ra is None and self.named.dec is None:
            ra, dec = guessed_pair(given.columns, where)
        else:
            ra, dec = named_pair(given.columns, self.named, where)
        radius, unit = radius_column(given.columns, self.named, where)
        place = Place(ra, dec, radius=radius, unit=unit, errors=error_columns(given.columns, self.named, where))
        columns = columns_named(given.columns, self.named.columns, where)
        return OpenSide(MemorySide(given.rows, place), columns)


SideSource = PublishedSide | GivenSide


def positional_tables(desk: Desk, principal: Principal) -> list[str]:
    """Return the names of the tables with positions that the caller may match."""
    viewer = Viewer(desk.current().picture, principal, desk.clock())
    return [t.meta.qualified_name for t in viewer.queryable() if t.meta.main_position is not None]


class MatchDesk:
    """Makes sides of what one caller names."""

    def __init__(self, desk: Desk, principal: Principal, epoch: float | None) -> None:
        self.current: Current = desk.current()
        self.viewer = Viewer(self.current.picture, principal, desk.clock())
        self._epoch = epoch

    def prepare(self, asked: MatchTable) -> SideSource:
        """Return the side that `asked` describes."""
        if not isinstance(asked.table, str):
            return GivenSide(asked.table, asked.named)
        schema, _, name = asked.table.rpartition(".")
        meta = self.viewer.find(schema, name)
        if meta is None:
            raise NotFoundError(
                "table.unknown", "there is no table {table} in {dataset}", table=name, dataset=schema
            )
        position = _position(meta, asked.named)
        place = self._place(meta, position, asked.named)
        columns = columns_named(meta.columns, asked.named.columns, meta.qualified_name)
        stored = self.current.storage(meta)
        names = list(dict.fromkeys([*(c.name for c in columns), *place.columns]))
        resolved = resolve(select(meta, columns=names), self.viewer)
        shift = self._shift(meta, place) if place.moves else 0.0
        if not stored.positional or position != meta.main_position:
            shift = None
        if shift is None:
            _check_held(stored.nrows, meta.qualified_name)
        return PublishedSide(meta.qualified_name, stored, resolved, place, columns, shift)

    def snapshots(self, *sides: SideSource) -> frozenset[tuple[str, int]]:
        """Return the (dataset, revision)s that are read."""
        names = [side.name.partition(".")[0] for side in sides if isinstance(side, PublishedSide)]
        owners = (self.current.picture.by_schema.get(name) for name in names)
        return frozenset((one.id, one.revision) for one in owners if one is not None)

    def _place(self, meta: TableMeta, position: Position, asked: Named) -> Place:
        years = 0.0
        if self._epoch is not None and position.epoch is not None:
            years = self._epoch - position.epoch
        radius, unit = radius_column(meta.columns, asked, meta.qualified_name)
        errors = error_columns(meta.columns, asked, meta.qualified_name)
        return Place(position.ra, position.dec, position.pm_ra, position.pm_dec, years, radius, unit, errors)

    def _shift(self, meta: TableMeta, place: Place) -> float | None:
        """Return the most degrees that a row moves, by the statistics of its motions; None if there are none."""
        owner = self.current.picture.by_schema.get(meta.schema_name)
        published = owner.tables.get(meta.name) if owner is not None else None
        total = 0.0
        for name in (place.pm_ra, place.pm_dec):
            found = published.manifest.statistics.get(name or "") if published is not None else None
            if found is None:
                return None
            ends = [abs(end) for end in (found.minimum, found.maximum) if isinstance(end, int | float)]
            total = math.hypot(total, max(ends, default=0.0))
        return total / 3.6e6 * abs(place.years)


def _check_held(rows: int, table: str) -> None:
    if rows > HELD_ROWS:
        raise UsageError(
            "match.held",
            "{table} has more than {most} rows and no index for this position",
            table=table, most=HELD_ROWS,
        )  # fmt: skip


def _position(meta: TableMeta, asked: Named) -> Position:
    if asked.ra is not None or asked.dec is not None:
        ra, dec = named_pair(meta.columns, asked, meta.qualified_name)
        same = (p for p in meta.positions if (p.ra, p.dec) == (ra, dec))
        return next(same, Position(name="asked", ra=ra, dec=dec))
    found = next((p for p in meta.positions if (p.name == asked.position if asked.position else p.main)), None)
    if found is None:
        raise NotFoundError(
            "position.unknown", "{table} has no position {position}; it has: {known}",
            table=meta.qualified_name, position=asked.position or "(main)",
            known=", ".join(p.name for p in meta.positions) or "none",
        )  # fmt: skip
    return found
