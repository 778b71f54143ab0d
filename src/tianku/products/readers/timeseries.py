"""Read a light curve of any known layout into the one model."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from tianku.model.config.products import ProductConfig
from tianku.model.errors import UsageError
from tianku.model.vocabulary import normalise_unit
from tianku.products.observed import Header
from tianku.products.readers.archive import is_tar, tar_members, unpacked
from tianku.products.readers.curve_columns import Columns, FitsColumns, text_columns
from tianku.products.readers.curve_layout import CurveLayout, CurveRule, Limits, layouts_for
from tianku.products.readers.fits_cards import fits_hdus
from tianku.products.readers.series import read_series
from tianku.products.readers.source import DEFAULT_LIMITS, ReadLimits, load
from tianku.products.readers.spectra import describe_hdus
from tianku.products.readers.time_frames import time_frame
from tianku.products.timeseries import Curve, Doubles, Floats, TimeFrame, TimeSeries

_SECONDS = {"s": 1.0, "min": 60.0, "h": 3600.0, "d": 86400.0}
_MAX_PARTS = 100
#: within these bytes a header line must come
_HEAD = 1 << 16


def read_timeseries(
    source: bytes | Path, config: ProductConfig, filename: str = "", limits: ReadLimits = DEFAULT_LIMITS
) -> TimeSeries:
    """Read one file (plain, gzip, bzip2 or a tar of texts) with the layouts that `config` allows.

    Parameters
    ----------
    filename
        Its name, for layouts that know files by name; taken from `source` when that is a path.

    Raises
    ------
    UsageError
        ``timeseries.unknown_layout`` (naming what was found), other ``timeseries.*``, ``fits.*`` and ``file.*``:
        the file is at fault.
    """
    name = source.name if isinstance(source, Path) else filename
    data = unpacked(load(source, limits), limits)
    if (series := read_series(data, config)) is not None:
        return series
    is_fits = data.startswith(b"SIMPLE")
    wanted = [c for c in layouts_for(config) if (c.form == "fits") == is_fits]
    tried: list[str] = []
    for layout in wanted:
        tables = _fits_tables(layout, data, limits) if is_fits else _text_tables(layout, data, name, tried)
        if tables and (found := _read(layout, tables)):
            return found
    raise UsageError(
        "timeseries.unknown_layout",
        "no light curve layout of reader {reader!r} fits this file; it holds: {found}",
        reader=config.reader,
        found=describe_hdus(fits_hdus(data, max_hdus=limits.max_hdus)) if is_fits else _told(data, tried),
    )


def _told(data: bytes, tried: Sequence[str]) -> str:
    first = data[:120].decode("latin-1").partition("\n")[0]
    return f"text that begins {first!r}" + (f" ({tried[0]})" if tried else "")


def _fits_tables(layout: CurveLayout, data: bytes, limits: ReadLimits) -> list[Columns]:
    hdus = fits_hdus(data, max_hdus=limits.max_hdus)
    primary = hdus[0].cards
    tables: list[Columns] = []
    for hdu in hdus:
        header = {**primary, **hdu.cards}
        if hdu.kind != "table" or not re.fullmatch(layout.hdu, hdu.name):
            continue
        if all(str(header.get(k, "")).strip() == v for k, v in layout.require.items()):
            table = FitsColumns(data, hdu, header)
            tables += [table] if _holds(layout, table) else []
    return tables[:_MAX_PARTS]


def _text_tables(layout: CurveLayout, data: bytes, filename: str, tried: list[str]) -> list[Columns]:
    rule = layout.text
    named = re.fullmatch(rule.filename, filename) if rule.filename else None
    if (rule.filename and not named) or (rule.members is not None) != is_tar(data):
        return []
    if rule.header and layout.time.column.lower().encode() not in data[:_HEAD].lower():
        return []  # whatever else it is: a large table is not parsed to learn that
    header: Header = dict(named.groupdict()) if named else {}
    texts = [data]
    if rule.members is not None:
        texts = [content for member, content in tar_members(data) if re.search(rule.members, member)]
    tables: list[Columns] = []
    for text in texts[:_MAX_PARTS]:
        try:
            table = text_columns(rule, text, header)
        except UsageError as error:
            if layout.reader != "text" and rule.members is None and not rule.filename:
                tried.append(error.message)  # another layout may cut the lines otherwise
                continue
            raise
        tables += [table] if _holds(layout, table) else []
    return tables


def _holds(layout: CurveLayout, table: Columns) -> bool:
    """Whether the table has the columns of the layout, or at least time and one curve of several."""
    curves = [c for c in layout.curves if c.value in table]
    return bool(layout.time.column) and layout.time.column in table and bool(curves)


def _read(layout: CurveLayout, tables: list[Columns]) -> TimeSeries | None:
    parts = [part for table in tables for part in _table_parts(layout, table)]
    if not parts:
        return None
    header = tables[0].header
    ra, dec = _position(layout, header)
    notes = {f"time.{p.frame.refposition.lower()}" for p in parts if p.frame.refposition != "TOPOCENTER"}
    ordered = tuple(sorted(_distinct(parts), key=lambda p: p.quantity == "flux" and _mixed(parts)))
    return TimeSeries(header, layout.layout, ordered, ra, dec, _target(layout, header), tuple(sorted(notes)))


def _mixed(parts: Sequence[Curve]) -> bool:
    return len({p.quantity for p in parts}) > 1


def _distinct(parts: Sequence[Curve]) -> Iterator[Curve]:
    """Parts are told apart by name: a repeated one is refused rather than hidden."""
    names: set[str] = set()
    for part in parts:
        if part.name in names:
            raise UsageError("timeseries.repeated_part", "two curves are called {name!r}", name=part.name)
        names.add(part.name)
        yield part


def _table_parts(layout: CurveLayout, table: Columns) -> Iterator[Curve]:
    frame, days = time_frame(layout.time, table.header, table.unit(layout.time.column))
    time = table.numbers(layout.time.column)[0].astype(np.float64) * days
    if (above := layout.time.whole_above) is not None:
        time = np.where(time > above, time - frame.origin, time)
    bands, which = _bands(layout, table)
    for rule in layout.curves:
        if rule.value not in table:
            continue
        whole = _curve(layout, rule, table, time, frame)
        for band in bands:
            rows = slice(None) if which is None else np.flatnonzero(which == band)
            yield _cut(layout, rule, whole, band, rows)


def _bands(layout: CurveLayout, table: Columns) -> tuple[list[str], np.ndarray | None]:
    """The bands of a table, and the band of each row where there is a column of bands."""
    column = layout.band_column or (layout.band if layout.band in table else None)
    if column is not None and column in table:
        texts = table.texts(column)
        names = list(dict.fromkeys(texts.tolist()))
        if len(names) > _MAX_PARTS:
            raise UsageError(
                "timeseries.too_many_bands",
                "column {column!r} names {count} bands; at most {limit} are read",
                column=column,
                count=len(names),
                limit=_MAX_PARTS,
            )
        return names, texts
    said = table.header.get(layout.band_keyword or "")
    return [str(said).strip() if said is not None else layout.band or ""], None


def _curve(layout: CurveLayout, rule: CurveRule, table: Columns, time: Doubles, frame: TimeFrame) -> Curve:
    value, limit = table.numbers(rule.value)
    error = table.numbers(rule.error)[0] if rule.error and rule.error in table else None
    flag = table.flags(rule.flag) if rule.flag and rule.flag in table else None
    stated = table.unit(rule.value)
    unit = rule.unit if rule.unit is not None else (normalise_unit(stated).vounit if stated else None)
    magnitude = rule.quantity == "magnitude" or unit == "mag"
    return Curve(
        name=rule.name,
        time=time,
        value=_without(value, layout.nulls),
        quantity="magnitude" if magnitude else "flux",
        frame=frame,
        error=_without(error, layout.nulls) if error is not None else None,
        flag=flag,
        limit=limit,
        bits=layout.bits if flag is not None else (),
        unit=unit,
        original_unit=stated if stated != unit else None,
        ucd=rule.ucd or _ucd(magnitude, unit),
        calibration=rule.calibration,
        t_exptime=_exptime(layout, table.header),
    )


def _ucd(magnitude: bool, unit: str | None) -> str:
    if magnitude:
        return "phot.mag"
    return "phot.count" if unit in ("count.s**-1", "count", "adu") else "phot.flux"


def _without(values: Floats, nulls: Sequence[float]) -> Floats:
    if not nulls:
        return values
    out = values.copy()
    out[np.isin(values, nulls)] = np.nan
    return out


def _cut(
    layout: CurveLayout, rule: CurveRule, whole: Curve, band: str, rows: slice | npt.NDArray[np.intp]
) -> Curve:
    limits: Limits | None = layout.bands.get(band)
    return Curve(
        name=rule.name.format(band=band) or band or rule.value,
        time=whole.time[rows],
        value=whole.value[rows],
        quantity=whole.quantity,
        frame=whole.frame,
        band=band,
        error=None if whole.error is None else whole.error[rows],
        flag=None if whole.flag is None else whole.flag[rows],
        limit=None if whole.limit is None else whole.limit[rows],
        bits=whole.bits,
        unit=whole.unit,
        original_unit=whole.original_unit,
        ucd=whole.ucd,
        calibration=whole.calibration,
        t_exptime=whole.t_exptime,
        em_min=limits.em_min if limits else None,
        em_max=limits.em_max if limits else None,
    )


def _exptime(layout: CurveLayout, header: Header) -> float | None:
    if layout.exptime is None:
        return None
    value = header.get(layout.exptime.keyword)
    return float(value) * _SECONDS[layout.exptime.unit] if isinstance(value, int | float) else None


def _target(layout: CurveLayout, header: Header) -> str | None:
    for template in layout.target:
        words = {key: str(header.get(key) or "").strip() for key in re.findall(r"\{(\w+)\}", template)}
        if all(words.values()):
            return template.format_map(words)
    return None


def _position(layout: CurveLayout, header: Header) -> tuple[float | None, float | None]:
    """ICRS degrees; None where absent; off the sphere is an error."""
    ra, dec = _number(header, layout.position.ra), _number(header, layout.position.dec)
    if ra is None or dec is None:
        return None, None
    degrees = ra * 15.0 if layout.position.ra_unit == "hour" else ra
    if not (0 <= degrees <= 360 and -90 <= dec <= 90):
        raise UsageError(
            "position.out_of_range",
            "the position {ra}, {dec} is not on the sphere: RA is 0 to 360, Dec -90 to 90 degrees",
            ra=degrees,
            dec=dec,
        )
    return degrees % 360.0, dec


def _number(header: Header, keys: Sequence[str]) -> float | None:
    for key in keys:
        try:
            return float(str(header[key]).strip())
        except (KeyError, ValueError):
            continue
    return None
