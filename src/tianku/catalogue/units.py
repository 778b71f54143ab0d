"""Units of columns: the published VOUnit and the factor that brings source values to it."""

from __future__ import annotations

from dataclasses import dataclass

from astropy import units

from tianku.model.vocabulary import normalise_unit


@dataclass(frozen=True, slots=True)
class Conversion:
    """Source value × `factor` is in `unit`; `original` keeps the source's spelling."""

    unit: str | None
    factor: float = 1.0
    original: str | None = None
    problem: str = ""


def convert_unit(source: str | None, wanted: str | None) -> Conversion:
    """Return how values in the unit `source` are published in `wanted` (VOUnits; None: as the source means)."""
    if source is None:
        return Conversion(wanted)
    given = normalise_unit(source)
    original = source if source != given.vounit else None
    if given.vounit is None:
        if wanted is not None:
            return Conversion(wanted, original=original)
        return Conversion(None, original=original, problem=f"the unit {source!r} is not understood")
    if wanted is None or wanted == given.vounit:
        return Conversion(given.vounit, given.factor, original)
    try:
        factor = _parse(given.vounit).to(_parse(wanted)) * given.factor
    except (units.UnitConversionError, ValueError):
        problem = f"the source says {source!r}, the configuration {wanted!r}; values are published unchanged"
        return Conversion(wanted, original=original, problem=problem)
    # A product such as pi/180 * 180/pi must not leave 0.9999999999999999.
    return Conversion(wanted, 1.0 if abs(factor - 1.0) < 1e-15 else float(factor), original)


def _parse(text: str) -> units.UnitBase:
    return units.Unit(text, format="vounit") if text else units.dimensionless_unscaled
