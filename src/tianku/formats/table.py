"""What a writer is told about a table beside its columns and rows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import pyarrow as pa


class Overflow:
    """Whether rows were held back; known once the last row was written."""

    def __init__(self, reached: bool = False) -> None:
        self.reached = reached

    def __bool__(self) -> bool:
        return self.reached


@dataclass(frozen=True, slots=True)
class Info:
    """A VOTable INFO."""

    name: str
    value: str
    text: str = ""
    id: str | None = None
    ucd: str | None = None


@dataclass(frozen=True, slots=True)
class Coosys:
    """A coordinate system, and the names of the columns or parameters given in it."""

    id: str
    system: str = "ICRS"
    epoch: float | None = None  # Julian year
    columns: tuple[str, ...] = ()
    refposition: str | None = None  # VOTable 1.5


@dataclass(frozen=True, slots=True)
class Timesys:
    """A time system, and the names of the columns or parameters given in it."""

    id: str
    timescale: str = "UTC"
    refposition: str = "TOPOCENTER"
    timeorigin: str | None = None
    columns: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Link:
    """A VOTable LINK of the table."""

    href: str
    content_role: str | None = None
    content_type: str | None = None
    title: str | None = None


@dataclass(frozen=True, slots=True)
class Param:
    """A parameter of a service descriptor (DataLink 1.1 §4).

    An input takes its value from column `column`, or is chosen by the user within
    `minimum`…`maximum` or `options`.
    """

    name: str
    value: str = ""
    datatype: str = "char"
    arraysize: str | None = "*"
    unit: str | None = None
    ucd: str | None = None
    utype: str | None = None
    xtype: str | None = None
    description: str = ""
    column: str | None = None
    minimum: str | None = None
    maximum: str | None = None
    options: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Service:
    """A service descriptor: a ``RESOURCE type="meta" utype="adhoc:service"``."""

    access_url: str
    id: str | None = None
    name: str | None = None
    description: str = ""
    standard_id: str | None = None
    content_type: str | None = None
    inputs: tuple[Param, ...] = ()
    extra: tuple[Param, ...] = ()  # e.g. resourceIdentifier, exampleURL


@dataclass(frozen=True, slots=True)
class TableInfo:
    """Everything of an answer that is neither column nor row; writers use what their format can say.

    Attributes
    ----------
    overflow
        Looked at after the last row (see `capped`).
    spool_dir
        Where a writer that needs a second pass over the rows puts them (FITS); system default if None.
    """

    name: str = "result"
    description: str = ""
    utype: str | None = None
    resource_utype: str | None = None
    infos: tuple[Info, ...] = ()
    params: tuple[Param, ...] = ()
    overflow: Overflow = field(default_factory=Overflow)
    overflow_text: str = "The answer was cut at its limit of rows; raise MAXREC or narrow the query for the rest."
    coosys: tuple[Coosys, ...] = ()
    timesys: tuple[Timesys, ...] = ()
    links: tuple[Link, ...] = ()
    services: tuple[Service, ...] = ()
    nrows: int | None = None
    version: str = "1.4"
    spool_dir: str | None = None


def capped(batches: Iterable[pa.RecordBatch], maxrec: int | None) -> tuple[Iterator[pa.RecordBatch], Overflow]:
    """Pass on at most `maxrec` rows, and say in the second value whether there were more.

    Ask the engine for ``maxrec + 1`` rows, so that an answer of exactly `maxrec` is not
    flagged. A `maxrec` of 0 asks for metadata only and is always flagged (DALI 1.1 §4.4.1).
    """
    overflow = Overflow()
    return _capped(batches, maxrec, overflow), overflow


def _capped(batches: Iterable[pa.RecordBatch], maxrec: int | None, overflow: Overflow) -> Iterator[pa.RecordBatch]:
    if maxrec is None:
        yield from batches
        return
    left = maxrec
    overflow.reached = maxrec == 0
    if maxrec == 0:
        return
    for batch in batches:
        if batch.num_rows > left:
            overflow.reached = True
            if left:
                yield batch.slice(0, left)
            return
        left -= batch.num_rows
        yield batch
