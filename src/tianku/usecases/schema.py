"""The tables a caller may query, as TAP, VOSI, the API and the pages list them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tianku.model.access import Principal
from tianku.model.errors import NotFoundError
from tianku.model.metadata import TableMeta
from tianku.usecases.viewer import Viewer

if TYPE_CHECKING:
    from tianku.usecases.centre import Centre

SYSTEM_SCHEMAS = {
    "ivoa": "Tables defined by the IVOA: every product of this site as ObsCore",
    "tap_schema": "The tables, columns and relations of this service",
}


@dataclass(frozen=True, slots=True)
class SchemaListing:
    """One schema and its tables; `alias_of` is the dataset a moving name stands for now."""

    name: str
    description: str
    tables: tuple[TableMeta, ...]
    alias_of: str | None = None


def schemas(centre: Centre, principal: Principal) -> list[SchemaListing]:
    """Return every schema `principal` may query: datasets, ``ivoa``, ``tap_schema``."""
    viewer = Viewer(centre.picture(), principal, centre.clock())
    picture = viewer.picture
    grouped: dict[str, list[TableMeta]] = {}
    for table in viewer.queryable():
        grouped.setdefault(table.meta.schema_name, []).append(viewer.meta(table))
    for derived in viewer.derived():
        grouped.setdefault(derived.schema_name, []).append(derived)
    listings = [
        SchemaListing(name, str(picture.by_schema[name].config.title or name), tuple(tables))
        for name, tables in grouped.items()
    ]
    for name, description in SYSTEM_SCHEMAS.items():
        system = tuple(t for t in picture.system.values() if t.schema_name.lower() == name)
        if system:
            listings.append(SchemaListing(name, description, system))
    return listings


def aliases(centre: Centre, principal: Principal) -> dict[str, str]:
    """Return alias schema -> schema it stands for now, for `principal`."""
    viewer = Viewer(centre.picture(), principal, centre.clock())
    return {alias: dataset.schema_name for alias, dataset in viewer.aliases().items()}


def table(centre: Centre, principal: Principal, qualified_name: str, protocol: str | None = None) -> TableMeta:
    """Return one table by ``schema.table``; for `protocol`, one that is not closed to it.

    Raises
    ------
    NotFoundError
        ``table.unknown``
    """
    schema, _, name = qualified_name.rpartition(".")
    viewer = Viewer(centre.picture(), principal, centre.clock())
    found = viewer.find(schema or None, name)
    if found is None or not (protocol is None or viewer.serves(found, protocol)):
        raise NotFoundError("table.unknown", "there is no table {table}", table=qualified_name)
    return found
