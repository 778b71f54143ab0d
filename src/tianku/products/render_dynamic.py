"""A window of a dynamic spectrum as others want it: the viewer's binary reply, CSV, FITS."""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pyarrow as pa

from tianku.formats.csv import write_csv
from tianku.formats.table import TableInfo
from tianku.model.errors import LimitError
from tianku.model.metadata import Column
from tianku.model.text import Text
from tianku.model.types import DataType
from tianku.products.dynamic import DynamicSpectrum, Values
from tianku.products.dynamic_window import Bounds, Overview, Window, overview, window
from tianku.products.fits_write import BLOCK, Card, header, row_table

#: first bytes of the viewer's reply; then the length of the JSON header as uint32, little endian
WIRE_MAGIC = b"TKD1"
WIRE_TYPE = "application/vnd.tianku.dynamic-spectrum"
#: cells of one download; a longer window is asked for in parts
MOST_CELLS = 64 << 20
_ALIGN = 8
_BITPIX = {"u1": 8, "i2": 16, "i4": 32, "i8": 64, "f4": -32, "f8": -64}


def to_wire(found: DynamicSpectrum, bounds: Bounds, width: int, height: int) -> bytes:
    """Return the reply that the viewer draws: ``TKD1``, uint32 header length, JSON header, raw arrays.

    Arrays, little-endian: ``begins``, ``ends`` (UTC MJD) and ``frequency`` (MHz) float64, ``values`` by
    time and frequency (one byte each where the file's are, else float32). Offsets count from the header's end.
    """
    drawn = overview(window(found, bounds), width, height)
    arrays = {
        "begins": drawn.begins.astype("<f8"),
        "ends": drawn.ends.astype("<f8"),
        "frequency": drawn.frequency.astype("<f8"),
        "values": drawn.values if drawn.values.dtype == np.uint8 else drawn.values.astype("<f4"),
    }
    places, blobs, offset = {}, [], 0
    for name, array in arrays.items():
        places[name] = {"offset": offset, "dtype": array.dtype.str[1:], "shape": array.shape}
        data = array.tobytes()
        blobs.append(data.ljust(-(-len(data) // _ALIGN) * _ALIGN, b"\0"))
        offset += len(blobs[-1])
    text = json.dumps(_facts(found, drawn) | {"arrays": places}, ensure_ascii=False, allow_nan=False).encode()
    padded = text.ljust(-(-(len(text) + _ALIGN) // _ALIGN) * _ALIGN - _ALIGN)
    return WIRE_MAGIC + struct.pack("<I", len(padded)) + padded + b"".join(blobs)


def _facts(found: DynamicSpectrum, drawn: Overview) -> dict[str, Any]:
    return {
        "t_min": found.t_min,
        "t_max": found.t_max,
        "frequency_min": float(found.frequency.min()),
        "frequency_max": float(found.frequency.max()),
        "rows": len(found.plane(drawn.state).times),
        "channels": len(found.frequency),
        "step": found.step * 86400.0,
        "states": [plane.state for plane in found.planes],
        "state": drawn.state,
        "factors": drawn.factors,
        "unit": found.unit,
        "original_unit": found.original_unit,
        "layout": found.layout,
        "notes": found.notes,
        "report": dict(found.report),
        "header": {k: _plain(v) for k, v in found.header.items()},
    }


def _plain(value: object) -> object:
    """JSON has no NaN or infinity."""
    return None if isinstance(value, float) and not math.isfinite(value) else value


def limited(chosen: Window) -> Window:
    """Return the window, unless it is too large to be written whole (``dynamic.too_large``)."""
    cells = chosen.shape[0] * chosen.shape[1]
    if cells > MOST_CELLS:
        raise LimitError(
            "dynamic.too_large",
            "{cells} values are more than {limit}; ask for less with `time=` and `frequency=`",
            cells=cells,
            limit=MOST_CELLS,
        )
    return chosen


def to_csv(found: DynamicSpectrum, bounds: Bounds) -> Iterator[bytes]:
    """Return a window as CSV: a line per time and frequency."""
    chosen = limited(window(found, bounds))
    columns = (
        Column(name="time", type=DataType.FLOAT64, unit="d", ucd="time", description=Text(en="UTC MJD")),
        Column(name="frequency", type=DataType.FLOAT64, unit="MHz", ucd="em.freq", description=Text()),
        Column(name="value", type=DataType.FLOAT64, unit=found.unit, description=Text()),
    )
    return write_csv(columns, _batches(chosen), TableInfo(name=chosen.plane.state or "spectrum"))


def _batches(chosen: Window) -> Iterator[pa.RecordBatch]:
    rows = max(1, 500_000 // chosen.shape[1])
    for times, values in chosen.pieces():
        for first in range(0, len(times), rows):
            part = values[first : first + rows].astype(np.float64)
            yield pa.RecordBatch.from_pydict(
                {
                    "time": pa.array(np.repeat(times[first : first + rows], part.shape[1])),
                    "frequency": pa.array(np.tile(chosen.frequency, len(part))),
                    "value": pa.array(part.ravel(), from_pandas=True),
                }
            )


def to_fits(found: DynamicSpectrum, bounds: Bounds) -> Iterator[bytes]:
    """Return a window as FITS: an image by time (NAXIS2) and frequency (NAXIS1), and tables of its axes.

    This is a converted file; the original is served byte for byte elsewhere.
    """
    chosen = limited(window(found, bounds))
    kind = np.dtype(chosen.plane.values.dtype)
    if kind.str[1:] not in _BITPIX:
        kind = np.dtype(np.float64)
    yield header(_image_cards(found, chosen, kind))
    size = 0
    for _, values in chosen.pieces():
        data = _big(values, kind)
        size += len(data)
        yield data
    yield b"\0" * (-size % BLOCK)
    yield row_table("TIME", {"TIME": chosen.plane.times[chosen.times]}, units={"TIME": "d"})
    yield row_table("FREQUENCY", {"FREQUENCY": chosen.frequency}, units={"FREQUENCY": "MHz"})


def _big(values: Values, kind: np.dtype) -> bytes:
    return values.astype(kind.newbyteorder(">")).tobytes()


def _image_cards(found: DynamicSpectrum, chosen: Window, kind: np.dtype) -> list[Card]:
    rows, channels = chosen.shape
    cards: list[Card] = [
        ("SIMPLE", True, "conforms to FITS standard"),
        ("BITPIX", _BITPIX[kind.str[1:]], ""),
        ("NAXIS", 2, ""),
        ("NAXIS1", channels, "frequency, see table FREQUENCY"),
        ("NAXIS2", rows, "time, see table TIME"),
        ("EXTEND", True, ""),
        ("TIMESYS", "UTC", "times are Modified Julian Dates"),
        ("MJD-BEG", float(chosen.plane.times[chosen.times.start]), "start, MJD UTC"),
        ("MJD-END", float(chosen.plane.times[chosen.times.stop - 1]), "last row, MJD UTC"),
    ]
    said: Mapping[str, str | None] = {"BUNIT": found.unit or found.original_unit, "POLAR": chosen.plane.state}
    cards += [(key, value, "") for key, value in said.items() if value]
    kept = ("INSTRUME", "TELESCOP", "ORIGIN", "OBJECT", "CONTENT")
    cards += [(key, value, "") for key in kept if (value := found.header.get(key)) is not None]
    return [*cards, ("COMMENT", "Converted by Tianku; the archive's original file is another", "")]
