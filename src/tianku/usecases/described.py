"""What VOTable answers say beside their rows: coordinate systems and links to products."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tianku.formats.table import Coosys, Info, Param, Service, TableInfo
from tianku.model.metadata import Column, TableMeta

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


def link_services(columns: Sequence[Column], links_url: str) -> tuple[Service, ...]:
    """Return the DataLink descriptor (DataLink 1.1, 4) when a column holds publisher identifiers."""
    column = next((c for c in columns if c.name.lower() == "obs_publisher_did"), None)
    if column is None:
        return ()
    identifier = Param(
        "ID", ucd="meta.id;meta.main", description="publisher dataset identifier", column=column.name
    )
    return (
        Service(
            links_url,
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
