"""The parameters of a query for images (SIA 2.0, 2.1): values of one are alternatives, all given must hold."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from types import MappingProxyType

from tianku.adql.build import AnyOf, Condition
from tianku.formats.table import Param
from tianku.formats.writers import WriterSpec, get_writer
from tianku.http.params import Params
from tianku.model.errors import UsageError
from tianku.usecases.lying import Lying
from tianku.vo.dali.conditions import overlapping, within
from tianku.vo.dali.intervals import few, intervals
from tianku.vo.dali.shapes import shape

TYPES = ("image", "cube")
LEVELS = ("0", "1", "2", "3", "4")
STATES = ("I", "Q", "U", "V", "RR", "LL", "RL", "LR", "XX", "YY", "XY", "YX", "POLI", "POLA")
_Asked = Condition | AnyOf | None


@dataclass(frozen=True, slots=True)
class Sia2Query:
    """What is asked of images."""

    lying: Lying | None
    where: tuple[Condition | AnyOf, ...]
    maxrec: int | None
    writer: WriterSpec


def sia2_query(params: Params) -> Sia2Query:
    """Return the query that `params` ask for; what the service does not know is passed over.

    Raises
    ------
    UsageError
        ``dali.*``, ``params.*``, ``sia.choice``, ``format.unknown``
    """
    regions = tuple(shape("POS", text) for text in few("POS", params.all("POS")))
    asked = [make(name, texts) for name, make in _SEARCHED.items() if (texts := few(name, params.all(name)))]
    return Sia2Query(
        Lying(regions) if regions else None,
        tuple(one for one in asked if one is not None),
        params.count("MAXREC"),
        get_writer(params.one("RESPONSEFORMAT") or "votable"),
    )


def _overlap(low: str, high: str, unit: str) -> Callable[[str, list[str]], _Asked]:
    return lambda name, texts: overlapping(low, high, intervals(name, texts, unit))


def _inside(column: str, unit: str) -> Callable[[str, list[str]], _Asked]:
    return lambda name, texts: within(column, intervals(name, texts, unit))


def _one_of(column: str) -> Callable[[str, list[str]], _Asked]:
    return lambda _, texts: Condition(column, "in", tuple(texts))


def _identifier(_: str, texts: list[str]) -> _Asked:
    """IVOIDs are compared in any case (SIA 2.0, 2.1.11)."""
    return Condition("obs_publisher_did", "in_any_case", tuple(texts))


def _types(name: str, texts: list[str]) -> _Asked:
    return Condition("dataproduct_type", "in", tuple(_known(name, text, TYPES) for text in texts))


def _levels(name: str, texts: list[str]) -> _Asked:
    return Condition("calib_level", "in", tuple(int(_known(name, text, LEVELS)) for text in texts))


def _states(name: str, texts: list[str]) -> _Asked:
    """ObsCore writes states as ``/I/Q/`` (ObsCore 1.1, B.6.6)."""
    found = [_known(name, text.upper(), STATES) for text in texts]
    return AnyOf(tuple((Condition("pol_states", "like", (f"%/{one}/%",)),) for one in found))


def _known(name: str, text: str, known: tuple[str, ...]) -> str:
    if text not in known:
        raise UsageError(
            "sia.choice",
            "{name}={value} is not one of {known}.",
            name=name,
            value=text[:40],
            known=", ".join(known),
        )
    return text


#: by parameter, what it asks of ObsCore columns
_SEARCHED: MappingProxyType[str, Callable[[str, list[str]], _Asked]] = MappingProxyType(
    {
        "BAND": _overlap("em_min", "em_max", "m"),
        "TIME": _overlap("t_min", "t_max", "MJD"),
        "POL": _states,
        "FOV": _inside("s_fov", "deg"),
        "SPATRES": _inside("s_resolution", "arcsec"),
        "SPECRP": _inside("em_res_power", ""),
        "EXPTIME": _inside("t_exptime", "s"),
        "TIMERES": _inside("t_resolution", "s"),
        "ID": _identifier,
        "COLLECTION": _one_of("obs_collection"),
        "FACILITY": _one_of("facility_name"),
        "INSTRUMENT": _one_of("instrument_name"),
        "DPTYPE": _types,
        "CALIB": _levels,
        "TARGET": _one_of("target_name"),
        "FORMAT": _one_of("access_format"),
    }
)


def _interval(name: str, ucd: str, unit: str | None, text: str) -> Param:
    return Param(name, "", "double", "2", unit=unit, ucd=ucd, xtype="interval", description=text)


#: what can be asked, as MAXREC=0 and the capabilities say it
PARAMETERS: tuple[Param, ...] = (
    Param("POS", ucd="pos.outline;obs", unit="deg",
          description="region, ICRS: CIRCLE ra dec radius, RANGE ra1 ra2 dec1 dec2, POLYGON ra1 dec1 …"),
    _interval("BAND", "em.wl;stat.interval", "m", "vacuum wavelengths"),
    _interval("TIME", "time.interval;obs.exposure", "d", "times of observation, MJD (UTC)"),
    Param("POL", ucd="meta.code;phys.polarization", description="polarisation state", options=STATES),
    _interval("FOV", "phys.angSize;instr.fov", "deg", "field of view"),
    _interval("SPATRES", "pos.angResolution", "arcsec", "spatial resolution"),
    _interval("SPECRP", "spect.resolution", None, "spectral resolving power"),
    _interval("EXPTIME", "time.duration;obs.exposure", "s", "exposure time"),
    _interval("TIMERES", "time.resolution", "s", "temporal resolution"),
    Param("ID", ucd="meta.ref.ivoid", description="publisher's identifier"),
    Param("COLLECTION", ucd="meta.id", description="data collection"),
    Param("FACILITY", ucd="meta.id;instr.tel", description="telescope"),
    Param("INSTRUMENT", ucd="meta.id;instr", description="instrument"),
    Param("DPTYPE", ucd="meta.code.class", description="kind of data", options=TYPES),
    Param("CALIB", "", "int", None, ucd="meta.code;obs.calib", description="calibration level", options=LEVELS),
    Param("TARGET", ucd="meta.id;src", description="object observed"),
    Param("FORMAT", ucd="meta.code.mime", description="media type of access_url"),
    Param("MAXREC", "", "int", None, description="rows at most; 0 describes the service"),
    Param("RESPONSEFORMAT", ucd="meta.code.mime", description="format of the answer"),
)  # fmt: skip
