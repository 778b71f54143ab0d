"""Spectrum layouts as data: what a file must look like, and where its arrays, times and axes are."""

from __future__ import annotations

import re
from functools import cache
from importlib import resources
from typing import Any

import yaml
from pydantic import Field, field_validator

from tianku.model.errors import UsageError
from tianku.model.metadata import Bit, Frozen
from tianku.products.spectrum import Calibration, PartKind


class Axis(Frozen):
    """Wavelengths from keywords, ``start + (i + 1 - reference)*step``; used if no row or column holds them.

    With `log`, or where the keyword `log_flag` is 1 (IRAF's DC-FLAG), that is the power of ten. `unit` is the
    keyword of their unit, Angstrom where it is absent;
    `ctype` the one that says ``AWAV`` for wavelengths in air, ``-LOG`` for logarithmic ones (FITS 4.0, 8.4).
    """

    start: str
    step: tuple[str, ...]
    reference: str | None = None
    log: bool = True
    log_flag: str | None = None
    unit: str | None = None
    ctype: str | None = None

    @field_validator("step", mode="before")
    @classmethod
    def _one_or_more(cls, value: Any) -> Any:
        return (value,) if isinstance(value, str) else value


class PartRule(Frozen):
    """The HDUs that are parts: `hdu` is a regular expression of the whole EXTNAME (groups band, lmjm)."""

    hdu: str
    kind: PartKind
    name: str | None = None
    band: str | None = None
    form: str  # image, rows, vectors
    required: bool = False

    @field_validator("hdu")
    @classmethod
    def _compiles(cls, value: str) -> str:
        re.compile(value)
        return value


class Times(Frozen):
    """How a part of one kind is timed.

    `begin`/`end` are local-time keywords; `minutes` holds Local Modified Julian Minutes (one, or a list
    joined by ``-``); `tai` are keywords of start and end in seconds of TAI since MJD 0; `exposures` spans the
    exposures of the same band in the file, or of all with `all_bands`; `nights` lists nights, each from
    `night_begin` days after its MJD (TAI) on for a day. The first that works wins.
    """

    begin: str | None = None
    end: str | None = None
    minutes: str | None = None
    tai: tuple[str, str] | None = None
    exposures: bool = False
    all_bands: bool = False
    nights: str | None = None
    night_begin: float = 0.0
    exptime: str | None = None


class Facts(Frozen):
    """A table of one row whose columns stand beside the keywords of the header."""

    hdu: str
    columns: tuple[str, ...]


class Layout(Frozen):
    """One generation of files."""

    layout: str
    reader: str
    title: str
    parts: tuple[PartRule, ...]
    #: role -> spellings of a table's columns or of the words of `row_names`; compared in lower case
    columns: dict[str, tuple[str, ...]]
    #: role -> spellings of a wavelength column that holds log10(wavelength)
    log_columns: tuple[str, ...] = ()
    #: keywords that must begin so
    require: dict[str, str] = {}
    #: keyword that lists what the rows of an image are
    row_names: str | None = None
    #: roles of the rows of an image, where no keyword lists them
    rows: tuple[str, ...] = ()
    facts: Facts | None = None
    #: meanings of mask bits where configuration gives none
    bits: tuple[Bit, ...] = ()
    #: keyword of the flux unit, and what its calibration is, where configuration does not say
    unit: str | None = None
    calibration: Calibration = "unknown"
    axis: Axis | None = None
    band_names: dict[str, str] = {}
    mask_roles: tuple[str, ...] = ()
    null: float | None = None
    zone_hours: float = 0.0
    times: dict[PartKind, Times] = {}
    check_time: str | None = None
    #: keywords of the position in degrees, first present wins
    ra: tuple[str, ...] = ()
    dec: tuple[str, ...] = ()
    snr: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    vacuum: str | None = None  # keyword that is F for wavelengths in air
    frame_keyword: str | None = None
    frame: str = "HELIOCENTER"


@cache
def layouts(reader: str) -> tuple[Layout, ...]:
    """Return the layouts of `reader`, in the order in which they are tried.

    Raises
    ------
    UsageError
        ``spectrum.unknown_reader``, naming the readers there are.
    """
    found = _all()
    chosen = tuple(layout for layout in found if reader in ("auto", layout.reader))
    if not chosen:
        names = ", ".join(sorted({layout.reader for layout in found}))
        raise UsageError(
            "spectrum.unknown_reader", "no reader {reader!r}; there are: {names}", reader=reader, names=names
        )
    return chosen


def reader_of(layout: str) -> str:
    """Return the ``reader`` that a layout belongs to."""
    return next(one.reader for one in _all() if one.layout == layout)


@cache
def _all() -> tuple[Layout, ...]:
    folder = resources.files("tianku.products.readers") / "layouts"
    files = sorted((f for f in folder.iterdir() if f.name.endswith(".yaml")), key=lambda f: f.name)
    return tuple(Layout.model_validate(yaml.safe_load(f.read_text("utf-8"))) for f in files)
