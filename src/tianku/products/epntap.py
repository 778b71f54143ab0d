"""``epn_core`` tables (EPN-TAP 2.0): solar-system products as columns worked out of ObsCore."""

from __future__ import annotations

from types import MappingProxyType

from tianku.model.config.products import EpnTap
from tianku.model.metadata import Column
from tianku.model.text import Text
from tianku.model.types import DataType

NAME = "epn_core"
UTYPE = "ivo://ivoa.net/std/epntap#table-2.0"
#: metres per second
_LIGHT = 299792458.0
#: types of product sets in the words of EPN-TAP; others have none
TYPES = MappingProxyType(
    {"image": "im", "spectrum": "sp", "dynamic-spectrum": "ds", "timeseries": "ts", "cube": "cu"}
)

_S, _D, _I, _T = DataType.STRING, DataType.FLOAT64, DataType.INT32, DataType.TIMESTAMP
_Said = tuple[str, DataType, str | None, str | None, str, str]


def _pair(
    stem: str, unit: str | None, ucd: str | None, text: str, low: str = "NULL", high: str = "NULL"
) -> tuple[_Said, _Said]:
    """A least and a greatest value; UCDs get ``stat.min`` and ``stat.max``."""
    least, greatest = (ucd and f"{ucd};stat.{end}" for end in ("min", "max"))
    return (
        (f"{stem}min", _D, unit, least, f"{text}, least", low),
        (f"{stem}max", _D, unit, greatest, f"{text}, greatest", high),
    )


_HALF = "coalesce(s_fov, 0) / 2"
_SHARPNESS = ("s_resolution / 3600", "s_resolution / 3600")
_WIDTH = f"least(180, {_HALF} / greatest(cos(radians(s_dec)), 1e-6))"

