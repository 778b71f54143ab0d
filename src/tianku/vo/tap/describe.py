"""TAPRegExt 1.0: what the service can do, exactly as it is implemented."""

from __future__ import annotations

from dataclasses import dataclass

from tianku.adql.functions import FUNCTIONS
from tianku.formats.writers import WRITERS, WriterSpec
from tianku.model.config.site import SiteConfig
from tianku.usecases.match_upload import HELD_ROWS
from tianku.vo.xml import render

OBSCORE = {"ivo_id": "ivo://ivoa.net/std/ObsCore#core-1.1", "name": "ObsCore-1.1"}
_TAPREGEXT = "ivo://ivoa.net/std/TAPRegExt"

#: optional features of ADQL 2.1 (its section 4) by the forms that clients look for
_OPTIONAL: dict[str, tuple[str, ...]] = {
    "adqlgeo": (
        "AREA", "BOX", "CENTROID", "CIRCLE", "CONTAINS", "COORD1", "COORD2", "COORDSYS", "DISTANCE", "INTERSECTS",
        "POINT", "POLYGON",
    ),
    "adql-string": ("LOWER", "UPPER", "ILIKE"),
    "adql-conditional": ("COALESCE",),
    "adql-common-table": ("WITH",),
    "adql-sets": ("UNION", "EXCEPT", "INTERSECT"),
    "adql-type": ("CAST",),
    "adql-unit": ("IN_UNIT",),
    "adql-offset": ("OFFSET",),
}  # fmt: skip

#: identifiers of output formats that TAPRegExt 1.0 defines
_FORMAT_IDS = {
    "votable": f"{_TAPREGEXT}#output-votable-binary2",
    "votable/binary2": f"{_TAPREGEXT}#output-votable-binary2",
    "votable/td": f"{_TAPREGEXT}#output-votable-td",
}


@dataclass(frozen=True, slots=True)
class Feature:
    """One ``feature``: the form that a query may use."""

    form: str
    description: str = ""


@dataclass(frozen=True, slots=True)
class FeatureGroup:
    """One ``languageFeatures``; `type` is in lower case, as TAPRegExt compares it."""

    type: str
    features: tuple[Feature, ...]


def feature_groups() -> list[FeatureGroup]:
    """Return the optional and the user-defined features that the dialect has."""
    had = {name: tuple(Feature(f) for f in forms if _has(f)) for name, forms in _OPTIONAL.items()}
    groups = [FeatureGroup(f"{_TAPREGEXT}#features-{name}", forms) for name, forms in had.items() if forms]
    own = tuple(Feature(f.signature, f.text) for f in FUNCTIONS.values() if f.signature and not f.hidden)
    return [*groups, FeatureGroup(f"{_TAPREGEXT}#features-udf", own)]


def _has(form: str) -> bool:
    """Functions must be known to the dialect; geometry and words are part of its grammar."""
    return form not in ("LOWER", "UPPER", "COALESCE", "IN_UNIT") or form in FUNCTIONS


def capabilities_document(base: str, site: SiteConfig, obscore: bool) -> bytes:
    """Return the capabilities of TAP at `base`; `obscore`: whether ``ivoa.obscore`` exists.

    Times and rows are those of jobs: synchronous answers stop earlier, and say so.
    """
    return render(
        "tap",
        "capabilities.xml",
        base=base,
        data_models=[OBSCORE] if obscore else [],
        features=feature_groups(),
        formats=[_format(w) for w in WRITERS],
        limits=site.limits,
        upload_rows=HELD_ROWS,
        jobs=site.jobs,
        days=_days,
    )


def _days(days: float, most: float) -> int:
    """Return days as seconds, `most` at most."""
    return round(min(days, most) * 86_400)


def _format(writer: WriterSpec) -> dict[str, object]:
    aliases = [writer.name, *(a for a in writer.aliases if "/" not in a)]
    return {"mime": writer.media_type, "aliases": aliases, "ivo_id": _FORMAT_IDS.get(writer.name)}
