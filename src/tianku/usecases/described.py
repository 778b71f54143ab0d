"""What VOTable answers say beside their rows: coordinate systems and links to products."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tianku.formats.table import Coosys, Info, Param, Service, TableInfo
from tianku.model.access import Level
from tianku.model.metadata import Column, TableMeta
from tianku.usecases.policy import partly
from tianku.usecases.viewer import Viewer

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
class ProductKeys:
    """The column of a table that holds the keys of products of `set`, ``<dataset>/<name>``."""

    set: str
    column: str


def product_keys(viewer: Viewer, table: TableMeta) -> ProductKeys | None:
    """Return what the rows of a table say of products, if the caller may know of them."""
    owner = viewer.picture.by_schema.get(table.schema_name)
    said = owner.config.tables.get(table.name) if owner else None
    if owner is None or said is None or said.product is None:
        return None
    one = owner.sets.get(said.product.set)
    if one is None or not partly(viewer.principal, one.rule, Level.METADATA, viewer.now):
        return None
    return ProductKeys(f"{owner.id}/{one.name}", said.product.key)


def link_services(
    columns: Sequence[Column], links_url: str, keys: ProductKeys | None = None
) -> tuple[Service, ...]:
    """Return the DataLink descriptor (DataLink 1.1, 4) of a column of publisher identifiers, or of keys."""
    wanted = "obs_publisher_did" if keys is None else keys.column.lower()
    column = next((c for c in columns if c.name.lower() == wanted), None)
    if column is None:
        return ()
    said = "publisher dataset identifier" if keys is None else "key of a product"
    identifier = Param("ID", ucd="meta.id;meta.main", description=said, column=column.name)
    return (
        Service(
            links_url if keys is None else links_url.removesuffix("/links") + f"/{keys.set}/links",
            id="datalink",
            name="Links to files and spectra",
            standard_id="ivo://ivoa.net/std/DataLink#links-1.1",
            content_type=DATALINK,
            inputs=(identifier,),
        ),
    )


def query_info(
    adql: str,
    columns: Sequence[Column],
    versions: Mapping[str, str],
    links_url: str,
    table: TableMeta | None = None,
) -> TableInfo:
    """Return what a query's answer says beside its rows: the query, and the versions that aliases stood for."""
    infos = [Info("QUERY", adql)]
    infos += [Info("SCHEMA_VERSION", f"{alias}={dataset}") for alias, dataset in versions.items()]
    return TableInfo(
        infos=tuple(infos),
        services=link_services(columns, links_url),
    )
