"""Tables that callers send with a query: read once, named ``TAP_UPLOAD.<name>`` in it, gone when it ends."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import pyarrow as pa

from tianku.adql.uploads import SCHEMA
from tianku.adql.words import RESERVED
from tianku.model.errors import UsageError
from tianku.model.metadata import Column, TableMeta
from tianku.planner.stored import Stored
from tianku.usecases.match_upload import read_given

#: tables of one query
MOST_TABLES = 20
_REGULAR = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
_MOST_NAME = 64


@dataclass(frozen=True, slots=True)
class Upload:
    """A table that was sent, and its rows under the names of its columns."""

    meta: TableMeta
    rows: pa.Table

    @classmethod
    def of(cls, name: str, columns: Iterable[Column], rows: pa.Table) -> Upload:
        """Return rows as the table that queries call `name`."""
        return cls(TableMeta(schema_name=SCHEMA, name=name, columns=tuple(columns), nrows=len(rows)), rows)

    @property
    def stored(self) -> Stored:
        """Where its rows are: in memory, for as long as the query runs."""
        return Stored(self.meta.qualified_name, self.rows.schema, len(self.rows), table=self.rows)


def read_upload(name: str, stream: BinaryIO, folder: Path) -> Upload:
    """Return a table that was sent, in any format that is read; its columns keep their names.

    Raises
    ------
    UsageError, LimitError
        As `read_given`.
    """
    given = read_given(stream, folder, name, as_named=True)
    return Upload.of(name, given.columns, given.rows)


def table_names(wanted: Iterable[tuple[str, str]]) -> Mapping[str, str]:
    """Return name in queries -> where it comes from, of pairs as they were asked for.

    A name is a regular identifier of ADQL, or a delimited one in its quotation marks.

    Raises
    ------
    UsageError
        ``upload.name``, ``upload.repeated``, ``upload.count``.
    """
    found: dict[str, str] = {}
    folded: set[str] = set()
    for written, place in wanted:
        name = _identifier(written)
        if name.lower() in folded:
            raise UsageError("upload.repeated", "two tables are sent as TAP_UPLOAD.{name}", name=name)
        folded.add(name.lower())
        found[name] = place
    if len(found) > MOST_TABLES:
        raise UsageError("upload.count", "a query may bring {most} tables, not {count}", most=MOST_TABLES,
                         count=len(found))  # fmt: skip
    return found


def _identifier(written: str) -> str:
    prefix, dot, rest = written.partition(".")
    name = rest if dot and prefix.upper() == SCHEMA else written
    if len(name) > 2 and name[0] == name[-1] == '"':
        inner = name[1:-1].replace('""', '"')
        good = inner.isprintable()
    else:
        inner = name
        good = _REGULAR.fullmatch(name) is not None and name.upper() not in RESERVED
    if not good or not inner or len(inner) > _MOST_NAME:
        raise UsageError(
            "upload.name", "`{name}` is no name of a table: use letters, digits and _, beginning with a letter",
            name=written[:80],
        )  # fmt: skip
    return inner
