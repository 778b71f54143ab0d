"""What `describe` found out, before it is written as configuration."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from tianku.model.types import DataType

#: what the rows of a table are; only `pointing` and `epochs` differ in configuration
Content = Literal["catalogue", "input-catalogue", "id-list", "file-list", "pointing", "epochs"]
Null = float | int | str


@dataclass(frozen=True, slots=True)
class ColumnStats:
    """Facts of one source column over all rows; `low` and `high` leave `nulls` and NaN out.

    `bulk` is the central range of a sample without sentinel candidates; `repeated` is False while no
    value was met twice in the sample.
    """

    rows: int = 0
    missing: int = 0
    low: float | None = None
    high: float | None = None
    bulk: tuple[float, float] | None = None
    constant: bool = False
    repeated: bool = True
    #: 0, 1, 2 … or 1, 2, 3 … : a row number
    counting: bool = False
    #: fraction of the sampled strings that read as sexagesimal, and as names that end with a position
    sexagesimal: float = 0.0
    designation: float = 0.0
    #: sentinel candidates met, with their numbers
    candidates: dict[Null, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ColumnDescription:
    """One column: its name in the source and in queries, and what it seems to be."""

    source: str
    name: str
    type: DataType
    arraysize: str | None = None
    unit: str | None = None
    source_unit: str | None = None
    ucd: str | None = None
    utype: str | None = None
    xtype: str | None = None
    description: str = ""
    null: tuple[Null, ...] = ()
    #: SQL over columns of the source, for a column that the source does not have
    expression: str | None = None
    #: of the coordinate or time system that the source says it is given in (COOSYS, TIMESYS)
    system: Mapping[str, str] = field(default_factory=dict)
    #: remarks for the person who reads the configuration
    notes: tuple[str, ...] = ()
    stats: ColumnStats = ColumnStats()


@dataclass(frozen=True, slots=True)
class TableSourceFound:
    """Files with the same columns, and how to read them."""

    files: tuple[Path, ...]
    #: keys of `from:` other than `files`
    reading: dict[str, Any]
    #: column names of files without a header line
    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PositionFound:
    """A pair of coordinate columns, by their names in queries."""

    name: str
    ra: str
    dec: str
    main: bool = False
    format: Literal["degrees", "sexagesimal", "hours", "designation"] = "degrees"
    #: further keys of the configuration: frame, equinox, epoch, pm_ra, pm_dec, parallax, radial_velocity
    more: dict[str, Any] = field(default_factory=dict)

    @property
    def in_place(self) -> bool:
        """True when its columns are published as the position; else decimal ones are computed at ingest."""
        frame = self.more.get("frame", "ICRS"), self.more.get("equinox", "J2000")
        return self.format == "degrees" and frame in (("ICRS", "J2000"), ("FK5", "J2000"))


@dataclass(frozen=True, slots=True)
class TableDescription:
    """One table as `describe` sees it."""

    name: str
    source: TableSourceFound
    content: Content
    rows: int
    columns: tuple[ColumnDescription, ...]
    positions: tuple[PositionFound, ...] = ()
    id: str | None = None
    unique: tuple[str, ...] = ()
    times: tuple[dict[str, Any], ...] = ()
    notes: tuple[str, ...] = ()
    #: as the source words it
    description: str = ""

    @property
    def main_position(self) -> PositionFound | None:
        """The position for cone search, if there is one."""
        return next((p for p in self.positions if p.main), None)

    def column(self, name: str) -> ColumnDescription:
        """Return the column called `name` in queries."""
        return next(c for c in self.columns if c.name == name)


@dataclass(frozen=True, slots=True)
class ProductDescription:
    """A set of files that are spectra or images; `settings` are the keys of its configuration."""

    name: str
    files: tuple[Path, ...]
    settings: dict[str, Any]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RejectedFile:
    """A file that nothing could be said about."""

    path: Path
    reason: str
