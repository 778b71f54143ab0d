"""Which files of a shared folder belong to a product set: its ``where`` condition, asked of headers alone.

Only the first blocks of a file are read and unpacked, so that a set which leaves most of a folder to others
pays little for them. Workers import this module only for sets that have a condition.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path

from tianku.model.errors import UsageError
from tianku.model.types import DataType
from tianku.products.context import SetContext
from tianku.products.expressions import Expression, check, evaluate, header_table, kind_of
from tianku.products.ingest_chunk import Selection
from tianku.products.readers.fits_cards import BLOCK, CARD, CardValue, parse_cards, require_fits

_PIECE = 1 << 16
_MOST = 20_000 * CARD
_END = b"END".ljust(CARD)


def compile_where(context: SetContext) -> Expression | None:
    """Return the set's checked condition on header keywords, None when it takes every file.

    Raises
    ------
    UsageError
        ``where.no_condition``, or what `tianku.products.expressions.check` raises.
    """
    text = context.config.where
    if text is None:
        return None
    compiled = check(text)
    if (kind := kind_of(compiled)) != "BOOLEAN":
        raise UsageError(
            "where.no_condition",
            "`where: {text}` is a {kind}, no condition; write for instance `DATA_V = 'LAMOST DR10'`",
            text=text,
            kind=kind,
        )
    return compiled


def select(context: SetContext, files: Sequence[Path]) -> Selection:
    """Return the files for whose primary header the set's condition is true; false and null are not.

    An absent keyword is null.
    """
    condition = compile_where(context)
    if condition is None:
        return Selection(tuple(files))
    read: list[Path] = []
    headers: list[Mapping[str, CardValue]] = []
    rejects: list[tuple[str, str]] = []
    for path in files:
        try:
            headers.append(_header(context, path))
            read.append(path)
        except UsageError as error:
            rejects.append((str(path), f"{error.code}: {error.message}"))
    values = header_table(headers, sorted(condition.names))
    wanted = {"mine": (condition, DataType.BOOLEAN)}
    verdicts = evaluate(wanted, values, local_time=context.local_time)["mine"].to_pylist() if headers else []
    mine = tuple(path for path, verdict in zip(read, verdicts, strict=True) if verdict)
    return Selection(mine, tuple(rejects), len(read) - len(mine))


def _header(context: SetContext, path: Path) -> Mapping[str, CardValue]:
    """The primary header; a file of a format without one has no keywords, but spectra are FITS."""
    head = _head(path)
    if not head.startswith(b"SIMPLE") and context.config.type != "spectrum":
        return {}
    require_fits(head)
    return parse_cards(head, 0)[0]


def _head(path: Path) -> bytes:
    """The file's bytes up to the end of its first header, unpacked; at most as long as a header may be."""
    head = bytearray()
    unpack = None
    try:
        with path.open("rb") as stream:
            while len(head) < _MOST and (piece := stream.read(_PIECE)):
                if not head and unpack is None and piece.startswith(b"\x1f\x8b"):
                    unpack = zlib.decompressobj(wbits=31)
                head += unpack.decompress(piece, _MOST) if unpack else piece
                if not head.startswith(b"SIMPLE") or _ended(head):
                    break
    except OSError as error:
        raise UsageError(
            "file.missing", "{file} cannot be read: {reason}", file=path.name, reason=error.strerror or "error"
        ) from error
    except zlib.error as error:
        raise UsageError("file.bad_gzip", "the gzip data are damaged: {reason}", reason=str(error)) from error
    return bytes(head)


def _ended(head: bytearray) -> bool:
    """Whether the END card and the rest of its block are here."""
    at = head.find(_END)
    while at % CARD and at != -1:
        at = head.find(_END, at + 1)
    return at != -1 and len(head) >= -(-(at + CARD) // BLOCK) * BLOCK
