"""Numbers out of raw record fields: packed bits, coded times, scales; all records of a run at once."""

from __future__ import annotations

from itertools import groupby
from math import lcm
from typing import Literal

import numpy as np
import numpy.typing as npt

from tianku.formats.records.plan import RecordPlan, coded, packed_bits
from tianku.formats.records.scan import Run
from tianku.model.config.formats import FieldLayout
from tianku.model.errors import UsageError

Doubles = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
_MJD_1970 = 40587
#: groups of packed numbers taken at a time: what a core's cache holds
_CACHED = 1 << 16
#: what a part of a second is worth, by the letter of a bit layout
_PARTS = {"l": 1e-3, "u": 1e-6, "n": 1e-9}
_RANGES = {"M": (1, 12), "h": (0, 24), "m": (0, 59), "s": (0, 60)}


def field_values(plan: RecordPlan, run: Run, records: np.ndarray, name: str) -> npt.NDArray[np.generic]:
    """Return a field of `records` (of `run`), native, unpacked, scaled; nulls of scaled or float fields are NaN.

    Returns
    -------
    array
        Shape (records, *the field's shape); integers as they are where the layout gives neither scale,
        offset nor null; float32 for numbers of up to 16 bits and float32 fields, else float64.
    """
    field = plan.fields[name]
    shape = plan.shape(field, run.lengths)
    if bits := packed_bits(field):
        count = int(np.prod(shape, dtype=np.int64)) if shape else 1
        values: npt.NDArray[np.generic] = unpack(records[name], bits, count, plan.order).reshape(-1, *shape)
    elif coded(field):
        raise UsageError("records.not_a_number", "{name} is a time, no number", name=name)
    else:
        raw = records[name]
        values = raw.astype(raw.dtype.newbyteorder("="), copy=False)
    return _scaled(plan, run, records, field, values)


def _scaled(
    plan: RecordPlan, run: Run, records: np.ndarray, field: FieldLayout, values: npt.NDArray[np.generic]
) -> npt.NDArray[np.generic]:
    if (field.scale is None and field.offset is None and field.null is None) or values.dtype.kind == "S":
        return values
    small = values.dtype.itemsize <= 2 or values.dtype == np.float32
    numbers: npt.NDArray[np.floating] = values.astype(np.float32 if small else np.float64)
    if field.scale is not None:
        numbers *= _factor(plan, run, records, field.scale, numbers)
    if field.offset is not None:
        numbers += _factor(plan, run, records, field.offset, numbers)
    if isinstance(field.null, int | float):
        numbers[np.asarray(values == field.null)] = np.nan
    return numbers


def _factor(
    plan: RecordPlan, run: Run, records: np.ndarray, said: float | str, numbers: npt.NDArray[np.floating]
) -> npt.NDArray[np.floating]:
    if not isinstance(said, str):
        return np.asarray(said, numbers.dtype)
    per_record = field_values(plan, run, records, said).astype(numbers.dtype)
    return per_record.reshape(len(per_record), *(1,) * (numbers.ndim - 1))


