"""A running query as a streamed table in any format."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

import pyarrow as pa

from tianku.formats.addresses import absolute_links
from tianku.formats.table import TableInfo
from tianku.formats.writers import WriterSpec
from tianku.http.caching import cache_headers
from tianku.http.source import Source
from tianku.http.stream import Reply
from tianku.model.metadata import Column
from tianku.usecases.described import link_services
from tianku.usecases.query import Answer

#: turns the batches of a query into those of the answer
Reshape = Callable[[Iterable[pa.RecordBatch]], Iterator[pa.RecordBatch]]


def table_reply(
    answer: Answer,
    writer: WriterSpec,
    info: TableInfo,
    base: str,
    *,
    columns: tuple[Column, ...] | None = None,
    reshape: Reshape | None = None,
    media_type: str | None = None,
    filename: str | None = None,
) -> Reply:
    """Return the reply that writes `answer`, and owns it from now on.

    `base` is put before addresses that are paths of this site; columns that name products lead to
    their links. `columns` and `reshape` go together: what the writer sees when it differs from
    what the query gave. `media_type` replaces the writer's.
    """
    batches = absolute_links(answer.columns, answer.batches(), base)
    if reshape is not None:
        batches = reshape(batches)
    info = replace(
        info, overflow=answer.overflow, services=(*info.services, *link_services(answer.products, base))
    )
    pieces = writer.write(columns or answer.columns, batches, info)
    headers = cache_headers(answer.public)
    if filename is not None:
        headers["content-disposition"] = f'attachment; filename="{filename}"'
    return Reply(Source(pieces, answer.cancel, answer.close), media_type or writer.media_type, headers)
