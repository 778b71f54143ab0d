"""Read a dynamic spectrum: FITS by layout, or records by the set's record format."""

from __future__ import annotations

import base64
import csv
import json
import zlib
from pathlib import Path
from typing import Any

import numpy as np

from tianku.model.config.formats import RecordFormat
from tianku.model.config.products import ProductConfig
from tianku.model.errors import UsageError
from tianku.products.dynamic import Doubles, DynamicSpectrum
from tianku.products.readers.dynamic_fits import MHZ, read_dynamic_fits
from tianku.products.readers.dynamic_records import read_dynamic_records
from tianku.products.readers.source import load

_MOST_CHANNELS = 1_000_000


def read_dynamic(
    path: Path, config: ProductConfig, layout: RecordFormat | None, axis: Doubles | None = None
) -> DynamicSpectrum:
    """Return the dynamic spectrum in one file; its numbers stay in the file where records hold them.

    Parameters
    ----------
    layout, axis
        For ``reader: binary``: the set's record format, and the frequencies (MHz) of its table if it has one.

    Raises
    ------
    UsageError
        ``dynamic.no_format``, ``dynamic.*``, ``records.*``, ``fits.*``, ``file.*``.
    """
    if config.reader != "binary":
        return read_dynamic_fits(load(path), config.reader)
    if layout is None or layout.axes is None or layout.text:
        raise UsageError(
            "dynamic.no_format",
            "`reader: binary` needs `format:`, a record format of this dataset with `axes:`; {name!r} is none",
            name=config.format,
        )
    return read_dynamic_records(path, layout, layout.axes, axis)


def resolved_axis(layout: RecordFormat | None, folder: Path) -> Doubles | None:
    """Return the frequencies of the format's table in MHz, None where it has no table.

    Raises
    ------
    UsageError
        ``dynamic.no_table``, ``dynamic.bad_table``
    """
    channels = layout.axes.frequency if layout and layout.axes else None
    if channels is None or channels.table is None:
        return None
    path = folder / channels.table
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            rows = [row for row in csv.reader(stream) if row and not row[0].startswith("#")]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise UsageError("dynamic.no_table", "{path} cannot be read: {reason}", path=path, reason=error) from error
    column, first = _column(rows, channels.column, path)
    try:
        values = np.array([float(row[column]) for row in rows[first : first + _MOST_CHANNELS]])
    except (ValueError, IndexError) as error:
        raise _bad_table(path, f"a row has no number in column {column + 1}") from error
    if not len(values) or not np.isfinite(values).all() or not (values > 0).all():
        raise _bad_table(path, "frequencies are positive numbers, one per row")
    if channels.order is not None:
        values = np.sort(values)[:: -1 if channels.order == "descending" else 1]
    return np.ascontiguousarray(values) * MHZ[channels.unit]


def _column(rows: list[list[str]], name: str | None, path: Path) -> tuple[int, int]:
    """The column's number, and the first row of values: a first row without a number is a header."""
    if not rows:
        raise _bad_table(path, "it is empty")
    head = [word.strip() for word in rows[0]]
    if name is not None:
        if name not in head:
            raise _bad_table(path, f"it has no column {name!r}; there are: {', '.join(head)[:200]}")
        return head.index(name), 1
    try:
        float(head[-1])
    except ValueError:
        return len(head) - 1, 1
    return len(head) - 1, 0


def _bad_table(path: Path, reason: str) -> UsageError:
    return UsageError("dynamic.bad_table", "frequency table {path}: {reason}", path=path.name, reason=reason)


def kept_axis(axis: Doubles | None) -> dict[str, Any]:
    """Return what the index keeps of a table's frequencies, so that a published product needs no table."""
    if axis is None:
        return {}
    packed = zlib.compress(axis.astype("<f8").tobytes(), 9)
    return {"frequency": base64.b64encode(packed).decode("ascii")}


def axis_kept(detail: str | None) -> Doubles | None:
    """Return the frequencies that `kept_axis` put into an index row's ``detail``."""
    said = json.loads(detail).get("frequency") if detail else None
    return None if said is None else np.frombuffer(zlib.decompress(base64.b64decode(said)), "<f8")
