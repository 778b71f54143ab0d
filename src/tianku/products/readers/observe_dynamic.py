"""Dynamic spectra on their way into the index: one product per file; files are joined at the end of ingest."""

from __future__ import annotations

from tianku.model.errors import UsageError
from tianku.model.vocabulary import normalise_unit
from tianku.products.context import SetContext
from tianku.products.dynamic import DAY, DynamicSpectrum
from tianku.products.observed import Observed
from tianku.products.readers.dynamic import kept_axis, read_dynamic, resolved_axis
from tianku.products.readers.source import SourceFile

_LIGHT = 299_792_458.0


def observe(context: SetContext, file: SourceFile) -> list[Observed]:
    """Return the one dynamic spectrum in `file`.

    Raises
    ------
    UsageError
        As `tianku.products.readers.dynamic.read_dynamic`.
    """
    axis = resolved_axis(context.record_format, context.folder)
    found = read_dynamic(file.path, context.config, context.record_format, axis)
    said = context.config.unit
    unit = found.unit if said is None else normalise_unit(said).vounit
    return [observed(found, unit, {**found.report, **kept_axis(axis)})]


def observed(found: DynamicSpectrum, unit: str | None, detail: dict[str, object]) -> Observed:
    """Return what the index keeps of a dynamic spectrum."""
    states = [plane.state for plane in found.planes if plane.state]
    low, high = float(found.frequency.min()) * 1e6, float(found.frequency.max()) * 1e6
    if not low > 0:
        raise UsageError("dynamic.bad_axis", "the {axis} axis: {reason}", axis="frequency", reason="not positive")
    t_min, t_max = found.t_min, found.t_max
    return Observed(
        identity=found.header,
        header=found.header,
        layout=found.layout,
        t_min=t_min,
        t_max=t_max,
        t_exptime=(t_max - t_min) * DAY,
        t_resolution=found.step * DAY or None,
        t_xel=sum(len(plane.times) for plane in found.planes) // len(found.planes),
        em_min=_LIGHT / high,
        em_max=_LIGHT / low,
        em_xel=len(found.frequency),
        pol_states=f"/{'/'.join(states)}/" if states else None,
        pol_xel=len(states) or None,
        o_ucd="phot.count;em.radio" if unit in ("adu", "count") else "phot.flux.density;em.radio",
        o_unit=unit,
        series=found.series,
        detail=detail or None,
        notes=found.notes,
    )
