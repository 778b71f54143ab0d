"""The answers of one set's service: rows, and what is said of them."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from tianku.engines.base import Cancellation
from tianku.formats.table import Coosys, Info, Overflow, TableInfo
from tianku.http.caching import cache_headers
from tianku.http.source import Source
from tianku.http.stream import Reply
from tianku.model.access import Principal
from tianku.model.metadata import TableMeta, schema_name
from tianku.usecases.described import PUBLISHER_DID, ProductColumn, link_services
from tianku.usecases.picture import PublishedSet
from tianku.usecases.products import main_media_type
from tianku.usecases.query import row_limit
from tianku.usecases.schema import SchemaListing
from tianku.usecases.set_query import query_set, served_set
from tianku.vo.dali.set_address import SetAddress
from tianku.vo.ssa.answer import SsaRows
from tianku.vo.ssa.columns import ASKED, COLUMNS
from tianku.vo.ssa.describe import MEDIA_TYPE, capabilities_document, inputs
from tianku.vo.ssa.formats import spectrum_formats
from tianku.vo.ssa.params import SsaQuery
from tianku.vo.vosi.tables import tableset

if TYPE_CHECKING:
    from tianku.usecases.centre import Centre

PROTOCOL = "ssa"
_COLUMNS = tuple(one.column for one in COLUMNS)
_PROTOCOL = Info("SERVICE_PROTOCOL", "1.1", "SSAP")
_MJD_1970 = 40587.0
_ICRS = Coosys("system", "ICRS", columns=("location", "s_ra", "s_dec"))


def answer(
    centre: Centre,
    principal: Principal,
    address: SetAddress,
    query: SsaQuery,
    base: str,
    cancellation: Cancellation,
) -> Reply:
    """Return the spectra that fulfil a query; every format asked for has a row."""
    one = served_set(centre, principal, address.dataset, address.set, PROTOCOL)
    formats = spectrum_formats(one, main_media_type(one), query.formats)
    if not (formats and query.calibrated and _modified(centre, one, query)):  # no spectrum of the set is such
        pieces = query.writer.write(_COLUMNS, (), _info(base))
        return Reply(Source(pieces), MEDIA_TYPE, cache_headers(principal.anonymous))
    limits = centre.site.limits
    most = row_limit(query.maxrec, limits.default_rows, limits.sync_rows)
    found = query_set(
        centre, principal, one, ASKED, query.where, cone=query.cone, maxrec=-(-most // len(formats)),
        cancellation=cancellation,
    )  # fmt: skip
    rows = SsaRows(one, formats, _facts(centre, one), centre.site.authority, base, most, found.overflow)
    pieces = query.writer.write(_COLUMNS, rows(found.batches()), _info(base, found.overflow))
    return Reply(Source(pieces, found.cancel, found.close), MEDIA_TYPE, cache_headers(found.public))


def _modified(centre: Centre, one: PublishedSet, query: SsaQuery) -> bool:
    """Return whether a set was published when MTIME says: its spectra come and change together."""
    if query.modified is None:
        return True
    created = datetime.fromisoformat(centre.picture().datasets[one.dataset].created)
    moment = created.timestamp() / 86400 + _MJD_1970
    return any(first <= moment <= last for first, last in query.modified)


def described(
    centre: Centre, principal: Principal, address: SetAddress, query: SsaQuery, base: str, _: Cancellation
) -> Reply:
    """Return the answer to FORMAT=METADATA: parameters and columns, no rows (SSA 1.1, 4.1.1.5)."""
    served_set(centre, principal, address.dataset, address.set, PROTOCOL)
    pieces = query.writer.write(_COLUMNS, (), _info(base, with_inputs=True))
    return Reply(Source(pieces), MEDIA_TYPE, cache_headers(principal.anonymous))


def _info(base: str, overflow: Overflow | None = None, *, with_inputs: bool = False) -> TableInfo:
    return TableInfo(
        infos=(_PROTOCOL,),
        params=inputs() if with_inputs else (),
        coosys=(_ICRS,),
        overflow=Overflow() if overflow is None else overflow,
        services=link_services((ProductColumn(PUBLISHER_DID),), base),
    )


def _facts(centre: Centre, one: PublishedSet) -> dict[str, str]:
    """What is the same for all spectra of a set, by the names that `COLUMNS` use."""
    owner = centre.picture().datasets[one.dataset]
    creators = owner.config.creators or owner.collection.creators
    site = centre.site
    return {
        "association": "MultiFormat",
        "model": "Spectrum-1.1",
        "type": "Spectrum",
        "creation": "archival",
        "calibrated": "calibrated",
        "source": _source(centre, one),
        "version": one.dataset,
        "creator": "; ".join(c.name for c in creators) or str(owner.collection.title),
        "publisher": str(site.publisher) or str(site.title),
    }


def _source(centre: Centre, one: PublishedSet) -> str:
    return "artificial" if centre.picture().datasets[one.dataset].config.simulated else "survey"


def capabilities(
    centre: Centre, principal: Principal, address: SetAddress, base: str, cancellation: Cancellation
) -> bytes:
    """Return the capabilities of a service, with a test query that finds a spectrum."""
    one = served_set(centre, principal, address.dataset, address.set, PROTOCOL)
    place = _some_place(centre, principal, one, cancellation)
    return capabilities_document(base + address.path, centre.site.limits, _source(centre, one), place)


def tables(centre: Centre, principal: Principal, address: SetAddress, base: str, _: Cancellation) -> bytes:
    """Return the table set of the one table searched."""
    one = served_set(centre, principal, address.dataset, address.set, PROTOCOL)
    meta = TableMeta(
        schema_name=schema_name(one.dataset), name=one.name, title=one.config.title,
        description=one.config.description, columns=_COLUMNS,
    )  # fmt: skip
    return b"".join(tableset([SchemaListing(meta.schema_name, "", (meta,))], columns=True))


def _some_place(
    centre: Centre, principal: Principal, one: PublishedSet, cancellation: Cancellation
) -> tuple[float, float] | None:
    everywhere = (0.0, 0.0, centre.site.limits.cone_degrees)
    with query_set(
        centre, principal, one, ("s_ra", "s_dec"), cone=everywhere, maxrec=1, cancellation=cancellation
    ) as found:
        for batch in found.batches():
            if batch.num_rows:
                return float(batch.column(0)[0].as_py()), float(batch.column(1)[0].as_py())
    return None
