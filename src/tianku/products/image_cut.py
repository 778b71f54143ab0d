"""Parts of images as FITS: pixels and cards as the file has them, the reference pixels moved along."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import numpy as np

from tianku.products.fits_write import BLOCK, Card, Value, card
from tianku.products.image_window import Window
from tianku.products.readers.fits_cards import CARD, Buffer, card_value
from tianku.products.readers.image_hdus import WCS_KEYS, ImageHdu
from tianku.products.readers.image_tiles import tiles

_STRIP = 1 << 20  # pixels held at a time
_STRUCTURE = re.compile(r"SIMPLE|XTENSION|BITPIX|NAXIS\d*|PCOUNT|GCOUNT|GROUPS|EXTEND|END|CHECKSUM|DATASUM")
#: of the table that a compressed image is kept in (FITS 4.0, 10.1)
_TABLE = re.compile(
    r"Z(?:IMAGE|CMPTYPE|BITPIX|NAXIS\d*|(?:TILE|NAME|VAL)\d+|SIMPLE|TENSION|EXTEND|BLOCKED|PCOUNT|GCOUNT|HECKSUM"
    r"|DATASUM|QUANTIZ|DITHER0|MASKCMP|SCALE|ZERO|BLANK)|TFIELDS|THEAP|T(?:TYPE|FORM|UNIT|DISP|NULL|DIM)\d+"
)
#: distortions by look-up tables, which lie in other HDUs
_TABLES = re.compile(r"C[PQ]DIS\d[A-Z]?|D[PQ]\d[A-Z]?|D2IMDIS\d|C[PQ]ERR\d|D2IMERR\d|D2IMARR\d")
#: what counts pixels from the image's first: reference pixels, physical coordinates, and DSS plates the other way
_MOVED = re.compile(r"(?:CRPIX|LTV)(?P<against>[12])[A-Z]?|CNPIX(?P<along>[12])")
_AXIS = re.compile(r"CTYPE([12])([A-Z]?)")


@dataclass(frozen=True, slots=True)
class ImageCut:
    """A window of one image of a file.

    Attributes
    ----------
    name
        EXTNAME instead of the image's own, None to keep that.
    wcs
        Cards of world coordinates instead of the header's, None to keep those.
    """

    path: Path
    buffer: Buffer = field(repr=False)
    hdu: ImageHdu = field(repr=False)
    window: Window
    name: str | None = None
    wcs: str | None = field(default=None, repr=False)


def to_fits(cuts: Sequence[ImageCut], remarks: Sequence[str] = ()) -> Iterator[bytes]:
    """Yield a FITS file of windows; the first stands in the primary HDU when it did so in its file.

    `remarks` are written as comments into the primary header.

    Raises
    ------
    UsageError
        ``image.unreadable``
    """
    comments: list[Card] = [("COMMENT", remark, "") for remark in remarks]
    first = cuts[0]
    if first.hdu.number:
        start: list[Card] = [("SIMPLE", True, ""), ("BITPIX", 8, ""), ("NAXIS", 0, ""), ("EXTEND", True, "")]
        kept = [text for text in _cards(first.buffer, 0) if not _STRUCTURE.fullmatch(_key(text))]
        yield _header(start, kept, comments)
    for cut in cuts:
        primary = cut is first and not cut.hdu.number
        yield _header(_start(cut, primary), _kept(cut), comments if primary else ())
        size = 0
        for piece in _pixels(cut):
            size += len(piece)
            yield piece
        yield bytes(-size % BLOCK)


def _pixels(cut: ImageCut) -> Iterator[bytes]:
    """Strips of rows; of compressed images whole rows of tiles, so that none is unpacked twice."""
    hdu, window = cut.hdu, cut.window
    tall = hdu.tiles[-2] if hdu.compression else 1
    rows = max(1, _STRIP // (window.x1 - window.x0) // tall) * tall
    if hdu.compression:
        section = tiles(cut.path, cut.buffer, hdu, scaled=False)
    else:
        section = np.ndarray(hdu.shape, hdu.dtype, cut.buffer, hdu.offset).__getitem__
    edges = [window.y0, *range((window.y0 // rows + 1) * rows, window.y1, rows), window.y1]
    for plane in np.ndindex(hdu.shape[:-2]):
        for y0, y1 in pairwise(edges):
            strip = section((*plane, slice(y0, y1), slice(window.x0, window.x1)))
            yield np.asarray(strip, hdu.dtype).tobytes()


def _start(cut: ImageCut, primary: bool) -> list[Card]:
    window, hdu = cut.window, cut.hdu
    lengths = (*hdu.shape[:-2], window.y1 - window.y0, window.x1 - window.x0)[::-1]
    axes: list[Card] = [(f"NAXIS{i}", n, "") for i, n in enumerate(lengths, 1)]
    sizes: list[Card] = [("BITPIX", hdu.bitpix, ""), ("NAXIS", len(lengths), ""), *axes]
    if primary:
        return [("SIMPLE", True, ""), *sizes, ("EXTEND", True, "")]
    named: list[Card] = [] if cut.name is None else [("EXTNAME", cut.name, "")]
    return [("XTENSION", "IMAGE", ""), *sizes, ("PCOUNT", 0, ""), ("GCOUNT", 1, ""), *named]


def _kept(cut: ImageCut) -> list[bytes]:
    """The header's cards without those of its structure, moved."""
    cards: list[bytes] = []
    dropped = False
    for text in _cards(cut.buffer, cut.hdu.start):
        key = _key(text)
        dropped = dropped if key == "CONTINUE" else _goes(cut, key, text)
        if not dropped:
            cards.append(text)
    if cut.wcs is not None:
        cards += [text for text in _split(cut.wcs.encode("latin-1")) if not _STRUCTURE.fullmatch(_key(text))]
    offsets = (cut.window.x0, cut.window.y0)
    keys = {_key(text) for text in cards}
    given = {match[0]: int(match[1]) for key in keys if (match := _AXIS.fullmatch(key))}
    # a reference pixel that is not given is 0 (FITS 4.0, 8.2)
    unsaid = {key.replace("CTYPE", "CRPIX"): -float(offsets[axis - 1]) for key, axis in given.items()}
    more = [card(key, value) for key, value in sorted(unsaid.items()) if value and key not in keys]
    return [_moved(text, offsets) for text in cards] + more


