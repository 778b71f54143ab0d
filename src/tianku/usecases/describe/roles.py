"""Which column is the id, which are times, and what the rows of a table are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tianku.model.types import DataType
from tianku.model.vocabulary import fold
from tianku.usecases.describe.model import ColumnDescription, Content
from tianku.usecases.describe.systems import stated_time

_INTEGERS = frozenset({DataType.INT16, DataType.INT32, DataType.INT64})
#: identifiers of something larger or smaller than the row
_NOT_OF_THE_ROW = ("meta.id.parent", "meta.id.cross", "meta.id;instr", "meta.id;obs.field")


def id_candidates(columns: Sequence[ColumnDescription]) -> list[str]:
    """Return the columns that may be the table's id, best first: identifiers never empty, never repeated.

    Numbers before names, names before file names; a row number or a measurement is never an id.
    """
    ranked = [(rank, i, c.name) for i, c in enumerate(columns) if (rank := _rank(c)) is not None]
    return [name for *_, name in sorted(ranked)]


def _rank(column: ColumnDescription) -> int | None:
    facts = column.stats
    if facts.missing or facts.repeated or not facts.rows or column.arraysize is not None or column.null:
        return None
    ucd = column.ucd or ""
    if ucd.startswith(_NOT_OF_THE_ROW):
        return None
    if ucd.startswith("meta.id"):
        if column.type in _INTEGERS:
            return 0
        return 1 if column.type is DataType.STRING else None
    is_file = ucd.startswith(("meta.ref", "meta.title")) and column.type is DataType.STRING
    return 2 if is_file else None


def find_times(columns: Sequence[ColumnDescription]) -> tuple[dict[str, Any], ...]:
    """Return the time columns with their origin; local labels (``lmjd``) are not instants and are left out."""
    found: list[dict[str, Any]] = []
    for column in columns:
        words, name = (column.ucd or "").split(";"), fold(column.name)
        if words[0] not in ("time.epoch", "time.start", "time.end") or "lmj" in name or "local" in name:
            continue
        stated = stated_time(column)
        if stated is not None:
            found.append({"column": column.name, **stated})
        elif column.type in (DataType.TIMESTAMP,):
            found.append({"column": column.name, "origin": "ISO"})
        elif column.unit == "d" and ("mjd" in name or "jd" in name):
            found.append({"column": column.name, "origin": "MJD" if "mjd" in name else "JD", "unit": "d"})
    return tuple(found)


def content(columns: Sequence[ColumnDescription], has_position: bool, has_id: bool) -> Content:
    """Return what the rows are, by the sorts of columns present."""
    ucds = [(c.ucd or "").split(";")[0] for c in columns]
    measured = [c for c, u in zip(columns, ucds, strict=True) if _measured(c, u)]
    files = any("meta.file" in (c.ucd or "") for c in columns)
    if all(u.startswith(("meta.id", "meta.record")) for u in ucds):
        return "catalogue" if len(columns) > 1 else "id-list"
    if files and not has_position and not measured:
        return "file-list"
    if has_position and "stat.rank" in ucds and all((c.ucd or "").startswith("phot.mag") for c in measured):
        return "input-catalogue"
    magnitudes = [u for u in ucds if u in ("phot.mag", "phot.flux")]
    times = [u for u in ucds if u.startswith("time.epoch")]
    if not has_id and magnitudes and times and len(columns) <= 12:
        return "epochs"
    return "catalogue"


def _measured(column: ColumnDescription, ucd: str) -> bool:
    numeric = column.type not in (DataType.STRING, DataType.TIMESTAMP, DataType.BOOLEAN)
    return numeric and not ucd.startswith(("meta.", "pos.eq", "stat.rank", "stat.weight"))
