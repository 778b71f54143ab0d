"""Light curve layouts as data: which table of a file, which columns, and how its times count."""

from __future__ import annotations

import re
from functools import cache
from importlib import resources
from typing import Annotated, Any, Literal

import yaml
from pydantic import BeforeValidator, field_validator

from tianku.model.config.products import ProductConfig
from tianku.model.errors import UsageError
from tianku.model.metadata import Bit, Frozen
from tianku.products.timeseries import MJD0, Quantity

Words = Annotated[
    tuple[str, ...], BeforeValidator(lambda v: (v,) if isinstance(v, str) else v, json_schema_input_type=Any)
]


class TimeRule(Frozen):
    """The time column; what is None comes from the file's keywords, else from the column's name."""

    column: str = ""
    #: Julian Date that times count from
    origin: float | None = None
    #: numbers above this are whole Julian Dates, whatever `origin` says
    whole_above: float | None = None
    unit: str | None = None
    scale: str | None = None
    refposition: str | None = None


class CurveRule(Frozen):
    """One part: its columns; ``{band}`` in `name` stands for the band."""

    name: str = "{band}"
    value: str
    error: str | None = None
    flag: str | None = None
    quantity: Quantity = "flux"
    #: VOUnits; None: the unit the file states
    unit: str | None = None
    ucd: str | None = None
    calibration: str | None = None


class Place(Frozen):
    """Keywords of the position; `ra_unit` is hour or deg."""

    ra: Words = ()
    dec: Words = ()
    ra_unit: Literal["deg", "hour"] = "deg"


class Seconds(Frozen):
    """A keyword that holds a duration, in `unit`."""

    keyword: str
    unit: str = "s"


class Limits(Frozen):
    """Wavelength limits of a band in metres."""

    em_min: float
    em_max: float


class TextRule(Frozen):
    """How a text file is cut into columns."""

    delimiter: Literal["comma", "blank", "semicolon", "bar", "tab"] = "comma"
    header: bool = True
    comment: str = "#"
    #: names of the columns of a file without a header line; more columns are allowed
    columns: Words = ()
    #: regular expression found in the comment lines; its named groups become keywords
    head: str | None = None
    #: regular expression of the file's whole name; its named groups become keywords
    filename: str | None = None
    #: regular expression of the members of an archive that hold curves
    members: str | None = None

    @field_validator("head", "filename", "members")
    @classmethod
    def _compiles(cls, value: str | None) -> str | None:
        re.compile(value or "")
        return value


class CurveLayout(Frozen):
    """One dialect of light curve files."""

    layout: str
    reader: str
    title: str
    form: Literal["fits", "text"]
    #: HDUs of a FITS file, a regular expression of the whole EXTNAME
    hdu: str = ".*"
    #: keywords that must have these values
    require: dict[str, str] = {}
    text: TextRule = TextRule()
    time: TimeRule = TimeRule()
    curves: tuple[CurveRule, ...] = ()
    #: the band of all curves, or the keyword or column that names it
    band: str | None = None
    band_keyword: str | None = None
    band_column: str | None = None
    bands: dict[str, Limits] = {}
    nulls: tuple[float, ...] = ()
    bits: tuple[Bit, ...] = ()
    position: Place = Place()
    #: the object's name with ``{KEYWORDS}``; the first template whose keywords are there
    target: Words = ()
    exptime: Seconds | None = None
    #: tried by ``reader: auto``
    auto: bool = True


def layouts_for(config: ProductConfig) -> tuple[CurveLayout, ...]:
    """Return the layouts of a set's ``reader``, as its ``time``, ``value`` and ``band`` change them.

    Raises
    ------
    UsageError
        ``timeseries.unknown_reader``, naming the readers there are.
    """
    reader = config.reader
    general = config.time is not None and config.value is not None
    if reader == "auto":
        chosen = tuple(c for c in _all() if c.auto or (general and not c.curves))
    else:
        chosen = tuple(c for c in _all() if c.reader == reader)
    if not chosen:
        names = ", ".join(sorted({c.reader for c in _all()}))
        raise UsageError(
            "timeseries.unknown_reader", "no reader {reader!r}; there are: {names}", reader=reader, names=names
        )
    return tuple(configured(c, config) for c in chosen)


def configured(layout: CurveLayout, config: ProductConfig) -> CurveLayout:
    """Return `layout` with what the configuration says of axes and bands instead."""
    changes: dict[str, Any] = {}
    if config.time is not None:
        said = config.time.model_dump(exclude_none=True)
        said["origin"] = julian(said.get("origin"))
        changes["time"] = layout.time.model_copy(update={k: v for k, v in said.items() if v is not None})
    if config.value is not None:
        said = config.value.model_dump(exclude_none=True)
        changes["band"] = said.pop("band", layout.band)
        if column := said.pop("column", None):
            changes["curves"] = (_only_curve(column, said),)
        elif said:
            changes["curves"] = tuple(c.model_copy(update=said) for c in layout.curves)
    if config.band is not None:
        changes["band_keyword"] = config.band.from_
        limits = {name: Limits.model_validate(v) for name, v in config.band.map.items()}
        changes["bands"] = layout.bands | limits
    return layout.model_copy(update=changes)


def _only_curve(column: str, said: dict[str, Any]) -> CurveRule:
    magnitude = said.get("unit") == "mag" or "mag" in column.lower()
    rule: dict[str, Any] = {"quantity": "magnitude", "unit": "mag"} if magnitude else {}
    return CurveRule.model_validate({"name": "", "value": column, **rule, **said})


def julian(origin: str | float | None) -> float | None:
    """``JD`` counts from 0, ``MJD`` from 2400000.5; a number is itself."""
    return {"JD": 0.0, "MJD": MJD0}[origin] if isinstance(origin, str) else origin


def reader_of(layout: str) -> str:
    """Return the ``reader`` that a layout belongs to; files that describe themselves need none: ``auto``."""
    return next((c.reader for c in _all() if c.layout == layout), "auto")


@cache
def _all() -> tuple[CurveLayout, ...]:
    folder = resources.files("tianku.products.readers") / "layouts" / "timeseries"
    files = sorted((f for f in folder.iterdir() if f.name.endswith(".yaml")), key=lambda f: f.name)
    return tuple(CurveLayout.model_validate(yaml.safe_load(f.read_text("utf-8"))) for f in files)
