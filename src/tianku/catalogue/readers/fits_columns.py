"""FITS tables: where they are in a file and how their rows are laid out (FITS 4.0 §7.2, §7.3)."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

import numpy as np
from astropy.io import fits

from tianku.catalogue.readers.fits_header import headers, integer, word

#: longest row; a header that states more is absurd
_MAX_ROW = 256 << 20
_MAX_COLUMNS = 999
_BINARY = re.compile(r"^\s*(\d{0,9})([LXBIJKAEDCM])(\d*)")
_HEAP = re.compile(r"^\s*([01]?)([PQ])([LXBIJKAEDCM])")
_ASCII = re.compile(r"^\s*([AIFED])(\d{1,5})(?:\.(\d+))?")
#: numpy type of one element, and how many of them one value has
ELEMENTS = {
    "L": ("S1", 1),
    "B": ("u1", 1),
    "I": (">i2", 1),
    "J": (">i4", 1),
    "K": (">i8", 1),
    "E": (">f4", 1),
    "D": (">f8", 1),
    "C": (">f4", 2),
    "M": (">f8", 2),
}


@dataclass(frozen=True, slots=True)
class FitsColumn:
    """One column: what stands in a row of it, and what its keywords say.

    `code` is the letter of its format, for arrays in the heap that of their elements; `repeat` counts
    values (bits of X, characters of A); `substring` is the length of each string of an array of strings.
    """

    name: str
    code: str
    repeat: int
    offset: int
    dtype: np.dtype | None  # None: nothing stands in the row
    heap: bool = False
    substring: int = 0
    unit: str | None = None
    ucd: str | None = None
    description: str | None = None
    null: int | str | None = None
    scale: float = 1.0
    zero: float = 0.0


@dataclass(frozen=True, slots=True)
class FitsTable:
    """One table extension; the heap is empty but for arrays of variable length."""

    index: int
    name: str
    rows: int
    row_bytes: int
    offset: int  # of its first row in the (decompressed) file
    columns: tuple[FitsColumn, ...]
    text: bool = False  # an ASCII table
    heap_offset: int = 0
    heap_bytes: int = 0
    #: why its rows cannot be read; another table of the file may be sound
    problem: str = ""


def is_table(header: fits.Header) -> bool:
    """True for binary and ASCII tables that hold rows, not the tiles of a compressed image."""
    return word(header.get("XTENSION")) in ("BINTABLE", "TABLE") and not header.get("ZIMAGE", False)


def tables(file: BinaryIO) -> Iterator[FitsTable]:
    """Yield the tables of a file in order, also those that cannot be read (they say why).

    Raises
    ------
    ValueError
        What is wrong with the file.
    """
    for index, offset, header in headers(file):
        if is_table(header):
            try:
                yield _table(index, offset, header)
            except (ValueError, TypeError, OverflowError) as error:
                name = word(header.get("EXTNAME")) or ""
                yield FitsTable(index, name, 0, 0, offset, (), problem=f"HDU {index}: {error}")


def _table(index: int, offset: int, header: fits.Header) -> FitsTable:
    if header.get("ZTABLE", False):
        raise ValueError("the table is tile-compressed; unpack the file with `funpack` first")
    text = word(header["XTENSION"]) == "TABLE"
    columns, place = [], 0
    for number in range(1, integer(header, "TFIELDS", 0, most=_MAX_COLUMNS) + 1):
        column = _text_column(header, number) if text else _binary_column(header, number, place)
        columns.append(column)
        place = max(place, column.offset + (column.dtype.itemsize if column.dtype is not None else 0))
    rows, row_bytes = integer(header, "NAXIS2"), integer(header, "NAXIS1", most=_MAX_ROW)
    if place > row_bytes:
        raise ValueError(f"columns take {place} bytes, but NAXIS1 = {row_bytes}")
    start = integer(header, "THEAP", rows * row_bytes)
    size = max(0, rows * row_bytes + integer(header, "PCOUNT", 0) - start)
    name = word(header.get("EXTNAME")) or ""
    return FitsTable(index, name, rows, row_bytes, offset, tuple(columns), text, offset + start, size)


def _binary_column(header: fits.Header, number: int, place: int) -> FitsColumn:
    form = str(header.get(f"TFORM{number}", ""))
    if (heap := _HEAP.match(form)) is not None:
        pair = np.dtype((">i4" if heap[2] == "P" else ">i8", (2,)))
        dtype = pair if heap[1] != "0" else None
        return _described(header, number, code=heap[3], repeat=1, offset=place, dtype=dtype, heap=True)
    match = _BINARY.match(form)
    if match is None:
        raise ValueError(f"TFORM{number} = {form!r} is no binary table format")
    repeat, code = int(match[1] or 1), match[2]
    substring = _substring(header, number, repeat, match[3]) if code == "A" else 0
    dtype = _dtype(code, repeat)
    return _described(header, number, code=code, repeat=repeat, offset=place, dtype=dtype, substring=substring)


def _substring(header: fits.Header, number: int, repeat: int, width: str) -> int:
    """Length of the strings of an array of strings: TDIM or the ``rAw`` convention; 0 for one string."""
    shape = re.findall(r"\d{1,9}", str(header.get(f"TDIM{number}", "")))
    length = int(shape[0]) if len(shape) > 1 else int(width[:9] or 0)
    if len(shape) > 1 and math.prod(map(int, shape)) != repeat:
        return 0
    return length if 0 < length < repeat and repeat % length == 0 else 0


def _dtype(code: str, repeat: int) -> np.dtype | None:
    if repeat == 0:
        return None
    if repeat > _MAX_ROW:
        raise ValueError(f"a column of {repeat} values in each row")
    if code == "A":
        return np.dtype(("S", repeat))
    if code == "X":
        return np.dtype(("u1", (-(-repeat // 8),)))
    scalar, parts = ELEMENTS[code]
    return np.dtype(scalar) if repeat * parts == 1 else np.dtype((scalar, (repeat * parts,)))


def _text_column(header: fits.Header, number: int) -> FitsColumn:
    form = str(header.get(f"TFORM{number}", ""))
    match = _ASCII.match(form)
    if match is None:
        raise ValueError(f"TFORM{number} = {form!r} is no ASCII table format")
    width = int(match[2])
    offset = integer(header, f"TBCOL{number}", most=_MAX_ROW) - 1
    if offset < 0 or width == 0:
        raise ValueError(f"TBCOL{number}, TFORM{number}: no field at byte {offset + 1} of width {width}")
    return _described(header, number, code=match[1], repeat=width, offset=offset, dtype=np.dtype(("S", width)))


def _described(
    header: fits.Header,
    number: int,
    *,
    code: str,
    repeat: int,
    offset: int,
    dtype: np.dtype | None,
    heap: bool = False,
    substring: int = 0,
) -> FitsColumn:
    null = header.get(f"TNULL{number}")
    return FitsColumn(
        name=word(header.get(f"TTYPE{number}")) or f"column_{number}",
        code=code,
        repeat=repeat,
        offset=offset,
        dtype=dtype,
        heap=heap,
        substring=substring,
        unit=word(header.get(f"TUNIT{number}")),
        ucd=word(header.get(f"TUCD{number}")),
        description=word(header.get(f"TCOMM{number}")) or _comment(header, f"TTYPE{number}"),
        null=int(null) if isinstance(null, float) and null.is_integer() else _null(null),
        scale=float(header.get(f"TSCAL{number}", 1.0)),
        zero=float(header.get(f"TZERO{number}", 0.0)),
    )


def _null(value: object) -> int | str | None:
    return value if isinstance(value, int | str) and not isinstance(value, bool) else None


def _comment(header: fits.Header, keyword: str) -> str | None:
    """The comment of a keyword when it says more than "label for field 3"."""
    text = word(header.comments[keyword]) if keyword in header else None
    return None if text is None or re.match(r"(?i)(label for )?(field|column)\b", text) else text
