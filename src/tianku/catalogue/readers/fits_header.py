"""FITS files as a sequence of headers, read without trusting any size they state (FITS 4.0 §3, §4)."""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterator
from typing import BinaryIO

from astropy.io import fits
from astropy.io.fits.verify import VerifyError
from astropy.utils.exceptions import AstropyWarning

from tianku.formats.layout import read_exactly
from tianku.formats.opening import DAMAGED

BLOCK = 2880
_MAX_HEADER = 4000 * BLOCK
_MAX_AXES = 999
_FAR = 1 << 62


def headers(file: BinaryIO) -> Iterator[tuple[int, int, fits.Header]]:
    """Yield (HDU number, offset of its data, header) of each HDU, reading headers only.

    Raises
    ------
    ValueError
        When the bytes are not FITS, saying what was found.
    """
    place, index = 0, 0
    while header := _read_header(file, index):
        place += len(header[1])
        yield index, place, header[0]
        place += _data_size(header[0], index)
        if place > _FAR:
            return
        try:
            file.seek(place)
        except DAMAGED:  # a compressed file ends inside the data: no header can follow
            return
        index += 1


def integer(header: fits.Header, keyword: str, default: int | None = None, *, most: int = _FAR) -> int:
    """Return a whole number from 0 to `most` that a header states.

    Raises
    ------
    ValueError
        When it is absent without a default, or anything else.
    """
    value = header.get(keyword, default)
    if isinstance(value, bool) or not isinstance(value, int | float) or value != value // 1:
        raise ValueError(f"{keyword} = {value!r} is no whole number")
    if not 0 <= value <= most:
        raise ValueError(f"{keyword} = {value} is not between 0 and {most}")
    return int(value)


def word(value: object) -> str | None:
    """Return a keyword's value as text, None when blank or absent."""
    text = str(value).strip() if value is not None else ""
    return text or None


def _read_header(file: BinaryIO, index: int) -> tuple[fits.Header, bytes] | None:
    raw = bytearray()
    while True:
        block = read_exactly(file, BLOCK)
        if not raw and (not block or (index and not block.startswith(b"XTENSION"))):
            if index == 0:
                raise ValueError("the file is empty")
            return None  # the end, or padding after the last HDU
        if not raw and index == 0 and not block.startswith(b"SIMPLE  ="):
            raise ValueError(f"it begins with {block[:16]!r}, not with SIMPLE")
        raw += block
        if len(block) < BLOCK or len(raw) > _MAX_HEADER:
            raise ValueError(f"the header of HDU {index} has no END")
        if _ends(block):
            return _parsed(bytes(raw)), bytes(raw)


def _parsed(raw: bytes) -> fits.Header:
    """The header without the cards that cannot be read."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", AstropyWarning)
        header = fits.Header.fromstring(raw)
        unreadable = [i for i, card in enumerate(header.cards) if not _readable(card)]
        for index in reversed(unreadable):
            del header[index]
    return header


def _readable(card: fits.Card) -> bool:
    try:
        return (card.keyword, card.value, card.comment) is not None
    except (VerifyError, ValueError, TypeError):
        return False


def _ends(block: bytes) -> bool:
    return any(block[i : i + 8] == b"END     " for i in range(0, BLOCK, 80))


def _data_size(header: fits.Header, index: int) -> int:
    try:
        axes = [
            integer(header, f"NAXIS{axis}", 0)
            for axis in range(1, integer(header, "NAXIS", 0, most=_MAX_AXES) + 1)
        ]
        cells = math.prod(axes) + integer(header, "PCOUNT", 0) if axes else 0
        bits = cells * integer(header, "GCOUNT", 1) * abs(int(header.get("BITPIX", 8)))
    except (ValueError, TypeError) as error:
        raise ValueError(f"HDU {index}: {error}") from error
    return -(-bits // 8 // BLOCK) * BLOCK
