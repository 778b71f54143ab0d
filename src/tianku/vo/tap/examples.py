"""``/vo/tap/examples``: queries that work, as DALI examples (DALI 1.1, 2.3), made from what is published."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from tianku.catalogue.tap_schema import delimited
from tianku.model.metadata import Column, Position, TableMeta
from tianku.model.types import DataType
from tianku.usecases.schema import SchemaListing
from tianku.vo.xml import render

#: tables that get examples of their own
MOST_TABLES = 5
_NUMBERS = frozenset({DataType.FLOAT32, DataType.FLOAT64})


@dataclass(frozen=True, slots=True)
class Example:
    """One query; `id` is unique in the document."""

    id: str
    name: str
    query: str
    text: str


def examples(listings: Iterable[SchemaListing]) -> list[Example]:
    """Return queries over the first tables listed, over ObsCore and over TAP_SCHEMA."""
    tables = [table for listing in listings for table in listing.tables]
    own = [t for t in tables if t.kind != "system" and t.main_position is not None][:MOST_TABLES]
    found = [example for table in own for example in _table_examples(table)]
    if any(t.qualified_name.lower() == "ivoa.obscore" for t in tables):
        found.append(
            Example(
                "obscore-types",
                "Products by type",
                "SELECT obs_collection, dataproduct_type, COUNT(*) AS n\nFROM ivoa.obscore\n"
                "GROUP BY obs_collection, dataproduct_type",
                "How many products of each type the site has, by collection.",
            )
        )
    if any(t.qualified_name.lower() == "tap_schema.tables" for t in tables):
        found.append(
            Example(
                "tables",
                "What there is to query",
                "SELECT schema_name, table_name, description\nFROM TAP_SCHEMA.tables\nORDER BY table_name",
                "All tables of this service.",
            )
        )
    return found


def _table_examples(table: TableMeta) -> Iterator[Example]:
    position = table.main_position
    if position is None:
        return
    name, stem = table.qualified_name, table.qualified_name.replace(".", "-")
    yield Example(
        f"{stem}-cone",
        f"Cone search in {name}",
        f"SELECT TOP 100 *\nFROM {name}\nWHERE 1 = CONTAINS({_point(position)}, CIRCLE('ICRS', 56.75, 24.12, 1))",
        "Rows within one degree of the Pleiades.",
    )
    column = _measured(table)
    if column is not None:
        quoted = delimited(column.name)
        yield Example(
            f"{stem}-least",
            f"Smallest {column.name} in {name}",
            f"SELECT TOP 10 *\nFROM {name}\nWHERE {quoted} IS NOT NULL\nORDER BY {quoted}",
            f"The ten rows with the smallest {column.description or column.name}.",
        )


def _point(position: Position) -> str:
    return f"POINT('ICRS', {delimited(position.ra)}, {delimited(position.dec)})"


def _measured(table: TableMeta) -> Column | None:
    """Return a column that measures something: a number that is no coordinate, magnitudes first."""
    numbers = [c for c in table.columns if c.type in _NUMBERS and c.ucd and not c.ucd.startswith("pos.")]
    magnitudes = [c for c in numbers if c.ucd and c.ucd.startswith("phot.mag")]
    return next(iter([*magnitudes, *numbers]), None)


def document(listings: Iterable[SchemaListing], base: str) -> bytes:
    """Return the XHTML document with RDFa of the service at `base`."""
    return render("tap", "examples.xml", examples=examples(listings), base=base)
