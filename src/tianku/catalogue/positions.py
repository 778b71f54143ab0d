"""Positions of rows: ICRS degrees, and the HEALPix index that orders a table.

A position that the source gives in ICRS (or FK5 J2000, the same within 0.1″) degrees is used in place.
Any other (sexagesimal, hours, designation, FK4, galactic, ecliptic) stays as it is and gains two columns
``<name>_ra``, ``<name>_dec`` in ICRS degrees. A row whose main position is null, or is out of range under
``invalid: keep``, has a null index and is stored after all others.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from astropy import units as u
from astropy.coordinates import FK4, FK5, BarycentricMeanEcliptic, Galactic, SkyCoord
from astropy.time import Time

from tianku.model.config.table import PositionConfig
from tianku.model.metadata import HEALPIX_COLUMN, Column, Position
from tianku.model.text import Text
from tianku.model.types import DataType
from tianku.sky.ranges import healpix29

Doubles = npt.NDArray[np.float64]
RefuseRows = Callable[[npt.NDArray[np.bool_], str, pa.Array], None]


@dataclass(frozen=True, slots=True)
class PositionPlan:
    """One position: where its coordinates come from and which columns hold them after ingest."""

    config: PositionConfig
    main: bool
    ra: str
    dec: str
    added: tuple[Column, ...] = ()

    def meta(self) -> Position:
        """The position as queries see it."""
        said = self.config
        epoch = said.epoch if isinstance(said.epoch, float) else None
        return Position(
            name=said.name,
            ra=self.ra,
            dec=self.dec,
            main=self.main,
            frame="ICRS",
            epoch=epoch,
            pm_ra=said.pm_ra,
            pm_dec=said.pm_dec,
            parallax=said.parallax,
            radial_velocity=said.radial_velocity,
        )


def plan_positions(configs: Sequence[PositionConfig], taken: Sequence[str]) -> tuple[PositionPlan, ...]:
    """Plan the positions of a table whose columns are `taken`."""
    plans = []
    for config in configs:
        main = config.main or len(configs) == 1
        if _in_place(config):
            names = {n.lower(): n for n in taken}
            plans.append(PositionPlan(config, main, names[config.ra.lower()], names[config.dec.lower()]))
            continue
        ra, dec = (_free(f"{config.name}_{axis}", taken) for axis in ("ra", "dec"))
        plans.append(PositionPlan(config, main, ra, dec, (_added(ra, main), _added(dec, main))))
    return tuple(plans)


def _in_place(config: PositionConfig) -> bool:
    j2000 = config.frame == "ICRS" or (config.frame == "FK5" and config.equinox in (None, "J2000", "2000"))
    return j2000 and config.format == "degrees"


def _free(name: str, taken: Sequence[str]) -> str:
    folded = {n.lower() for n in taken}
    while name.lower() in folded:
        name += "_icrs"
    return name


def _added(name: str, main: bool) -> Column:
    axis, word = ("ra", "right ascension") if name.split("_icrs")[0].endswith("ra") else ("dec", "declination")
    zh = "赤经" if axis == "ra" else "赤纬"
    return Column(
        name=name,
        type=DataType.FLOAT64,
        unit="deg",
        ucd=f"pos.eq.{axis}{';meta.main' if main else ''}",
        description=Text(en=f"ICRS {word}, computed at ingest", zh=f"ICRS {zh}，入库时计算"),
    )


def add_positions(plans: Sequence[PositionPlan], columns: dict[str, pa.Array], refuse: RefuseRows) -> None:
    """Append computed coordinates, and the index of the main position, to the columns of a batch."""
    index: pa.Array | None = None
    for plan in plans:
        said = plan.config
        given = _named(columns, said.ra), _named(columns, said.dec)
        epoch = _named(columns, said.epoch) if isinstance(said.epoch, str) else said.epoch
        ra, dec = _to_icrs(said, *given, epoch) if plan.added else tuple(_doubles(g) for g in given)
        if plan.added:
            columns[plan.ra], columns[plan.dec] = _nullable(ra), _nullable(dec)
        if plan.main:
            index = _index(said, ra, dec, given, refuse)
    if index is not None:
        columns[HEALPIX_COLUMN] = index


def _index(
    said: PositionConfig, ra: Doubles, dec: Doubles, given: tuple[pa.Array, pa.Array], refuse: RefuseRows
) -> pa.Array:
    index = healpix29(ra, dec)
    invalid = index < 0
    if invalid.any():
        absent = np.asarray(pc.or_(given[0].is_null(), given[1].is_null()))
        if said.invalid == "reject":
            shown = pc.binary_join_element_wise(
                *(pc.cast(g, pa.string()) for g in given), " ", null_handling="replace"
            )
            refuse(invalid & ~absent, f"position {said.name} is out of range", shown)
        return pa.array(index, mask=invalid)
    return pa.array(index)


def _named(columns: Mapping[str, pa.Array], name: str) -> pa.Array:
    return columns[name] if name in columns else next(v for n, v in columns.items() if n.lower() == name.lower())


def _doubles(values: pa.Array) -> Doubles:
    """Values as float64 with NaN for null."""
    return pc.fill_null(pc.cast(values, pa.float64()), np.nan).to_numpy(zero_copy_only=False)


def _nullable(values: Doubles) -> pa.Array:
    return pa.array(values, mask=np.isnan(values))


def _to_icrs(
    said: PositionConfig, ra: pa.Array, dec: pa.Array, epoch: pa.Array | float | None
) -> tuple[Doubles, Doubles]:
    lon, lat = _degrees(said, ra, dec)
    if _in_place(said.model_copy(update={"format": "degrees"})):
        return lon, lat
    good = (lon >= -360.0) & (lon <= 360.0) & (np.abs(lat) <= 90.0)
    frame = _frame(said, epoch, good)
    sky = SkyCoord(np.where(good, lon, 0.0) * u.deg, np.where(good, lat, 0.0) * u.deg, frame=frame).icrs
    return np.where(good, sky.ra.deg, lon), np.where(good, sky.dec.deg, lat)


def _degrees(said: PositionConfig, ra: pa.Array, dec: pa.Array) -> tuple[Doubles, Doubles]:
    """Longitude and latitude in degrees of the source's frame."""
    if said.format == "designation":
        return designation(ra)
    hours = 15.0 if said.frame not in ("GALACTIC", "ECLIPTIC") else 1.0
    if said.format == "sexagesimal":
        return sexagesimal(ra) * hours, sexagesimal(dec)
    return _doubles(ra) * (15.0 if said.format == "hours" else 1.0), _doubles(dec)


