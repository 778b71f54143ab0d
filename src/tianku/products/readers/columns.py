"""Arrays by role from one HDU: image rows, tables of rows, tables of vectors."""

from __future__ import annotations

import re
from dataclasses import dataclass
from math import prod

import numpy as np
import numpy.typing as npt

from tianku.model.errors import UsageError
from tianku.products.readers.fits_cards import Hdu
from tianku.products.readers.layout import Layout

_TFORM = re.compile(r"(\d*)([LXBIJKAEDCMPQ])")
_BYTES = {"L": 1, "B": 1, "I": 2, "J": 4, "K": 8, "A": 1, "E": 4, "D": 8, "C": 8, "M": 16, "P": 8, "Q": 16}
_DTYPE = {"B": "u1", "I": ">i2", "J": ">i4", "K": ">i8", "E": ">f4", "D": ">f8"}
_IMAGE = {8: "u1", 16: ">i2", 32: ">i4", 64: ">i8", -32: ">f4", -64: ">f8"}
Array = npt.NDArray[np.generic]


@dataclass(frozen=True, slots=True)
class TableColumn:
    """One column of a binary table: its TFORM code, element count and byte offset in the row."""

    name: str
    code: str
    repeat: int
    offset: int
    number: int


def table_columns(hdu: Hdu) -> list[TableColumn]:
    """Return the columns of a BINTABLE, checked against its row length (``fits.bad_header`` otherwise)."""
    columns: list[TableColumn] = []
    offset = 0
    count = hdu.cards.get("TFIELDS")
    for number in range(1, (count if isinstance(count, int) else 0) + 1):
        found = _TFORM.match(str(hdu.cards.get(f"TFORM{number}", "")).strip())
        if not found:
            raise _bad_table(hdu, f"TFORM{number}", hdu.cards.get(f"TFORM{number}"))
        repeat = int(found[1] or 1)
        name = str(hdu.cards.get(f"TTYPE{number}") or f"col{number}").strip()
        columns.append(TableColumn(name, found[2], repeat, offset, number))
        offset += -(-repeat // 8) if found[2] == "X" else repeat * _BYTES[found[2]]
    if len(hdu.shape) != 2 or offset > hdu.shape[1]:
        raise _bad_table(hdu, "NAXIS1", hdu.cards.get("NAXIS1"))
    return columns


def _bad_table(hdu: Hdu, key: str, value: object) -> UsageError:
    return UsageError(
        "fits.bad_header",
        "the header of HDU {index} has {key} = {value!r}, which the FITS standard does not allow",
        index=hdu.index,
        key=key,
        value=value,
    )


def role_arrays(layout: Layout, buffer: bytes, hdu: Hdu, form: str) -> dict[str, Array] | None:
    """Return the arrays of `hdu` by role, all of one length, or None if it is not of this form and layout.

    A column of the layout's `log_columns` comes back in the role ``log_wavelength``.
    """
    if form == "image":
        return _image_roles(layout, buffer, hdu)
    if hdu.kind != "table":
        return None
    spelled = {s: role for role, names in layout.columns.items() for s in names}
    spelled |= dict.fromkeys(layout.log_columns, "log_wavelength")
    chosen = {
        spelled[c.name.lower()]: c
        for c in table_columns(hdu)
        if c.name.lower() in spelled
        and c.code in _DTYPE
        and (hdu.shape[0] == 1 if form == "vectors" else c.repeat == 1)
    }
    lengths = {c.repeat for c in chosen.values()} if form == "vectors" else {hdu.shape[0]}
    if "flux" not in chosen or not chosen.keys() & {"wavelength", "log_wavelength"} or len(lengths) != 1:
        return None
    return {role: column_array(buffer, hdu, c, form) for role, c in chosen.items()}


def _image_roles(layout: Layout, buffer: bytes, hdu: Hdu) -> dict[str, Array] | None:
    """Image rows by the words of the keyword that names them (LAMOST: EXTEN0), or by the layout's order."""
    words = re.findall(r"\w+", str(hdu.cards.get(layout.row_names or "", "")).lower()) or [*layout.rows]
    spelled = {s: role for role, names in layout.columns.items() for s in names}
    if hdu.kind != "image" or len(hdu.shape) > 2 or "flux" not in words:
        return None
    rows = np.atleast_2d(image_rows(buffer, hdu))
    if len(words) != len(rows):
        return None
    return {spelled[word]: rows[i] for i, word in enumerate(words) if word in spelled}


def column_array(buffer: bytes, hdu: Hdu, column: TableColumn, form: str) -> Array:
    """Return one column as an array in native byte order, scaled if its header says so."""
    rows, width = hdu.shape
    dtype = np.dtype(_DTYPE[column.code])
    if form == "vectors":
        shape, strides = (column.repeat,), (dtype.itemsize,)
    else:
        shape, strides = (rows,), (width,)
    view: Array = np.ndarray(shape, dtype, buffer, hdu.offset + column.offset, strides)
    return _scaled(view, hdu.cards.get(f"TSCAL{column.number}"), hdu.cards.get(f"TZERO{column.number}"))


def scalar(buffer: bytes, hdu: Hdu, column: TableColumn) -> str | int | float | None:
    """Return the one value of a column of a table of one row; None for arrays and types without one."""
    if column.code == "A":
        start = hdu.offset + column.offset
        return buffer[start : start + column.repeat].split(b"\0")[0].decode("latin-1").strip() or None
    if column.code not in _DTYPE or column.repeat != 1:
        return None
    value = column_array(buffer, hdu, column, "rows")[0].item()
    return value if isinstance(value, int) or (isinstance(value, float) and np.isfinite(value)) else None


def image_rows(buffer: bytes, hdu: Hdu) -> Array:
    """Return an image in native byte order, scaled if its header says so."""
    dtype = np.dtype(_IMAGE[int(hdu.cards["BITPIX"] or 0)])
    flat = np.frombuffer(buffer, dtype, prod(hdu.shape), hdu.offset)
    return _scaled(flat.reshape(hdu.shape), hdu.cards.get("BSCALE"), hdu.cards.get("BZERO"))


def _scaled(view: Array, scale: object, zero: object) -> Array:
    native = view.astype(view.dtype.newbyteorder("="))
    factor = float(scale) if isinstance(scale, int | float) else 1.0
    offset = float(zero) if isinstance(zero, int | float) else 0.0
    return native if (factor, offset) == (1.0, 0.0) else native.astype(np.float64) * factor + offset
