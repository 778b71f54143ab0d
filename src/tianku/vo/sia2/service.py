"""The answers of a service: ObsCore rows, and what is said of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tianku.engines.base import Cancellation
from tianku.formats.table import Info, Service, TableInfo
from tianku.http.stream import Reply
from tianku.http.tabular import table_reply
from tianku.model.access import Principal
from tianku.model.metadata import Column, TableMeta
from tianku.usecases.described import coordinate_systems
from tianku.usecases.schema import SchemaListing
from tianku.usecases.set_query import OBSCORE_NAME, query_sets, served_sets
from tianku.vo.sia2.address import Sia2Address
from tianku.vo.sia2.params import PARAMETERS, Sia2Query
from tianku.vo.vosi.tables import tableset
from tianku.vo.xml import render

if TYPE_CHECKING:
    from tianku.usecases.centre import Centre

#: what `protocols:` of a set says
PROTOCOL = "sia"
STANDARD = "ivo://ivoa.net/std/SIA#query-2.0"
_INFOS = (Info("SERVICE_PROTOCOL", "2.0", "SIA"),)


def answer(
    centre: Centre,
    principal: Principal,
    address: Sia2Address,
    query: Sia2Query,
    base: str,
    cancellation: Cancellation,
) -> Reply:
    """Return the images and cubes that fulfil a query (SIA 2.0, 2)."""
    sets = served_sets(centre, principal, PROTOCOL, *address.names(centre))
    columns = _columns(centre)
    found = query_sets(
        centre, principal, sets, [c.name for c in columns], query.where, lying=query.lying, maxrec=query.maxrec,
        cancellation=cancellation,
    )  # fmt: skip
    info = TableInfo(
        infos=_INFOS,
        coosys=coordinate_systems(found.table, columns),
        services=(_described(base + address.path),) if query.maxrec == 0 else (),
    )
    return table_reply(found, query.writer, info, base)


def _columns(centre: Centre) -> tuple[Column, ...]:
    return centre.picture().system[OBSCORE_NAME].columns


def _described(base: str) -> Service:
    """The service itself, as MAXREC=0 asks (DALI 1.1, 3.4.4)."""
    return Service(f"{base}/query", id="this", name="Search for images", standard_id=STANDARD, inputs=PARAMETERS)


def capabilities(centre: Centre, principal: Principal, address: Sia2Address, base: str, _: Cancellation) -> bytes:
    """Return the capabilities of a service (VOSI 1.1; SimpleDALRegExt 1.1)."""
    served_sets(centre, principal, PROTOCOL, *address.names(centre))
    return render(
        "sia2", "capabilities.xml", base=base + address.path, parameters=PARAMETERS, standard=STANDARD,
        max_rows=centre.site.limits.sync_rows,
    )  # fmt: skip


def tables(centre: Centre, principal: Principal, address: Sia2Address, base: str, _: Cancellation) -> bytes:
    """Return the table set of the one table searched."""
    served_sets(centre, principal, PROTOCOL, *address.names(centre))
    meta: TableMeta = centre.picture().system[OBSCORE_NAME]
    return b"".join(tableset([SchemaListing(meta.schema_name, "", (meta,))], columns=True))
