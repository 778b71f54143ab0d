"""The documents beside a cone search: its capabilities and its one table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tianku.engines.base import Cancellation
from tianku.model.access import Principal
from tianku.model.errors import NotFoundError
from tianku.model.metadata import Position, TableMeta, schema_name
from tianku.usecases import schema
from tianku.usecases.query import cone
from tianku.usecases.schema import SchemaListing
from tianku.vo.scs.address import PROTOCOL, ScsAddress
from tianku.vo.scs.columns import position_of
from tianku.vo.scs.describe import capabilities_document
from tianku.vo.vosi.tables import tableset

if TYPE_CHECKING:
    from tianku.usecases.centre import Centre


def table_of(centre: Centre, principal: Principal, address: ScsAddress) -> TableMeta:
    """Return the table that a service searches; `NotFoundError` when there is none for `principal`."""
    name = schema_name(address.dataset)
    meta = schema.table(centre, principal, f"{name}.{address.table}", PROTOCOL)
    if meta.schema_name != name:  # an alias: services belong to one version
        raise NotFoundError("scs.no_service", "There is no service at {path}.", path=address.path)
    return meta


def capabilities(
    centre: Centre, principal: Principal, address: ScsAddress, base: str, cancellation: Cancellation
) -> bytes:
    """Return the capabilities of the search at `base`, with a test query that finds a row."""
    position = position_of(table_of(centre, principal, address), address.position)
    place = _some_place(centre, principal, address, position, cancellation)
    return capabilities_document(base, centre.site.limits, place)


def tables(
    centre: Centre, principal: Principal, address: ScsAddress, base: str, cancellation: Cancellation
) -> bytes:
    """Return the table set of the one table searched."""
    meta = table_of(centre, principal, address)
    return b"".join(tableset([SchemaListing(meta.schema_name, "", (meta,))], columns=True))


def _some_place(
    centre: Centre, principal: Principal, address: ScsAddress, position: Position, cancellation: Cancellation
) -> tuple[float, float] | None:
    """Return the position of some row: the first that a cone as wide as allowed gives."""
    with cone(
        centre, principal, address.dataset, address.table, 0.0, 0.0, centre.site.limits.cone_degrees,
        position=address.position, maxrec=1, columns=(position.ra, position.dec), cancellation=cancellation,
    ) as answer:  # fmt: skip
        for batch in answer.batches():
            if batch.num_rows:
                columns = {name: batch.column(i)[0].as_py() for i, name in enumerate(batch.schema.names)}
                return float(columns[position.ra]), float(columns[position.dec])
    return None
