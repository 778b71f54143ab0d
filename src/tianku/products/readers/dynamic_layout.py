"""Layouts of dynamic spectra in FITS as data: what a file must look like, and where its axes are."""

from __future__ import annotations

from functools import cache
from importlib import resources
from typing import Literal

import yaml

from tianku.model.errors import UsageError
from tianku.model.metadata import Frozen


class TimeRule(Frozen):
    """Times: `column` of the axis table in seconds since ``date clock``; else `step` seconds apart.

    Dates may be written with ``/``, clocks may reach 24:00:00 and :60.
    """

    column: str
    date: str
    clock: str
    end_date: str | None = None
    end_clock: str | None = None
    step: str | None = None


class FrequencyRule(Frozen):
    """Frequencies: `column` of the axis table."""

    column: str
    unit: Literal["Hz", "kHz", "MHz", "GHz"] = "MHz"


class DynamicLayout(Frozen):
    """One dialect."""

    layout: str
    reader: str
    title: str
    requires: dict[str, str]
    axes: tuple[Literal["time", "frequency"], Literal["time", "frequency"]]
    time: TimeRule
    frequency: FrequencyRule
    unit: str
    #: the file's unit -> VOUnits; null where it cannot be said so
    units: dict[str, str | None] = {}
    series: tuple[str, ...] = ()


@cache
def dynamic_layouts(reader: str) -> tuple[DynamicLayout, ...]:
    """Return the layouts of `reader` (all for ``auto``).

    Raises
    ------
    UsageError
        ``dynamic.unknown_reader``, naming the readers there are.
    """
    folder = resources.files("tianku.products.readers") / "layouts" / "dynamic"
    files = sorted((f for f in folder.iterdir() if f.name.endswith(".yaml")), key=lambda f: f.name)
    known = tuple(DynamicLayout.model_validate(yaml.safe_load(f.read_text("utf-8"))) for f in files)
    chosen = tuple(layout for layout in known if reader in ("auto", layout.reader))
    if not chosen:
        names = ", ".join(sorted({"binary", *(layout.reader for layout in known)}))
        raise UsageError(
            "dynamic.unknown_reader",
            "no reader {reader!r} of dynamic spectra; there are: {names}",
            reader=reader,
            names=names,
        )
    return chosen