def _goes(cut: ImageCut, key: str, text: bytes) -> bool:
    if _STRUCTURE.fullmatch(key) or _TABLES.fullmatch(key) or (cut.hdu.compression and _TABLE.fullmatch(key)):
        return True
    if key == "EXTNAME":
        return cut.name is not None or _value(text) == "COMPRESSED_IMAGE"
    return cut.wcs is not None and WCS_KEYS.fullmatch(key) is not None and not key.endswith("-OBS")


def _moved(text: bytes, offsets: tuple[int, int]) -> bytes:
    found = _MOVED.fullmatch(_key(text))
    value = _value(text) if found else None
    if found is None or not isinstance(value, int | float):
        return text
    offset = -offsets[int(found["against"]) - 1] if found["against"] else offsets[int(found["along"]) - 1]
    return card(_key(text), value + offset) if offset else text


def _header(start: Sequence[Card], kept: Sequence[bytes], more: Sequence[Card]) -> bytes:
    text = b"".join((*(card(*one) for one in start), *kept, *(card(*one) for one in more), b"END".ljust(CARD)))
    return text.ljust(-(-len(text) // BLOCK) * BLOCK)


def _cards(buffer: Buffer, at: int) -> Iterator[bytes]:
    """The cards of the header at `at`, before END."""
    while (text := buffer[at : at + CARD])[:8].rstrip() != b"END":
        yield text
        at += CARD


def _split(cards: bytes) -> list[bytes]:
    return [cards[i : i + CARD] for i in range(0, len(cards), CARD)]


def _key(text: bytes) -> str:
    return text[:8].decode("latin-1").rstrip()


def _value(text: bytes) -> Value:
    return card_value(text[10:].decode("latin-1"))
