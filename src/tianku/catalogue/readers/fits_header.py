"""FITS binary tables: where they are in a file and how their rows are laid out (FITS 4.0 §7.3)."""

from __future__ import annotations

import math
import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

import numpy as np
from astropy.io import fits
from astropy.utils.exceptions import AstropyWarning

from tianku.formats.layout import read_exactly

BLOCK = 2880
_MAX_HEADER = 4000 * BLOCK
_FORMAT = re.compile(r"^\s*(\d*)([LXBIJKAEDCMPQ])")
_NUMPY = {"L": "S1", "B": "u1", "I": ">i2", "J": ">i4", "K": ">i8", "E": ">f4", "D": ">f8"}
_BYTES = {"X": 0, "C": 8, "M": 16, "P": 8, "Q": 16}


@dataclass(frozen=True, slots=True)
class FitsColumn:
    """One column: numpy type and offset inside a row, and what its keywords say."""

    name: str
    code: str
    repeat: int
    offset: int
    dtype: np.dtype | None  # None: not readable as a column
    unit: str | None = None
    ucd: str | None = None
    description: str | None = None
    null: int | None = None
    scale: float = 1.0
    zero: float = 0.0


@dataclass(frozen=True, slots=True)
class FitsTable:
    """One binary table extension."""

    index: int
    name: str
    rows: int
    row_bytes: int
    offset: int  # of its first row in the (decompressed) file
    columns: tuple[FitsColumn, ...]


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
        size = _data_size(header[0])
        if not _skip(file, size):
            return
        place += size
        index += 1


def _read_header(file: BinaryIO, index: int) -> tuple[fits.Header, bytes] | None:
    raw = b""
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
            break
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", AstropyWarning)
        return fits.Header.fromstring(raw), raw


def _ends(block: bytes) -> bool:
    return any(block[i : i + 8] == b"END     " for i in range(0, BLOCK, 80))


def _data_size(header: fits.Header) -> int:
    axes = int(header.get("NAXIS", 0))
    if axes == 0:
        return 0
    cells = math.prod(int(header.get(f"NAXIS{axis}", 0)) for axis in range(1, axes + 1))
    cells = int(header.get("GCOUNT", 1)) * (cells + int(header.get("PCOUNT", 0)))
    return -(-cells * abs(int(header.get("BITPIX", 8))) // 8 // BLOCK) * BLOCK


def _skip(file: BinaryIO, size: int) -> bool:
    """Move past `size` bytes; False when the file ends first."""
    while size > 0:
        block = file.read(min(size, 1 << 20))
        if not block:
            return False
        size -= len(block)
    return True


def tables(file: BinaryIO) -> Iterator[FitsTable]:
    """Yield the binary tables of a file in order."""
    for index, offset, header in headers(file):
        if str(header.get("XTENSION", "")).strip() == "BINTABLE" and not header.get("ZIMAGE", False):
            yield _table(index, offset, header)


def _table(index: int, offset: int, header: fits.Header) -> FitsTable:
    columns, place = [], 0
    for number in range(1, int(header.get("TFIELDS", 0)) + 1):
        column, size = _column(header, number, place)
        columns.append(column)
        place += size
    row_bytes = int(header["NAXIS1"])
    if place > row_bytes or row_bytes < 0:
        raise ValueError(f"HDU {index}: columns take {place} bytes, but NAXIS1 = {row_bytes}")
    return FitsTable(
        index, str(header.get("EXTNAME", "")).strip(), int(header["NAXIS2"]), row_bytes, offset, tuple(columns)
    )


def _column(header: fits.Header, number: int, place: int) -> tuple[FitsColumn, int]:
    form = str(header.get(f"TFORM{number}", ""))
    match = _FORMAT.match(form)
    if match is None:
        raise ValueError(f"TFORM{number} = {form!r} is no binary table format")
    repeat, code = int(match[1] or 1), match[2]
    dtype = _dtype(code, repeat)
    size = (
        dtype.itemsize if dtype is not None else (-(-repeat // 8) if code == "X" else repeat * _BYTES.get(code, 0))
    )
    null = header.get(f"TNULL{number}")
    column = FitsColumn(
        name=str(header.get(f"TTYPE{number}", f"column_{number}")).strip(),
        code=code,
        repeat=repeat,
        offset=place,
        dtype=dtype,
        unit=_word(header.get(f"TUNIT{number}")),
        ucd=_word(header.get(f"TUCD{number}")),
        description=_word(header.get(f"TCOMM{number}")) or _comment(header, f"TTYPE{number}"),
        null=int(null) if isinstance(null, int | float) and code in "BIJK" else None,
        scale=float(header.get(f"TSCAL{number}", 1.0)),
        zero=float(header.get(f"TZERO{number}", 0.0)),
    )
    return column, size


def _dtype(code: str, repeat: int) -> np.dtype | None:
    if repeat == 0:
        return None
    if code == "A":
        return np.dtype(("S", repeat))
    if code not in _NUMPY:
        return None
    scalar = np.dtype(_NUMPY[code])
    return scalar if repeat == 1 else np.dtype((scalar, (repeat,)))


def _comment(header: fits.Header, keyword: str) -> str | None:
    """The comment of a keyword when it says more than "label for field 3"."""
    text = _word(header.comments[keyword]) if keyword in header else None
    return None if text is None or re.match(r"(?i)(label for )?(field|column)\b", text) else text


def _word(value: object) -> str | None:
    text = str(value).strip() if value is not None else ""
    return text or None
