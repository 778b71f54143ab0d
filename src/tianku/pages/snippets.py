"""How to reach data from programs: texts to copy that work as they stand."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from tianku.catalogue.tap_schema import delimited
from tianku.model.metadata import TableMeta
from tianku.pages.coverage import PLEIADES
from tianku.pages.ports.cards import Service
from tianku.pages.ports.datasets import DatasetView, TableView


@dataclass(frozen=True, slots=True)
class Snippet:
    """A text in the language of a tool."""

    tool: str
    code: str


def for_dataset(view: DatasetView, base: str) -> list[Snippet]:
    """Return how to query the dataset's first table, and its bulk services."""
    table = next((t for t in view.card.tables if t.access.rows), None)
    if table is None:
        return []
    shown = ", ".join(delimited(name) for name in table.columns[:3]) or "*"
    return _tap(f"{base}/vo/tap", f"SELECT TOP 10 {shown} FROM {table.qualified_name}")


def for_table(view: TableView, base: str) -> list[Snippet]:
    """Return how to query the table by ADQL and by cone."""
    if not view.card.access.rows:
        return []
    found = _tap(f"{base}/vo/tap", example_query(view.meta, view.coverage_point))
    cone = _address(view.services, "SCS", base)
    if cone is not None:
        ra, dec = view.coverage_point or PLEIADES
        found.append(Snippet("curl (cone)", f"curl '{cone}?RA={ra}&DEC={dec}&SR=0.5&VERB=2'"))
        found.append(
            Snippet(
                "pyVO (cone)",
                "import pyvo\n"
                f'service = pyvo.dal.SCSService("{cone}")\n'
                f"print(service.search(pos=({ra}, {dec}), radius=0.5).to_table())",
            )
        )
    return found


def example_query(meta: TableMeta, place: tuple[float, float] | None = None) -> str:
    """Return a small query that is worth starting from: some columns, and a cone where there is one.

    `place` is the centre of the cone, ICRS degrees: one where the table has rows.
    """
    leading = [c.name for c in meta.columns if c.principal] or [c.name for c in meta.columns]
    shown = ", ".join(delimited(name) for name in leading[:6])
    query = f"SELECT TOP 10 {shown}\nFROM {meta.qualified_name}"
    position = meta.main_position
    if position is None:
        return query
    at = f"POINT({delimited(position.ra)}, {delimited(position.dec)})"
    ra, dec = place or PLEIADES
    return f"{query}\nWHERE 1 = CONTAINS({at}, CIRCLE({ra}, {dec}, 0.5))"


def _tap(address: str, query: str) -> list[Snippet]:
    return [
        Snippet(
            "curl",
            f"curl '{address}/sync' --data-urlencode LANG=ADQL \\\n"
            f"  --data-urlencode RESPONSEFORMAT=csv \\\n  --data-urlencode 'QUERY={query}'",
        ),
        Snippet(
            "pyVO",
            f'import pyvo\ntap = pyvo.dal.TAPService("{address}")\n'
            f"result = tap.search('''{query}''')\nprint(result.to_table())",
        ),
        Snippet(
            "TOPCAT / STILTS", f"stilts tapquery tapurl='{address}' \\\n  adql='{query}' \\\n  out=result.vot"
        ),
    ]


def _address(services: Iterable[Service], protocol: str, base: str) -> str | None:
    path = next((s.path for s in services if s.protocol == protocol), None)
    return None if path is None else path if "://" in path else base + path
