"""The answers of one set's service: rows, and what is said of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyarrow as pa

from tianku.engines.base import Cancellation
from tianku.formats.table import Coosys, Info, Overflow, TableInfo, capped
from tianku.http.caching import cache_headers
from tianku.http.source import Source
from tianku.http.stream import Reply
from tianku.model.access import Principal
from tianku.model.metadata import Column, TableMeta, schema_name
from tianku.usecases.described import PUBLISHER_DID, ProductColumn, link_services
from tianku.usecases.picture import PublishedSet
from tianku.usecases.products import main_media_type
from tianku.usecases.query import row_limit
from tianku.usecases.schema import SchemaListing
from tianku.usecases.set_query import query_set, query_sets, served_set
from tianku.vo.dali.product_formats import ProductFormat, by_format, references
from tianku.vo.dali.set_address import SetAddress
from tianku.vo.sia1.columns import ASKED, COLUMNS, Sia1Column, columns
from tianku.vo.sia1.describe import MEDIA_TYPE, capabilities_document, inputs
from tianku.vo.sia1.formats import image_formats
from tianku.vo.sia1.params import Sia1Query
from tianku.vo.vosi.tables import tableset

if TYPE_CHECKING:
    from tianku.usecases.centre import Centre

PROTOCOL = "sia"
_INFOS = (Info("SERVICE_PROTOCOL", "1.0", "SIAP"),)
_ICRS = Coosys("system", "ICRS", columns=("ra", "dec"))


@dataclass(frozen=True, slots=True)
class Sia1Rows:
    """How ObsCore rows of one set become rows of an answer: one per image and format.

    Attributes
    ----------
    base
        Address of the site.
    maxrec
        Rows of the answer at most; `overflow` is told when there were more.
    """

    one: PublishedSet
    columns: tuple[Sia1Column, ...]
    formats: tuple[ProductFormat, ...]
    authority: str
    base: str
    maxrec: int
    overflow: Overflow

    def __call__(self, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Yield the rows of the answer, formats of one image together."""
        rows, flag = capped(map(self._batch, batches), self.maxrec)
        yield from rows
        self.overflow.reached = self.overflow.reached or flag.reached

    def _batch(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        return by_format(self.formats, batch.num_rows, lambda one: self._of_format(batch, one))

    def _of_format(self, batch: pa.RecordBatch, one: ProductFormat) -> pa.RecordBatch:
        length = batch.num_rows
        given = dict(zip(batch.schema.names, batch.columns, strict=True))
        rows = {
            **given,
            "format": pa.repeat(one.media_type, length),
            "pixels": pa.repeat("F" if one.original else "V", length),
            "reference": references(given[PUBLISHER_DID], self.one, self.authority, self.base, one),
            "size": given["access_estsize"] if one.original else pa.nulls(length, pa.int64()),
        }
        made = [c.of(rows).cast(c.column.arrow) for c in self.columns]
        return pa.record_batch(made, names=[c.column.name for c in self.columns])


def answer(
    centre: Centre,
    principal: Principal,
    address: SetAddress,
    query: Sia1Query,
    base: str,
    cancellation: Cancellation,
) -> Reply:
    """Return the images that fulfil a query; every format asked for has a row."""
    one = served_set(centre, principal, address.dataset, address.set, PROTOCOL)
    chosen = columns(query.verbosity)
    metas = tuple(c.column for c in chosen)
    formats = image_formats(one, main_media_type(one), query.formats)
    if query.only_metadata or not formats or (query.lying is not None and not query.lying.shapes):
        pieces = query.writer.write(metas, (), _info(base, metas, with_inputs=query.only_metadata))
        return Reply(Source(pieces), MEDIA_TYPE, cache_headers(principal.anonymous))
    limits = centre.site.limits
    most = row_limit(query.maxrec, limits.default_rows, limits.sync_rows)
    found = query_sets(
        centre, principal, (one,), ASKED, lying=query.lying, maxrec=-(-most // len(formats)),
        cancellation=cancellation,
    )  # fmt: skip
    rows = Sia1Rows(one, chosen, formats, centre.site.authority, base, most, found.overflow)
    pieces = query.writer.write(metas, rows(found.batches()), _info(base, metas, found.overflow))
    return Reply(Source(pieces, found.cancel, found.close), MEDIA_TYPE, cache_headers(found.public))


def _info(
    base: str, metas: tuple[Column, ...], overflow: Overflow | None = None, *, with_inputs: bool = False
) -> TableInfo:
    named = any(column.name == PUBLISHER_DID for column in metas)
    return TableInfo(
        infos=_INFOS,
        params=inputs() if with_inputs else (),
        coosys=(_ICRS,),
        overflow=Overflow() if overflow is None else overflow,
        services=link_services((ProductColumn(PUBLISHER_DID),) if named else (), base),
    )


def capabilities(
    centre: Centre, principal: Principal, address: SetAddress, base: str, cancellation: Cancellation
) -> bytes:
    """Return the capabilities of a service, with a test query that finds an image."""
    one = served_set(centre, principal, address.dataset, address.set, PROTOCOL)
    return capabilities_document(
        base + address.path, centre.site.limits, _some_place(centre, principal, one, cancellation)
    )


def tables(centre: Centre, principal: Principal, address: SetAddress, base: str, _: Cancellation) -> bytes:
    """Return the table set of the one table searched."""
    one = served_set(centre, principal, address.dataset, address.set, PROTOCOL)
    meta = TableMeta(
        schema_name=schema_name(one.dataset), name=one.name, title=one.config.title,
        description=one.config.description, columns=tuple(c.column for c in COLUMNS),
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
