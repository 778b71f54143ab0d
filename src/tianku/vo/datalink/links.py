"""The links table (DataLink 1.1, 3.2)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import islice

import pyarrow as pa

from tianku.model.metadata import Column
from tianku.model.text import Text
from tianku.model.types import DataType
from tianku.usecases.links import Link


def _column(name: str, description: str, kind: DataType = DataType.STRING, **more: str) -> Column:
    return Column(name=name, type=kind, description=Text(en=description), **more)


#: mandatory columns in the order of the standard, then the optional ones of 1.1
COLUMNS: tuple[Column, ...] = (
    _column("ID", "Identifier that was asked for", ucd="meta.id;meta.main"),
    _column("access_url", "Where to get it", ucd="meta.ref.url"),
    _column("service_def", "ID of the service descriptor to use", ucd="meta.ref"),
    _column("error_message", "Why there is no link", ucd="meta.code.error"),
    _column("semantics", "What it is to the identified data, of datalink/core", ucd="meta.code"),
    _column("description", "What it is, for people", ucd="meta.note"),
    _column("content_type", "Media type", ucd="meta.code.mime"),
    _column("content_length", "Size", DataType.INT64, ucd="phys.size;meta.file", unit="byte"),
    _column("content_qualifier", "What kind of product it is", ucd="meta.code"),
    _column("local_semantics", "What it is, in this collection's own words", ucd="meta.code"),
    _column("link_auth", "Whether one must log in: true, false, optional", ucd="meta.code"),
    _column("link_authorized", "Whether you may follow it", DataType.BOOLEAN, ucd="meta.code"),
)
BATCH = 1000


def batches(links: Iterable[Link], absolute: Callable[[str], str]) -> Iterator[pa.RecordBatch]:
    """Yield the rows of the table; `absolute` makes addresses of paths."""
    schema = pa.schema([pa.field(c.name, c.arrow) for c in COLUMNS])
    rows = iter(links)
    while some := [_row(link, absolute) for link in islice(rows, BATCH)]:
        yield pa.RecordBatch.from_pylist(some, schema=schema)


def _row(link: Link, absolute: Callable[[str], str]) -> dict[str, object]:
    return {
        "ID": link.id,
        "access_url": absolute(link.access_url) if link.access_url else None,
        "service_def": link.cutout.name if link.cutout else None,
        "error_message": link.error_message,
        "semantics": link.semantics,
        "description": link.description,
        "content_type": link.content_type,
        "content_length": link.content_length,
        "content_qualifier": link.content_qualifier,
        "local_semantics": link.local_semantics,
        "link_auth": link.link_auth,
        "link_authorized": link.link_authorized,
    }
