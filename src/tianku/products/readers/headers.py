"""The header of a file of any kind, for people to read."""

from __future__ import annotations

import zlib
from pathlib import Path

from tianku.model.config.formats import RecordFormat
from tianku.model.errors import UsageError
from tianku.products.observed import Header
from tianku.products.readers.fits_cards import CARD, fits_hdus
from tianku.products.readers.image_hdus import content
from tianku.products.readers.raster import is_raster, read_raster
from tianku.products.readers.source import DEFAULT_LIMITS, SourceFile, load

_MOST = 20_000 * CARD


def file_header(path: Path, ext: int | None = None, layout: RecordFormat | None = None) -> Header:
    """Return what a file says of itself; nothing for a file without headers.

    The primary header and that of HDU `ext`, whose values win; global attributes of netCDF4 and CDF; the file
    header of records of `layout`.
    """
    if is_raster(path):
        return read_raster(path).cards
    if layout is not None:
        from tianku.products.readers.dynamic_records import record_header

        return record_header(path, layout)
    start = beginning(path, 16)
    if not start.startswith(b"SIMPLE"):
        return _attributes(path, start)
    hdus = fits_hdus(content(SourceFile(path)))
    chosen = hdus[ext] if ext is not None and ext < len(hdus) else hdus[0]
    return {**hdus[0].cards, **chosen.cards}


def beginning(path: Path, most: int = _MOST) -> bytes:
    """Return the first bytes of a file, unpacked where it is gzip; fewer where the packing is damaged."""
    try:
        with path.open("rb") as stream:
            head = stream.read(most)
    except OSError as error:
        raise UsageError(
            "file.missing", "{file} cannot be read: {reason}", file=path.name, reason=error.strerror or "error"
        ) from error
    if not head.startswith(b"\x1f\x8b"):
        return head
    try:
        return zlib.decompressobj(wbits=31).decompress(head, most)
    except zlib.error:
        return b""


def _attributes(path: Path, start: bytes) -> Header:
    """Global attributes of a self-describing file that is not too large to be read."""
    from tianku.products.readers.series import attributes, is_self_describing

    if not is_self_describing(start) or path.stat().st_size > DEFAULT_LIMITS.max_bytes:
        return {}
    return attributes(load(path))