def _frame(said: PositionConfig, epoch: pa.Array | float | None, good: npt.NDArray[np.bool_]) -> object:
    if said.frame == "FK4":
        equinox = said.equinox or "B1950"
        return FK4(equinox=equinox, obstime=_instant(epoch, good, equinox))
    if said.frame == "FK5":
        return FK5(equinox=said.equinox or "J2000")
    return Galactic() if said.frame == "GALACTIC" else BarycentricMeanEcliptic(equinox=said.equinox or "J2000")


def _instant(epoch: pa.Array | float | None, good: npt.NDArray[np.bool_], equinox: str) -> Time:
    """When FK4 positions were measured (its axes turn slowly): by default at their equinox."""
    default = Time(equinox)
    if epoch is None:
        return default
    if isinstance(epoch, float):
        return Time(epoch, format="jyear")
    years = _doubles(epoch)
    return Time(np.where(good & np.isfinite(years), years, default.jyear), format="jyear")


def sexagesimal(text: pa.Array) -> Doubles:
    """Parse ``12:34:56.7``, ``-01 02 03``, ``05h11m48s`` and shorter forms to units of the first field.

    Null and what is not sexagesimal become NaN; 60 seconds, a rounded value, are a minute.
    """
    pattern = (
        r"^\s*(?P<sign>[+−-]?)\s*(?P<a>[0-9]+(?:\.[0-9]*)?)(?:[\s:hd°]+(?P<b>[0-9]+(?:\.[0-9]*)?))?"
        r"(?:[\s:m'′]+(?P<c>[0-9]+(?:\.[0-9]*)?|\.[0-9]+))?[\s:s\"″hmd°'′]*$"
    )
    parts = pc.extract_regex(pc.cast(text, pa.string()), pattern)
    fields = [parts.field(i) for i in range(4)]
    numbers = [_number(f) for f in fields[1:]]
    good = np.asarray(pc.and_(parts.is_valid(), text.is_valid())) & (numbers[1] <= 60) & (numbers[2] <= 60)
    value = numbers[0] + numbers[1] / 60.0 + numbers[2] / 3600.0
    negative = np.asarray(pc.fill_null(pc.is_in(fields[0], pa.array(["-", "−"])), False))
    return np.where(good, np.where(negative, -value, value), np.nan)


def _number(text: pa.Array) -> Doubles:
    filled = pc.if_else(pc.equal(pc.fill_null(text, ""), ""), "0", text)
    return pc.cast(filled, pa.float64()).to_numpy(zero_copy_only=False)


#: hhmm[ss][fraction]±ddmm[ss][fraction]; the point of a fraction of seconds may be left out (2MASS)
_DESIGNATION = (
    r"(?:^|[^0-9.])(?P<h>[0-9]{2})(?P<m>[0-9]{2})(?P<s>[0-9]{2})?(?P<f>\.?[0-9]*)(?P<sign>[+−-])"
    r"(?P<d>[0-9]{2})(?P<n>[0-9]{2})(?P<t>[0-9]{2})?(?P<g>\.?[0-9]*)\s*$"
)


def designation(text: pa.Array) -> tuple[Doubles, Doubles]:
    """Read degrees from names that end with a position: ``J063259.37+045622.5``, ``2MASS J06325937+0456225``.

    NaN where there is no such part. Designations are truncated, not rounded: positions lie within one unit
    of the last digit above these.
    """
    parts = pc.extract_regex(pc.cast(text, pa.string()), _DESIGNATION)
    fields = [parts.field(i) for i in range(9)]
    lon, lon_good = _from_digits(*fields[:4])
    lat, lat_good = _from_digits(*fields[5:])
    good = np.asarray(parts.is_valid()) & lon_good & lat_good & (lon < 24.0) & (lat <= 90.0)
    negative = np.asarray(pc.fill_null(pc.is_in(fields[4], pa.array(["-", "−"])), False))
    return np.where(good, 15.0 * lon, np.nan), np.where(good, np.where(negative, -lat, lat), np.nan)


def _from_digits(
    whole: pa.Array, minutes: pa.Array, seconds: pa.Array, rest: pa.Array
) -> tuple[Doubles, npt.NDArray[np.bool_]]:
    """Units of the first field; the fraction belongs to the last field there is. And which are below 60."""
    digits = pc.ascii_ltrim(pc.fill_null(rest, ""), ".")
    fraction = pc.cast(pc.binary_join_element_wise("0.", digits, "0", ""), pa.float64()).to_numpy()
    has_seconds = np.asarray(pc.greater(pc.binary_length(pc.fill_null(seconds, "")), 0))
    m, s = _number(minutes), _number(seconds)
    value = _number(whole) + (m + np.where(has_seconds, 0.0, fraction)) / 60.0
    return value + (s + np.where(has_seconds, fraction, 0.0)) / 3600.0, (m < 60) & (s < 60)
