"""Time series of files that describe themselves: netCDF4, CDF, and FITS tables of one row of vectors."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np

from tianku.model.config.products import ProductConfig
from tianku.model.errors import LimitError, TiankuError, UsageError
from tianku.model.vocabulary import normalise_unit
from tianku.products.observed import Header
from tianku.products.readers.columns import column_array, table_columns
from tianku.products.readers.fits_cards import Hdu, fits_hdus
from tianku.products.readers.series_layout import SeriesLayout, Vectors, series_layouts
from tianku.products.timeseries import MJD0, Curve, Doubles, Floats, TimeFrame, TimeSeries

#: MJD, UTC, where the instrument is
_FRAME = TimeFrame(origin=MJD0, scale="UTC", refposition="TOPOCENTER")
#: numbers of one file, and variables of it
MOST_VALUES, MOST_VARIABLES = 64 << 20, 100
#: components of one variable that become parts
MOST_COMPONENTS = 16
HDF5, CDF = b"\x89HDF\r\n\x1a\n", (b"\xcd\xf3\x00\x01", b"\xcd\xf2\x60\x02", b"\x00\x00\xff\xff")


@dataclass(frozen=True, slots=True, eq=False)
class Variable:
    """One series: UTC MJDs, as many numbers (NaN where the file has none), the unit as it is written."""

    name: str
    times: Doubles
    values: Floats
    unit: str = ""
    #: variables that are no measurements (flags, counters) come last
    primary: bool = True


@dataclass(frozen=True, slots=True, eq=False)
class Described:
    """What a file holds: its global attributes and series; `left_out` counts variables that are none."""

    form: str
    header: Header
    variables: Sequence[Variable]
    left_out: int = 0


def read_series(data: bytes, config: ProductConfig) -> TimeSeries | None:
    """Return the series of a file, None when it is of no self-describing format.

    Raises
    ------
    UsageError
        ``timeseries.damaged``, ``timeseries.no_time``, ``timeseries.empty``, ``timeseries.no_variable``.
    LimitError
        ``timeseries.too_large``
    """
    found = _described(data)
    if found is None:
        return None
    layout = next((one for one in series_layouts() if one.fits(found.header)), None)
    variables = [v for v in found.variables if len(v.times)]
    if not variables:
        raise UsageError(
            "timeseries.empty",
            "the {form} file holds no record: {names}",
            form=found.form,
            names=", ".join(v.name for v in found.variables)[:200] or "no variable by time",
        )
    variables = _chosen(variables, config)
    curves = _ordered([(_curve(v, layout), v, _place(v, layout)) for v in variables[:MOST_VARIABLES]])
    left_out = found.left_out + max(0, len(variables) - MOST_VARIABLES)
    return TimeSeries(
        header=found.header,
        layout=layout.layout if layout else found.form,
        parts=curves,
        target=layout.target if layout else None,
        notes=("variables.left_out",) if left_out else (),
    )


def _described(data: bytes) -> Described | None:
    """Open by the first bytes; libraries are loaded when a file needs them."""
    opener: Callable[[bytes], Described] | None = None
    if data.startswith(HDF5):
        from tianku.products.readers.series_netcdf import described as opener
    elif data.startswith(CDF):
        from tianku.products.readers.series_cdf import described as opener
    elif data.startswith(b"SIMPLE"):
        return _fits(data)
    return opener(data) if opener else None


def is_self_describing(start: bytes) -> bool:
    """Whether a file that begins so is netCDF4 or CDF."""
    return start.startswith((HDF5, *CDF))


def attributes(data: bytes) -> Header:
    """Return the global attributes of a self-describing file, nothing where it cannot be read or has no times."""
    try:
        found = _described(data)
    except UsageError:
        return {}
    return found.header if found else {}


def _chosen(variables: list[Variable], config: ProductConfig) -> list[Variable]:
    """The one variable (or those of one vector) that `value:` names, or all."""
    wanted = config.value.column if config.value else None
    if not wanted:
        return variables
    chosen = [v for v in variables if v.name == wanted or v.name.rpartition("[")[0] == wanted]
    if not chosen:
        raise UsageError(
            "timeseries.no_variable",
            "there is no variable {name!r}; there are: {known}",
            name=wanted,
            known=", ".join(v.name for v in variables)[:500],
        )
    return chosen


def _place(variable: Variable, layout: SeriesLayout | None) -> int:
    return layout.rule(variable.name)[0] if layout else 0


def _ordered(curves: list[tuple[Curve, Variable, int]]) -> tuple[Curve, ...]:
    """Measurements before flags, known ones first, else as the file has them."""
    return tuple(curve for curve, _, _ in sorted(curves, key=lambda c: (not c[1].primary, c[2])))


def _curve(variable: Variable, layout: SeriesLayout | None) -> Curve:
    rule = layout.rule(variable.name)[1] if layout else None
    unit = normalise_unit(variable.unit).vounit if variable.unit.strip() else None
    return Curve(
        name=variable.name,
        time=variable.times,
        value=variable.values,
        quantity="flux" if rule and rule.band else "value",
        frame=_FRAME,
        band=rule.band if rule else "",
        unit=unit or None,
        original_unit=variable.unit.strip() or None if unit != variable.unit else None,
        ucd=rule.ucd if rule else None,
        calibration=rule.calibration if rule else None,
        em_min=rule.em_min if rule else None,
        em_max=rule.em_max if rule else None,
    )


def _fits(data: bytes) -> Described | None:
    """Tables of one row by the layouts that name one."""
    hdus = fits_hdus(data)
    for layout in series_layouts():
        if layout.vectors is not None and layout.fits(hdus[0].cards):
            table = next((h for h in hdus if h.kind == "table" and h.name == layout.vectors.hdu), None)
            if table is not None and table.shape[0] == 1:
                return _vectors(data, {**hdus[0].cards, **table.cards}, table, layout.vectors)
    return None


def _vectors(data: bytes, header: Header, table: Hdu, rule: Vectors) -> Described:
    columns = {c.name: c for c in table_columns(table)}
    origin = header.get(rule.origin)
    if rule.time not in columns or rule.values not in columns or not isinstance(origin, int | float):
        raise UsageError(
            "timeseries.no_time", "the {form} file has no times: {what}", form="FITS",
            what=f"{rule.time}, {rule.values} and {rule.origin} are needed",
        )  # fmt: skip
    seconds = column_array(data, table, columns[rule.time], "vectors").astype(np.float64)
    cells = column_array(data, table, columns[rule.values], "vectors").astype(np.float64)
    if len(cells) != len(seconds) * len(rule.components):
        raise UsageError(
            "timeseries.no_time", "the {form} file has no times: {what}", form="FITS",
            what=f"{len(seconds)} times for {len(cells)} numbers",
        )  # fmt: skip
    cells = np.where(cells == rule.null, np.nan, cells) if rule.null is not None else cells
    times = origin + seconds / 86400.0
    unit = str(header.get(f"TUNIT{columns[rule.values].number}") or "")
    parts = cells.reshape(len(seconds), len(rule.components))
    variables = [Variable(name, times, parts[:, i], unit) for i, name in enumerate(rule.components)]
    return Described("FITS", header, variables)


def components(
    name: str, labels: Sequence[str], times: Doubles, values: Floats, unit: str, primary: bool
) -> list[Variable]:
    """Return a variable of shape (times,) or (times, components) as series; `labels` tell components apart."""
    if values.ndim == 1:
        return [Variable(name, times, values, unit, primary)]
    told = labels if len(labels) == values.shape[1] and len(set(labels)) == len(labels) else range(values.shape[1])
    return [
        Variable(f"{name}[{label}]", times, np.ascontiguousarray(values[:, i]), unit, primary)
        for i, label in enumerate(told)
    ]


@contextmanager
def damage_told(form: str) -> Iterator[None]:
    """Raise ``timeseries.damaged`` for whatever a library raises within: it is the fault of the file it reads."""
    try:
        yield
    except TiankuError:
        raise
    except Exception as error:
        raise UsageError(
            "timeseries.damaged", "the {form} file cannot be read: {reason}", form=form,
            reason=str(error).splitlines()[0][:200] if str(error) else type(error).__name__,
        ) from error  # fmt: skip


class Budget:
    """Numbers of a file that may still be read."""

    def __init__(self) -> None:
        self.left = MOST_VALUES

    def take(self, count: int) -> None:
        """Count what is about to be read (``timeseries.too_large`` beyond `MOST_VALUES`)."""
        self.left -= count
        if self.left < 0:
            raise LimitError("timeseries.too_large", "the file holds more than {limit} numbers", limit=MOST_VALUES)


__all__ = ["Described", "Variable", "components", "read_series"]
