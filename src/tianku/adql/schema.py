"""What a query may see, and what resolving it gives."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from sqlglot import exp

from tianku.model.metadata import HEALPIX_COLUMN, PUBLIC_FROM_COLUMN, Column, TableMeta

#: physical columns that callers neither see nor name
HIDDEN = frozenset({HEALPIX_COLUMN, PUBLIC_FROM_COLUMN, "_dataset", "_policy"})


class SchemaView(Protocol):
    """The tables that one caller may query; everything else does not exist for the query."""

    def find(self, schema: str | None, table: str) -> TableMeta | None:
        """Return the table of this name, compared without case; schema aliases resolve here."""
        ...

    def names(self) -> Iterable[str]:
        """Names (``schema.table``) to suggest when a table is unknown."""
        ...

    def row_filter(self, table: TableMeta) -> exp.Expression | None:
        """Return the condition on physical columns (unqualified) that rows must meet to be seen."""
        ...

    def computed(self, table: TableMeta) -> Mapping[str, exp.Expression]:
        """Return the columns whose values depend on when is asked: expressions over physical columns."""
        ...


@dataclass(frozen=True, slots=True)
class Cone:
    """All directions within `radius` of a centre; degrees, ICRS."""

    ra: float
    dec: float
    radius: float


@dataclass(frozen=True, slots=True)
class SkyPolygon:
    """The smaller side of great-circle arcs through the vertices; degrees, ICRS."""

    ra: tuple[float, ...]
    dec: tuple[float, ...]


Region = Cone | SkyPolygon


@dataclass(slots=True)
class TableRef:
    """One reference of a table in a query, and what the query says about all rows it uses of it.

    Attributes
    ----------
    regions
        Regions that hold the main position of every row that matters (all of them hold).
    equals
        Column name -> values, one of which it must have.
    bounds
        Column name -> inclusive (low, high) of numbers.
    """

    key: str
    table: TableMeta
    regions: list[Region] = field(default_factory=list)
    equals: dict[str, tuple[int | float | str, ...]] = field(default_factory=dict)
    bounds: dict[str, tuple[float, float]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Origin:
    """The column of a table, as referred to by `key`, that a column of a result hands on."""

    key: str
    table: TableMeta
    column: str


@dataclass(frozen=True, slots=True)
class Resolved:
    """A query in canonical form.

    Attributes
    ----------
    tree
        Every column is qualified and quoted, `*` is written out, every output has an alias,
        every table node is a key of `references` (or the name ``c0``, ``c1`` … of a WITH query).
    columns
        The columns of the result, in order.
    origins
        For each of them, what it hands on unchanged, if it does.
    top, offset
        The outermost TOP and OFFSET, if any.
    joins
        How many joins have no equality to go by (the cost of one is the product of its sides).
    """

    tree: exp.Query
    columns: tuple[Column, ...]
    references: dict[str, TableRef]
    origins: tuple[Origin | None, ...] = ()
    top: int | None = None
    offset: int | None = None
    joins: int = 0
