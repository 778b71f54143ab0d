"""Columns: what their facts, their source and their names say together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pyarrow as pa

from tianku.catalogue.names import published_names
from tianku.model.types import DataType, arrow_to_datatype
from tianku.model.vocabulary import Guess, guess_column, normalise_unit, suggest_ucds, ucd_problem
from tianku.usecases.describe.model import ColumnDescription, ColumnStats
from tianku.usecases.describe.sentinels import sentinels, why

#: names that a reader gives to columns without one
NAMELESS = ("column_", "column")
#: field metadata of coordinate and time systems
SYSTEM = ("system", "equinox", "epoch", "refposition", "timescale", "timeorigin")


def describe_columns(
    schema: pa.Schema, stats: Mapping[str, ColumnStats], nameless: frozenset[str] = frozenset()
) -> tuple[ColumnDescription, ...]:
    """Describe every column of a source.

    Parameters
    ----------
    schema
        As the table reader gives it; field metadata ``unit``, ``ucd``, ``description``, ``null``.
    stats
        Facts by source column.
    nameless
        Columns whose name the reader made up.
    """
    names = published_names(schema.names)
    renamed = {n: "row_number" for n in nameless if stats[n].counting and "row_number" not in names.values()}
    return tuple(
        _column(field, renamed.get(field.name) or names[field.name], stats[field.name], schema.names, nameless)
        for field in schema
    )


def _column(
    field: pa.Field, name: str, facts: ColumnStats, siblings: Sequence[str], nameless: frozenset[str]
) -> ColumnDescription:
    said = {k.decode(): v.decode() for k, v in (field.metadata or {}).items()}
    type_, arraysize = arrow_to_datatype(field.type)
    spelling = "" if field.name in nameless and facts.counting else field.name
    guess = (
        Guess()
        if field.name in nameless and not facts.counting
        else guess_column(spelling, siblings=siblings, unit=said.get("unit"), type=type_)
    )
    unit, source_unit, notes = _unit(said.get("unit"), guess)
    ucd, ucd_notes = _ucd(said.get("ucd"), guess)
    null = () if facts.counting else sentinels(facts)
    return ColumnDescription(
        source=field.name,
        name=name,
        type=type_,
        arraysize=arraysize,
        unit=unit,
        source_unit=source_unit,
        ucd=ucd,
        utype=said.get("utype"),
        xtype=said.get("xtype"),
        description=said.get("description") or guess.description,
        null=null,
        system={key: said[key] for key in SYSTEM if key in said},
        notes=(*notes, *ucd_notes, *(why(n, facts) for n in null), *_remarks(facts, type_, said)),
        stats=facts,
    )


def _unit(stated: str | None, guess: Guess) -> tuple[str | None, str | None, list[str]]:
    """Return (unit, source unit when values must be converted, remarks)."""
    if not stated:
        return guess.unit, None, []
    found = normalise_unit(stated)
    if found.vounit is None:
        return None, None, [f"the source's unit {stated!r} is not understood"]
    notes = [f"the source says {stated!r}: {found.note}"] if found.note else []
    return found.vounit, stated if found.factor != 1.0 else None, notes


def _ucd(stated: str | None, guess: Guess) -> tuple[str | None, list[str]]:
    if not stated:
        return guess.ucd, []
    if ucd_problem(stated) is None:
        return stated, []
    better = suggest_ucds(stated, 1)
    return (better[0] if better else guess.ucd), [f"the source says {stated!r}, which is not valid UCD1+"]


def _remarks(facts: ColumnStats, type_: DataType, said: Mapping[str, str]) -> list[str]:
    notes = []
    if facts.rows and facts.missing == facts.rows:
        notes.append("always empty")
    if "null" in said:
        notes.append(f"{said['null']} is null in the file itself")
    return notes
