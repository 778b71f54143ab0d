"""What VOTable answers say beside their rows: coordinate systems and links to products."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tianku.adql.schema import Origin
from tianku.formats.table import Coosys, Info, Param, Service, TableInfo
from tianku.model.access import Level
from tianku.model.metadata import Column, TableMeta
from tianku.usecases.policy import partly
from tianku.usecases.viewer import OBSCORE_UTYPE, Viewer

PUBLISHER_DID = "obs_publisher_did"
DATALINK = "application/x-votable+xml;content=datalink"


def coordinate_systems(table: TableMeta | None, columns: Sequence[Column]) -> tuple[Coosys, ...]:
    """Return the COOSYS of the positions whose columns are in the answer."""
    free = {c.name for c in columns}
    found = []
    for position in table.positions if table else ():
        own = (position.ra, position.dec, position.pm_ra, position.pm_dec, position.parallax)
        here = tuple(name for name in own if name in free)
        if position.ra in here and position.dec in here:
            free -= set(here)  # a FIELD refers to one system
            found.append(Coosys(f"sys_{position.name}", "ICRS", position.epoch, here))
    return tuple(found)


@dataclass(frozen=True, slots=True)
class ProductColumn:
    """A column of an answer that names products: by their publisher identifiers, or by their keys in `set`."""

    name: str
    #: ``<dataset>/<name>``
    set: str | None = None


def product_columns(
    viewer: Viewer, columns: Sequence[Column], origins: Sequence[Origin | None]
) -> tuple[ProductColumn, ...]:
    """Return the columns of an answer that name products the caller may know of, each column of a table once."""
    found: dict[tuple[str, str], ProductColumn] = {}
    for column, origin in zip(columns, origins, strict=False):
        if origin is None or (origin.key, origin.column) in found:
            continue
        named = _named_products(viewer, origin, column.name)
        if named is not None:
            found[origin.key, origin.column] = named
    return tuple(found.values())


def _named_products(viewer: Viewer, origin: Origin, name: str) -> ProductColumn | None:
    table = origin.table
    if table.utype == OBSCORE_UTYPE:
        return ProductColumn(name) if origin.column == PUBLISHER_DID else None
    owner = viewer.picture.by_schema.get(table.schema_name)
    said = owner.config.tables.get(table.name) if owner else None
    if owner is None or said is None or said.product is None or said.product.key.lower() != origin.column.lower():
        return None
    one = owner.sets.get(said.product.set)
    if one is None or not partly(viewer.principal, one.rule, Level.METADATA, viewer.now):
        return None
    return ProductColumn(name, f"{owner.id}/{one.name}")


def link_services(columns: Sequence[ProductColumn], base: str) -> tuple[Service, ...]:
    """Return a DataLink descriptor (DataLink 1.1, 4) for each column that names products; `base` is the site's."""
    names = ("datalink" if n == 1 else f"datalink_{n}" for n in itertools.count(1))
    return tuple(_link_service(one, base, name) for one, name in zip(columns, names, strict=False))


def _link_service(column: ProductColumn, base: str, identifier: str) -> Service:
    said = "publisher dataset identifier" if column.set is None else "key of a product"
    return Service(
        f"{base}/vo/datalink/" + ("" if column.set is None else f"{column.set}/") + "links",
        id=identifier,
        name="Links to files and spectra",
        standard_id="ivo://ivoa.net/std/DataLink#links-1.1",
        content_type=DATALINK,
        inputs=(Param("ID", ucd="meta.id;meta.main", description=said, column=column.name),),
    )


def query_info(adql: str, versions: Mapping[str, str], services: tuple[Service, ...] = ()) -> TableInfo:
    """Return what a query's answer says beside its rows: the query, and the versions that aliases stood for."""
    infos = [Info("QUERY", adql)]
    infos += [Info("SCHEMA_VERSION", f"{alias}={dataset}") for alias, dataset in versions.items()]
    return TableInfo(infos=tuple(infos), services=services)