def unpack(
    packed: npt.NDArray[np.uint8], bits: int, count: int, order: Literal["<", ">"]
) -> npt.NDArray[np.unsignedinteger]:
    """Return numbers of `bits` bits from bytes (records, bytes): shape (records, `count`).

    Little-endian streams begin with the lowest bit of the first byte, big-endian ones with its highest.
    """
    whole = lcm(bits, 8)
    per_group, width = whole // bits, whole // 8
    groups = -(-count // per_group)
    if packed.shape[1] < groups * width:
        packed = np.pad(packed, ((0, 0), (0, groups * width - packed.shape[1])))
    out = np.empty((len(packed), groups, per_group), _unsigned(bits))
    step = max(1, _CACHED // max(1, groups))
    for first in range(0, len(packed), step):
        rows = np.ascontiguousarray(packed[first : first + step, : groups * width]).reshape(-1, groups, width)
        for number in range(per_group):
            out[first : first + step, :, number] = _numbers(rows, number * bits, bits, order)
    return out.reshape(len(packed), -1)[:, :count]


def _numbers(
    cells: npt.NDArray[np.uint8], begin: int, bits: int, order: Literal["<", ">"]
) -> npt.NDArray[np.unsignedinteger]:
    """The numbers of `bits` bits that begin at bit `begin` of each group of bytes."""
    first, last = begin // 8, (begin + bits - 1) // 8
    kind = _unsigned((last - first + 1) * 8).type
    word = cells[..., first].astype(kind)
    for byte in range(first + 1, last + 1):
        if order == ">":
            word <<= kind(8)
            word |= cells[..., byte]
        else:
            word |= cells[..., byte].astype(kind) << kind((byte - first) * 8)
    word >>= kind((last + 1) * 8 - begin - bits if order == ">" else begin - first * 8)
    word &= kind((1 << bits) - 1)
    return word


def _unsigned(bits: int) -> np.dtype:
    return np.dtype(next(f"u{size}" for size in (1, 2, 4, 8) if size * 8 >= bits))


def instants(records: np.ndarray, field: FieldLayout, order: Literal["<", ">"]) -> Doubles:
    """Return a BCD or bit time as UTC Modified Julian Dates; NaN where the code is none."""
    if not field.layout:
        raise UsageError("records.no_layout", "{name} is a time without `layout:`", name=field.name)
    raw = np.ascontiguousarray(records[field.name])
    if field.type == "bcd":
        symbols = np.stack((raw >> 4, raw & 15), axis=-1).reshape(len(raw), -1)
        base = 10
    else:
        ordered = raw if order == ">" else raw[:, ::-1]
        symbols, base = np.unpackbits(ordered, axis=1), 2
    return _mjd(symbols, base, field) - zone_days(field.zone)


def _mjd(symbols: npt.NDArray[np.uint8], base: int, field: FieldLayout) -> Doubles:
    bad = np.zeros(len(symbols), dtype=bool)
    parts: dict[str, Integers] = {}
    fraction: Doubles = np.zeros(len(symbols))
    at = 0
    for letter, letters in groupby(field.layout or ""):
        width = len(list(letters))
        digits = symbols[:, at : at + width].astype(np.int64)
        at += width
        if digits.shape[1] < width:
            raise UsageError(
                "records.time_too_short",
                "{name}: `{layout}` needs more than its bytes hold",
                name=field.name,
                layout=field.layout,
            )
        if letter == "-":
            continue
        bad |= (digits >= base).any(axis=1)
        value = digits @ (base ** np.arange(width - 1, -1, -1, dtype=np.int64))
        if letter in _PARTS and base == 2:
            fraction = fraction + value * _PARTS[letter]
        elif letter == "m" and "s" in parts:
            fraction = fraction + value / 10.0**width
        else:
            parts[letter] = value
    for letter, (least, most) in _RANGES.items():
        if letter in parts:
            bad |= (parts[letter] < least) | (parts[letter] > most)
    days, wrong = _days(parts, field)
    seconds = _part(parts, "h") * 3600 + _part(parts, "m") * 60 + _part(parts, "s")
    mjd = days + (seconds + fraction) / 86400.0
    return np.where(bad | wrong, np.nan, mjd)


def _part(parts: dict[str, Integers], letter: str) -> Integers | int:
    return parts.get(letter, 0)


def _days(parts: dict[str, Integers], field: FieldLayout) -> tuple[Doubles, npt.NDArray[np.bool_]]:
    """The MJD of the day, and where month and day are no date."""
    if "Y" not in parts or "D" not in parts:
        raise UsageError(
            "records.no_date", "{name}: `{layout}` has no year and day", name=field.name, layout=field.layout
        )
    day = np.clip(parts["D"], 0, 400)
    year = np.clip(parts["Y"], 0, 9999)
    year = year + np.where(year < 70, 2000, np.where(year < 100, 1900, 0))
    month = np.clip(parts["M"], 1, 12) if "M" in parts else np.ones_like(year)
    first = (year - 1970).astype("M8[Y]").astype("M8[M]") + (month - 1)
    following = first + 1 if "M" in parts else first + 12
    began = first.astype("M8[D]").astype(np.int64)
    longest = following.astype("M8[D]").astype(np.int64) - began
    return (began + day - 1 + _MJD_1970).astype(np.float64), (day < 1) | (day > longest) | (parts["Y"] > 9999)


def zone_days(zone: str | None) -> float:
    """Return the offset of a zone such as ``+08:00`` in days."""
    if not zone:
        return 0.0
    hours, minutes = int(zone[1:3]), int(zone[4:6])
    return (-1 if zone[0] == "-" else 1) * (hours * 60 + minutes) / 1440.0
