"""FITS binary tables (FITS 4.0 §7.3).

The header tells the number of rows, the widths of texts and which integers stand for null, so
the rows go through a spool first; then they stream.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
import pyarrow as pa

from tianku.formats.cells import conform
from tianku.formats.chunks import chunked
from tianku.formats.fits_columns import FitsColumn, measure
from tianku.formats.fits_header import BLOCK, card, finished, remark
from tianku.formats.spool import Spool
from tianku.formats.table import TableInfo
from tianku.model.metadata import Column


def write_fits(columns: Sequence[Column], batches: Iterable[pa.RecordBatch], info: TableInfo) -> Iterator[bytes]:
    """Write an empty primary HDU and one BINTABLE.

    Integer nulls are TNULL (the least value of the type that no row uses; a type that is full,
    and unsigned bytes, go to the next wider one), real nulls NaN, texts ASCII padded with
    blanks, with other characters as backslash escapes. UCDs stand in TUCDn, utypes in TUTYPn.
    """
    return chunked(_fits(columns, batches, info))


def _fits(
    columns: Sequence[Column], batches: Iterable[pa.RecordBatch], info: TableInfo
) -> Iterator[bytes | memoryview]:
    layout = [measure(column) for column in columns]
    schema = pa.schema([pa.field(str(i), item.spooled) for i, item in enumerate(layout)])
    with Spool(schema, info.spool_dir) as spool:
        rows = 0
        for arrays in conform(columns, batches):
            prepared = [item.take(array) for item, array in zip(layout, arrays, strict=True)]
            spool.add(pa.record_batch(prepared, schema=schema))
            rows += len(arrays[0])
        spool.finish()
        yield from _tables(layout, spool, rows, info)


def _tables(
    layout: Sequence[FitsColumn], spool: Spool, rows: int, info: TableInfo
) -> Iterator[bytes | memoryview]:
    for item in layout:
        item.settle()
    dtype = np.dtype([(f"c{i}", *item.cell()) for i, item in enumerate(layout)])
    heap = sum(item.heap_bytes for item in layout)
    yield _primary()
    yield _extension(layout, dtype.itemsize, rows, heap, info)
    heap_start = 0
    for batch in spool:
        packed = np.zeros(batch.num_rows, dtype)
        for i, item in enumerate(layout):
            packed[f"c{i}"], used = item.cells(batch.column(i), heap_start)
            heap_start += used
        yield packed.tobytes()
    if heap:
        for batch in spool:
            yield from (item.heap(batch.column(i)) for i, item in enumerate(layout) if item.heap_bytes)
    yield b"\0" * (-(rows * dtype.itemsize + heap) % BLOCK)


def _primary() -> bytes:
    return finished(card("SIMPLE", True) + card("BITPIX", 8) + card("NAXIS", 0) + card("EXTEND", True))


def _extension(layout: Sequence[FitsColumn], width: int, rows: int, heap: int, info: TableInfo) -> bytes:
    cards = [
        card("XTENSION", "BINTABLE"),
        card("BITPIX", 8),
        card("NAXIS", 2),
        card("NAXIS1", width, "bytes in a row"),
        card("NAXIS2", rows, "rows"),
        card("PCOUNT", heap, "bytes in the heap"),
        card("GCOUNT", 1),
        card("TFIELDS", len(layout)),
        card("EXTNAME", info.name),
        *(item.cards(number) for number, item in enumerate(layout, 1)),
    ]
    if info.description:
        cards.append(remark("COMMENT", info.description))
    if info.overflow:
        cards.append(remark("COMMENT", f"OVERFLOW: {info.overflow_text}"))
    return finished(b"".join(cards))
