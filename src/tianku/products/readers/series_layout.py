"""What is known of variables of self-describing files beyond what these say, as data."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from importlib import resources

import yaml
from pydantic import Field

from tianku.model.metadata import Frozen


class VariableRule(Frozen):
    """Variables whose whole name fits the regular expression `name`; wavelengths in metres."""

    name: str
    band: str = ""
    em_min: float | None = None
    em_max: float | None = None
    ucd: str | None = None
    calibration: str | None = None


class Vectors(Frozen):
    """A FITS table of one row: a vector of times (s since the MJD in keyword `origin`), one of all components."""

    hdu: str
    time: str
    origin: str
    values: str
    components: tuple[str, ...]
    null: float | None = None


class SeriesLayout(Frozen):
    """One instrument."""

    layout: str
    title: str
    match: dict[str, str] = Field(min_length=1)
    variables: tuple[VariableRule, ...] = ()
    vectors: Vectors | None = None
    target: str | None = None

    def rule(self, name: str) -> tuple[int, VariableRule]:
        """Return the rule of a variable and its place among the rules; an empty one at the end for others."""
        for place, rule in enumerate(self.variables):
            if re.fullmatch(rule.name, name):
                return place, rule
        return len(self.variables), VariableRule(name=re.escape(name))

    def fits(self, header: Mapping[str, object]) -> bool:
        """Whether a file with these attributes is of the instrument."""
        return any(re.search(word, str(header.get(key, ""))) for key, word in self.match.items())


@cache
def series_layouts() -> tuple[SeriesLayout, ...]:
    """Return all layouts."""
    folder = resources.files("tianku.products.readers") / "layouts" / "series"
    files = sorted((f for f in folder.iterdir() if f.name.endswith(".yaml")), key=lambda f: f.name)
    return tuple(SeriesLayout.model_validate(yaml.safe_load(f.read_text("utf-8"))) for f in files)
