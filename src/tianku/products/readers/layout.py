"""Spectrum layouts as data: what a file must look like, and where its arrays, times and axes are."""

from __future__ import annotations

import re
from functools import cache
from importlib import resources

import yaml
from pydantic import Field, field_validator

from tianku.model.errors import UsageError
from tianku.model.metadata import Frozen
from tianku.products.spectrum import PartKind


class Axis(Frozen):
    """Wavelengths from keywords, ``10**(start + i*step)`` when `log`; used if no row or column holds them."""

    start: str
    step: str
    log: bool = True


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
    joined by ``-``); `exposures` spans the exposures of the same band in the file. The first that works wins.
    """

    begin: str | None = None
    end: str | None = None
    minutes: str | None = None
    exposures: bool = False
    exptime: str | None = None


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
    #: keyword that lists what the rows of an image are
    row_names: str | None = None
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
    vacuum: str | None = None  # keyword that must not be F
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
    chosen = tuple(layout for layout in found if layout.reader == reader)
    if not chosen:
        names = ", ".join(sorted({layout.reader for layout in found}))
        raise UsageError(
            "spectrum.unknown_reader", "no reader {reader!r}; there are: {names}", reader=reader, names=names
        )
    return chosen


@cache
def _all() -> tuple[Layout, ...]:
    folder = resources.files("tianku.products.readers") / "layouts"
    files = sorted((f for f in folder.iterdir() if f.name.endswith(".yaml")), key=lambda f: f.name)
    return tuple(Layout.model_validate(yaml.safe_load(f.read_text("utf-8"))) for f in files)