#: name, type, unit, UCD, description, SQL over the columns of ObsCore; mandatory ones first, in the order.
#: ``{…}`` is filled in by `expressions`
_SAID: tuple[_Said, ...] = (
    ("granule_uid", _S, None, "meta.id", "unique identifier in this service", "concat({set}, '/', {tail})"),
    ("granule_gid", _S, None, "meta.id", "common to granules of one kind", "{set}"),
    ("obs_id", _S, None, "meta.id;obs", "common to granules of the same data", "obs_id"),
    ("dataproduct_type", _S, None, "meta.code.class", "organisation of the data", "{type}"),
    ("target_name", _S, None, "meta.id;src", "name of the target", "coalesce({target_name}, target_name)"),
    ("target_class", _S, None, "src.class", "type of the target", "{target_class}"),
    ("time_min", _D, "d", "time.start;obs", "start (JD, UTC)", "t_min + 2400000.5"),
    ("time_max", _D, "d", "time.end;obs", "end (JD, UTC)", "t_max + 2400000.5"),
    *_pair("time_sampling_step_", "s", "time.resolution", "sampling time", "t_resolution", "t_resolution"),
    *_pair("time_exp_", "s", "time.duration;obs.exposure", "integration time", "t_exptime", "t_exptime"),
    *_pair("spectral_range_", "Hz", "em.freq", "frequency", f"{_LIGHT} / nullif(em_max, 0)",
           f"{_LIGHT} / nullif(em_min, 0)"),
    *_pair("spectral_sampling_step_", "Hz", "em.freq;spect.binSize", "spectral sampling"),
    *_pair("spectral_resolution_", None, "spect.resolution", "resolving power", "em_res_power", "em_res_power"),
    *_pair("c1", "deg", "pos.eq.ra", "right ascension (ICRS)", f"(s_ra - {_WIDTH} + 360) % 360",
           f"(s_ra + {_WIDTH}) % 360"),
    *_pair("c2", "deg", "pos.eq.dec", "declination (ICRS)",
           f"if(s_dec IS NULL, NULL, greatest(-90, s_dec - {_HALF}))",
           f"if(s_dec IS NULL, NULL, least(90, s_dec + {_HALF}))"),
    *_pair("c3", None, None, "third coordinate"),
    ("s_region", _S, None, "pos.outline;obs.field", "region covered (ICRS)", "s_region"),
    *_pair("c1_resol_", "deg", "pos.angResolution", "resolution of c1", *_SHARPNESS),
    *_pair("c2_resol_", "deg", "pos.angResolution", "resolution of c2", *_SHARPNESS),
    *_pair("c3_resol_", None, None, "resolution of c3"),
    ("spatial_frame_type", _S, None, "meta.code.class;pos.frame", "kind of coordinates",
     "CASE WHEN s_ra IS NULL THEN 'none' ELSE 'celestial' END"),
    *_pair("incidence_", "deg", "pos.incidenceAng", "incidence angle"),
    *_pair("emergence_", "deg", "pos.emergenceAng", "emergence angle"),
    *_pair("phase_", "deg", "pos.phaseAng", "phase angle"),
    ("instrument_host_name", _S, None, "meta.id;instr.obsty", "observatory or spacecraft", "facility_name"),
    ("instrument_name", _S, None, "meta.id;instr", "instrument", "instrument_name"),
    ("measurement_type", _S, None, "meta.ucd", "UCD of what was measured", "o_ucd"),
    ("processing_level", _I, None, "meta.calibLevel", "CODMAC level of calibration",
     "CASE calib_level WHEN 0 THEN 1 WHEN 1 THEN 2 WHEN 2 THEN 3 ELSE 5 END"),
    ("creation_date", _T, None, "time.creation", "when it was published here (UTC)", "{created}"),
    ("modification_date", _T, None, "time.processing", "when it was changed here (UTC)", "{created}"),
    ("release_date", _T, None, "time.release", "when it became public (UTC)",
     "coalesce(obs_release_date, {created})"),
    ("service_title", _S, None, "meta.title", "name of the service", "{title}"),
    ("access_url", _S, None, "meta.ref.url;meta.file", "links to the data", "access_url"),
    ("access_format", _S, None, "meta.code.mime", "media type of access_url", "access_format"),
    ("access_estsize", _I, "kbyte", "phys.size;meta.file", "estimated size", "access_estsize"),
    ("publisher", _S, None, "meta.curation", "who publishes it", "{publisher}"),
    ("bib_reference", _S, None, "meta.bib", "publication", "bib_reference"),
    ("time_scale", _S, None, "time.scale", "time scale of time_min and time_max", "'UTC'"),
)  # fmt: skip
_OPTIONAL = ("access_url", "access_format", "access_estsize", "publisher", "bib_reference", "time_scale")

COLUMNS: tuple[Column, ...] = tuple(
    Column(
        name=name,
        type=kind,
        unit=unit,
        ucd=ucd,
        xtype="adql:REGION" if name == "s_region" else None,
        description=Text(en=text),
        principal=name not in _OPTIONAL,
        std=True,
    )
    for name, kind, unit, ucd, text, _ in _SAID
)


def expressions(
    name: str, kind: str, said: EpnTap, *, created: str, title: str, publisher: str
) -> tuple[str, ...]:
    """Return the SQL of `COLUMNS` for the ObsCore rows of the set `name` of type `kind` (a key of `TYPES`).

    `created` is when the snapshot was made, ISO 8601.
    """
    filled = {
        "{set}": _text(name),
        "{tail}": "regexp_extract(obs_publisher_did, '[?](.*)$', 1)",
        "{type}": _text(TYPES[kind]),
        "{target_name}": _text(said.target_name),
        "{target_class}": _text(said.target_class),
        "{created}": f"CAST({_text(created.removesuffix('Z'))} AS TIMESTAMP)",
        "{title}": _text(title),
        "{publisher}": _text(publisher),
    }
    found = []
    for *_, text in _SAID:
        for mark, value in filled.items():
            text = text.replace(mark, value)
        found.append(text)
    return tuple(found)


def _text(value: str | None) -> str:
    return "NULL" if value is None else "'" + value.replace("'", "''") + "'"
