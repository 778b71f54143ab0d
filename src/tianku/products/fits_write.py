"""Small whole FITS files from arrays: cards and binary tables, byte-for-byte reproducible."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import numpy.typing as npt

BLOCK = 2880
Value = str | int | float | bool | None
#: keyword, value, comment; the keyword COMMENT takes its text from the value
Card = tuple[str, Value, str]
_FORMS = {"u1": "B", "i2": "I", "i4": "J", "i8": "K", "f4": "E", "f8": "D"}


def card(key: str, value: Value, comment: str = "") -> bytes:
    """Return one 80-byte card (fixed format); texts over 68 characters are cut, non-ASCII becomes ``?``."""
    if key == "COMMENT":
        return _ascii(f"COMMENT {value}")
    if isinstance(value, bool):
        field = f"{'T' if value else 'F':>20}"
    elif isinstance(value, str):
        quoted = value.replace("'", "''")[:68]
        field = f"'{quoted:<8}'"
    elif value is None or (isinstance(value, float) and not np.isfinite(value)):
        field = ""
    else:
        field = f"{value!r:>20}".upper() if isinstance(value, float) else f"{value:>20}"
    return _ascii(f"{key:<8}= {field:<20} / {comment}" if comment else f"{key:<8}= {field}")


def _ascii(text: str) -> bytes:
    return text[:80].ljust(80).encode("ascii", "replace")


def header(cards: Iterable[Card]) -> bytes:
    """Return cards with END, padded to whole blocks."""
    body = b"".join(card(*c) for c in cards) + b"END".ljust(80)
    return body.ljust(-(-len(body) // BLOCK) * BLOCK)


def primary(cards: Sequence[Card] = ()) -> bytes:
    """Return a primary HDU without data."""
    start: list[Card] = [
        ("SIMPLE", True, "conforms to FITS standard"),
        ("BITPIX", 16, ""),
        ("NAXIS", 0, ""),
        ("EXTEND", True, ""),
    ]
    return header([*start, *cards])


def vector_table(name: str, columns: Mapping[str, npt.NDArray[np.generic]], cards: Sequence[Card] = ()) -> bytes:
    """Return a binary table of one row whose columns are vectors (the LAMOST form)."""
    data = b"".join(_big(a).tobytes() for a in columns.values())
    forms = [(n, f"{len(a)}{_form(a)}", None) for n, a in columns.items()]
    return _table(name, forms, 1, len(data), data, cards)


def row_table(
    name: str,
    columns: Mapping[str, npt.NDArray[np.generic]],
    cards: Sequence[Card] = (),
    units: Mapping[str, str] | None = None,
) -> bytes:
    """Return a binary table of scalar columns; texts are numpy ``S`` arrays."""
    units = units or {}
    arrays = {n: a if a.dtype.kind == "S" else _big(a) for n, a in columns.items()}
    rows = np.empty(len(next(iter(arrays.values()))), dtype=[(n, a.dtype) for n, a in arrays.items()])
    for column, array in arrays.items():
        rows[column] = array
    forms = [(n, _scalar_form(a), units.get(n)) for n, a in columns.items()]
    return _table(name, forms, len(rows), rows.dtype.itemsize, rows.tobytes(), cards)


def _table(
    name: str,
    forms: Sequence[tuple[str, str, str | None]],
    rows: int,
    width: int,
    data: bytes,
    cards: Sequence[Card],
) -> bytes:
    start: list[Card] = [
        ("XTENSION", "BINTABLE", "binary table"),
        ("BITPIX", 8, ""),
        ("NAXIS", 2, ""),
        ("NAXIS1", width, "bytes per row"),
        ("NAXIS2", rows, "rows"),
        ("PCOUNT", 0, ""),
        ("GCOUNT", 1, ""),
        ("TFIELDS", len(forms), "columns"),
        ("EXTNAME", name, ""),
    ]
    for number, (column, form, unit) in enumerate(forms, 1):
        start += [(f"TTYPE{number}", column, ""), (f"TFORM{number}", form, "")]
        start += [(f"TUNIT{number}", unit, "")] if unit else []
    padded = data.ljust(-(-len(data) // BLOCK) * BLOCK, b"\0")
    return header([*start, *cards]) + padded


def _big(array: npt.NDArray[np.generic]) -> npt.NDArray[np.generic]:
    return array.astype(array.dtype.newbyteorder(">"))


def _form(array: npt.NDArray[np.generic]) -> str:
    return _FORMS[array.dtype.str[1:]]


def _scalar_form(array: npt.NDArray[np.generic]) -> str:
    return f"{max(1, array.dtype.itemsize)}A" if array.dtype.kind == "S" else _form(array)
