"""Axes of dynamic spectra, and which files make one observation."""

from __future__ import annotations

import re
from typing import Literal

from pydantic import Field, field_validator, model_validator

from tianku.model.config.base import Config, Strings

_SPAN = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|s|min|h)")
_SECONDS = {"ms": 1e-3, "s": 1.0, "min": 60.0, "h": 3600.0}


class SweepTimes(Config):
    """When each record was taken: a field of it, or a start and a step."""

    from_: str | None = Field(
        None, alias="from", description="field of the record: a BCD or bit time, or a number"
    )
    unit: Literal["ns", "us", "ms", "s", "min", "h", "d"] = Field("s", description="unit of a number")
    origin: str | None = Field(None, description="ISO instant that a number counts from, or the header key of it")
    start: str | None = Field(None, description="ISO instant of the first record, or the header key of it")
    step: float | str | None = Field(None, description="seconds between sweeps, or the header key of them")
    zone: str | None = Field(
        None, pattern=r"^[+-]\d{2}:\d{2}$", description="zone of `start` or `origin`, e.g. +08:00"
    )

    @model_validator(mode="after")
    def _says_when(self) -> SweepTimes:
        if self.from_ is None and (self.start is None or self.step is None):
            raise ValueError("a time axis is `from:` a field, or has `start:` and `step:`")
        return self


class Channels(Config):
    """The frequency of each channel: a table, a field of the file header, or a start and a step."""

    table: str | None = Field(None, description="CSV file beside dataset.yaml, one row per channel")
    column: str | None = Field(None, description="column of the table; its last one when not given")
    from_: str | None = Field(None, alias="from", description="array field of the file header")
    start: float | str | None = Field(None, description="frequency of the first channel, or the header key of it")
    step: float | str | None = Field(None, description="step between channels, or the header key of it")
    unit: Literal["Hz", "kHz", "MHz", "GHz"] = Field("MHz", description="unit of the frequencies")
    order: Literal["ascending", "descending"] | None = Field(
        None, description="order of the channels in a record; None: as the table lists them"
    )

    @model_validator(mode="after")
    def _says_which(self) -> Channels:
        ways = (self.table is not None, self.from_ is not None, self.start is not None and self.step is not None)
        if sum(ways) != 1:
            raise ValueError("a frequency axis is a `table:`, `from:` a header field, or has `start:` and `step:`")
        return self


class Polarisations(Config):
    """Polarisation states: a field of the record, or the words of an axis of its data."""

    from_: str | None = Field(None, alias="from", description="field of the record; its `map:` gives the words")
    states: Strings = Field((), description="states along the data's polarisation axis, or the one of all data")


class DynamicAxes(Config):
    """Axes of a dynamic spectrum kept as records."""

    time: SweepTimes = Field(description="times of the records")
    frequency: Channels = Field(description="frequencies of the channels")
    polarisation: Polarisations = Field(Polarisations(), description="polarisation states")
    values: str | None = Field(None, description="field that holds the data; the last array field when not given")


class Join(Config):
    """Files of one instrument and frequency axis that follow each other are one product."""

    files: Literal["consecutive"] = Field("consecutive", description="files that follow each other in time")
    max_gap: str = Field("2 s", description="longest pause inside a product, e.g. `2 s`, `1.5 min`")

    @field_validator("max_gap")
    @classmethod
    def _is_a_span(cls, value: str) -> str:
        if not _SPAN.fullmatch(value):
            raise ValueError(f"`{value}` is no span of time; write for instance `2 s`")
        return value

    @property
    def seconds(self) -> float:
        """The longest pause in seconds."""
        found = _SPAN.fullmatch(self.max_gap)
        assert found is not None  # the validator has seen it
        return float(found[1]) * _SECONDS[found[2]]
