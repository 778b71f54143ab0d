"""A light curve as others want it: the viewer's binary reply, CSV, VOTable with TIMESYS, FITS."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from tianku.formats.csv import write_csv
from tianku.formats.table import Info, TableInfo, Timesys
from tianku.formats.votable import write_binary2
from tianku.model.errors import NotFoundError
from tianku.model.metadata import Column
from tianku.model.text import Text
from tianku.model.types import DataType
from tianku.products.fits_write import Card, primary, row_table
from tianku.products.timeseries import Curve, TimeFrame, TimeSeries
from tianku.products.wire import Arrays, pack

WIRE_MAGIC = b"TKT1"
WIRE_TYPE = "application/vnd.tianku.timeseries"
_LETTERS = {"BARYCENTER": "b", "HELIOCENTER": "h"}
_INT32 = np.iinfo(np.int32)


def to_wire(found: TimeSeries) -> bytes:
    """Return the reply that the viewer draws (see `tianku.products.wire`), all rows of all parts.

    Columns: ``time`` (float64, days since the part's origin), ``value`` and ``error`` as in the file, ``flag``
    (int32), ``limit`` (uint8).
    """
    facts = {
        "title": found.target,
        "ra": found.ra,
        "dec": found.dec,
        "layout": found.layout,
        "notes": found.notes,
        "simulated": found.header.get("SIMULATE") is True,
    }
    return pack(WIRE_MAGIC, facts, ((_described(p), _raw(p)) for p in found.parts))


def _described(part: Curve) -> dict[str, Any]:
    return {
        "name": part.name,
        "band": part.band,
        "quantity": part.quantity,
        "unit": part.unit,
        "original_unit": part.original_unit,
        "calibration": part.calibration,
        "n": len(part),
        "origin": part.frame.origin,
        "scale": part.frame.scale,
        "refposition": part.frame.refposition,
        "bits": [
            {
                "bit": b.bit,
                "name": b.name,
                "description": {"en": str(b.description), "zh": b.description.in_("zh")},
            }
            for b in part.bits
        ],
    }


def _raw(part: Curve) -> Arrays:
    arrays: dict[str, npt.NDArray[np.generic]] = {"time": part.time, "value": part.value}
    if part.error is not None:
        arrays["error"] = part.error
    if part.flag is not None:
        arrays["flag"] = np.clip(part.flag, _INT32.min, _INT32.max).astype(np.int32)
    if part.limit is not None:
        arrays["limit"] = part.limit.astype(np.uint8)
    return arrays


def chosen(found: TimeSeries, part: str | None) -> list[Curve]:
    """Return the named part; or all parts that fit into one table with the first: its unit and time frame.

    Raises
    ------
    NotFoundError
        ``timeseries.no_part``, naming those there are.
    """
    if part is None:
        first = found.parts[0]
        return [
            p for p in found.parts if (p.unit, p.quantity, p.frame) == (first.unit, first.quantity, first.frame)
        ]
    one = found.part(part)
    if one is None:
        names = ", ".join(p.name for p in found.parts)
        raise NotFoundError("timeseries.no_part", "no part {part!r}; there are: {names}", part=part, names=names)
    return [one]


def time_name(frame: TimeFrame) -> str:
    """Return what astronomers call a Julian Date in this frame: ``bjd_tdb``, ``hjd_utc``, ``jd_utc``."""
    return f"{_LETTERS.get(frame.refposition, '')}jd_{frame.scale.lower()}"


def to_csv(found: TimeSeries, part: str | None = None) -> Iterator[bytes]:
    """Return parts as CSV; times are whole Julian Dates, and the name of their column says which."""
    parts = chosen(found, part)
    frame = parts[0].frame
    columns = _columns(parts, time_name(frame), f"Julian Date ({frame.scale}, {frame.refposition.lower()})")
    return write_csv(columns, (_batch(columns, p, frame.origin) for p in parts), TableInfo(name="light_curve"))


def to_votable(found: TimeSeries, part: str | None = None) -> Iterator[bytes]:
    """Return parts as one VOTable (BINARY2) whose TIMESYS says how times count."""
    parts = chosen(found, part)
    frame = parts[0].frame
    columns = _columns(parts, "time", "days since the time origin")
    system = Timesys("time_frame", frame.scale, frame.refposition, f"{frame.origin:.15g}", ("time",))
    facts = {
        "target_name": found.target,
        "ra": found.ra,
        "dec": found.dec,
        "calibration": parts[0].calibration,
        "original_unit": parts[0].original_unit,
        "parts": ", ".join(p.name for p in parts),
    }
    infos = tuple(Info(name, str(value)) for name, value in facts.items() if value is not None)
    info = TableInfo(name="light_curve", infos=infos, timesys=(system,))
    return write_binary2(columns, (_batch(columns, p) for p in parts), info)


def _columns(parts: Sequence[Curve], time: str, described: str) -> tuple[Column, ...]:
    first = parts[0]
    kind = DataType.FLOAT64 if any(p.value.dtype == np.float64 for p in parts) else DataType.FLOAT32
    name = "mag" if first.quantity == "magnitude" else "flux"
    spread = f"stat.error;{(first.ucd or 'phot.flux').partition(';')[0]}"
    columns = [
        Column(name=time, type=DataType.FLOAT64, unit="d", ucd="time.epoch", description=Text(en=described)),
        Column(name=name, type=kind, unit=first.unit, ucd=first.ucd, description=Text(en="measured value")),
    ]
    if any(p.error is not None for p in parts):
        text = Text(en="standard deviation")
        columns.append(Column(name=f"{name}_error", type=kind, unit=first.unit, ucd=spread, description=text))
    if any(p.flag is not None for p in parts):
        columns.append(Column(name="flag", type=DataType.INT64, ucd="meta.code.qual", bits=first.bits))
    if any(p.limit is not None for p in parts):
        text = Text(en="the value is an upper limit of the brightness")
        columns.append(Column(name="is_limit", type=DataType.BOOLEAN, ucd="meta.code.error", description=text))
    if any(p.band for p in parts):
        columns.append(Column(name="band", type=DataType.STRING, ucd="instr.bandpass"))
    if len(parts) > 1:
        columns.append(Column(name="part", type=DataType.STRING, ucd="meta.id.part"))
    return tuple(columns)


def _batch(columns: Sequence[Column], part: Curve, origin: float = 0.0) -> pa.RecordBatch:
    size = len(part)
    absent = {c.name: pa.nulls(size, c.arrow) for c in columns}
    value, spread = columns[1].name, f"{columns[1].name}_error"
    present: dict[str, Any] = {columns[0].name: part.time + origin, value: part.value, spread: part.error}
    present |= {"flag": part.flag, "is_limit": part.limit}
    present |= {"band": pa.repeat(part.band, size), "part": pa.repeat(part.name, size)}
    arrays = [
        absent[c.name] if present[c.name] is None else pa.array(present[c.name]).cast(c.arrow) for c in columns
    ]
    return pa.record_batch(arrays, names=[c.name for c in columns])


def to_fits(found: TimeSeries) -> bytes:
    """Return all parts as FITS: a table of rows each, units in TUNIT, times by the keywords of FITS 4.0.

    This is a converted file; the original is served byte for byte elsewhere.
    """
    cards: list[Card] = [
        ("OBJECT", found.target, "target"),
        ("RADESYS", "ICRS", "frame of the position"),
        ("RA_OBJ", found.ra, "[deg] right ascension"),
        ("DEC_OBJ", found.dec, "[deg] declination"),
    ]
    body = b"".join(_hdu(part) for part in found.parts)
    kept = [c for c in cards if c[1] is not None]
    return primary([*kept, ("COMMENT", "Converted by Tianku; the archive's original is another", "")]) + body


def _hdu(part: Curve) -> bytes:
    whole = float(np.floor(part.frame.origin))
    cards: list[Card] = [
        ("TIMESYS", part.frame.scale, "time scale"),
        ("TREFPOS", part.frame.refposition, "where times hold"),
        ("JDREFI", int(whole), "Julian Date of time 0, whole days"),
        ("JDREFF", part.frame.origin - whole, "and the rest of the day"),
        ("TIMEUNIT", "d", ""),
        ("FILTER", part.band or None, "band"),
        ("EXPOSURE", part.t_exptime, "[s] time on source"),
        ("FLUXCAL", part.calibration, "calibration of the values"),
    ]
    name = "MAG" if part.quantity == "magnitude" else "FLUX"
    named: dict[str, npt.NDArray[np.generic]] = {"TIME": part.time, name: part.value}
    if part.error is not None:
        named[f"{name}_ERR"] = part.error
    if part.flag is not None:
        named["FLAG"] = part.flag
    if part.limit is not None:
        named["IS_LIMIT"] = part.limit.astype(np.uint8)
    units = {"TIME": "d", name: part.unit or "", f"{name}_ERR": part.unit or ""}
    return row_table(part.name, named, [c for c in cards if c[1] is not None], units)
