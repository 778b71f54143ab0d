"""Light curves that are rows of a table: one source's rows read straight from the table's Parquet files."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from tianku.model.config.products import ProductConfig
from tianku.model.errors import UsageError
from tianku.products.index import IndexEntry
from tianku.products.timeseries import Curve, Floats, TimeFrame, TimeSeries

DAYS = {"d": 1.0, "h": 1 / 24, "min": 1 / 1440, "s": 1 / 86400}


def read_epochs(folder: Path, parts: Sequence[IndexEntry], config: ProductConfig) -> TimeSeries:
    """Return the light curves of one source.

    Parameters
    ----------
    folder
        Folder of the table in its snapshot.
    parts
        The source's rows of the index; their `detail` names the row groups that hold its rows.

    Raises
    ------
    UsageError
        ``timeseries.bad_index``: the index does not fit the table.
    """
    first = parts[0]
    detail = json.loads(first.detail or "{}")
    try:
        rows = _rows(folder, detail, config)
    except (KeyError, OSError, pa.ArrowException) as error:
        raise UsageError(
            "timeseries.bad_index", "the rows of {key} cannot be read: {reason}", key=first.key, reason=str(error)
        ) from error
    frame = TimeFrame(detail["origin"], detail["scale"], detail["refposition"])
    curves = tuple(_curve(part, rows, frame, config) for part in parts)
    notes = tuple((first.notes or "").split(",")) if first.notes else ()
    return TimeSeries({}, first.layout or "", curves, first.ra, first.dec, first.target_name, notes)


def needed_columns(config: ProductConfig, names: Sequence[str]) -> dict[str, str]:
    """Return role → column of the table; ``band`` only where `value.band` is a column.

    Raises
    ------
    UsageError
        ``timeseries.no_column``, ``timeseries.table_axes``
    """
    source, time, value = config.table_source, config.time, config.value
    if source is None or time is None or value is None or not time.column or not value.column:
        raise UsageError(
            "timeseries.table_axes",
            "light curves from a table need `time: {{column: …}}` and `value: {{column: …}}`",
        )
    folded = {n.lower(): n for n in names}
    wanted = {"group": source.group, "time": time.column, "value": value.column}
    wanted |= {k: v for k, v in (("error", value.error), ("flag", value.flag)) if v}
    for name in wanted.values():
        if name.lower() not in folded:
            raise UsageError(
                "timeseries.no_column",
                "there is no column {name!r}; there are: {known}",
                name=name,
                known=", ".join(names[:40]),
            )
    if value.band and value.band.lower() in folded:
        wanted["band"] = value.band
    return {role: folded[name.lower()] for role, name in wanted.items()}


def _rows(folder: Path, detail: Mapping[str, Any], config: ProductConfig) -> dict[str, pa.ChunkedArray]:
    """The columns of one source's rows by role, in order of time."""
    found: list[pa.Table] = []
    roles: dict[str, str] = {}
    for name, group in detail["rows"]:
        path = folder / name
        metadata = _metadata(path)
        roles = roles or needed_columns(config, metadata.schema.to_arrow_schema().names)
        with pq.ParquetFile(path, metadata=metadata) as file:
            table = file.read_row_group(group, columns=list(dict.fromkeys(roles.values())), use_threads=False)
        ids = table[roles["group"]]
        found.append(table.filter(pc.equal(ids, pa.scalar(detail["id"], pa.string()).cast(ids.type))))
    table = pa.concat_tables(found)
    table = table.take(pc.sort_indices(table[roles["time"]]))
    return {role: table[column] for role, column in roles.items()}


@lru_cache(maxsize=4096)
def _metadata(path: Path) -> pq.FileMetaData:
    """Footers of files that never change."""
    return pq.read_metadata(path)


def _curve(
    part: IndexEntry, rows: Mapping[str, pa.ChunkedArray], frame: TimeFrame, config: ProductConfig
) -> Curve:
    if "band" in rows:
        here = pc.equal(pc.fill_null(pc.cast(rows["band"], pa.string()), ""), part.band or "")
        rows = {role: column.filter(here) for role, column in rows.items()}
    days = DAYS[(config.time.unit if config.time else None) or "d"]
    flags = rows.get("flag")
    return Curve(
        name=part.part or part.band or "",
        time=_floats(rows["time"]).astype(np.float64) * days,
        value=_floats(rows["value"]),
        quantity="magnitude" if part.part_kind == "magnitude" else "flux",
        frame=frame,
        band=part.band or "",
        error=_floats(rows["error"]) if "error" in rows else None,
        flag=pc.fill_null(pc.cast(flags, pa.int64(), safe=False), 0).to_numpy() if flags is not None else None,
        unit=part.o_unit,
        ucd=part.o_ucd,
        calibration=part.o_calib_status,
        em_min=part.em_min,
        em_max=part.em_max,
    )


def _floats(column: pa.ChunkedArray) -> Floats:
    """Null becomes NaN; float32 stays."""
    kind = column.type if pa.types.is_floating(column.type) else pa.float64()
    return pc.fill_null(pc.cast(column, kind), float("nan")).to_numpy()
