"""The parameters of a query for spectra (SSA 1.1, 4.1)."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from tianku.adql.build import AnyOf, Condition
from tianku.formats.writers import WriterSpec, get_writer
from tianku.http.params import Params
from tianku.model.errors import UsageError
from tianku.sky.frames import FRAMES, to_icrs
from tianku.vo.dali.conditions import overlapping, within
from tianku.vo.dali.intervals import Interval
from tianku.vo.ssa.ranges import numbers, times, wavelengths

#: diameter (deg) searched around POS where SIZE is not given: a fibre, and the errors of catalogues
DEFAULT_SIZE = 1 / 60
REQUESTS = ("querydata",)
METADATA = "metadata"
#: values of FORMAT that are no media types (SSA 1.1, 4.1.1.5)
WORDS = frozenset({"all", "compliant", "native", "graphic", "votable", "fits", "xml", METADATA})
#: values of WAVECALIB that calibrated wavelengths fulfil
WAVE_CALIBRATIONS = frozenset({"any", "absolute", "calibrated"})
_ARCSEC = 3600.0
#: makes the condition of a parameter of its name and value; None where it excludes nothing
_Make = Callable[[str, str], Condition | AnyOf | None]


@dataclass(frozen=True, slots=True)
class SsaQuery:
    """What is asked of one set of spectra.

    Attributes
    ----------
    cone
        Centre and radius, ICRS degrees.
    formats
        Words and media types of FORMAT, in lower case.
    modified
        Intervals (MJD) of MTIME, in one of which the spectra were published; None when it is not asked.
    calibrated
        Whether spectra of calibrated wavelengths, as all are here, are wanted.
    """

    cone: tuple[float, float, float] | None
    where: tuple[Condition | AnyOf, ...]
    formats: frozenset[str]
    maxrec: int | None
    writer: WriterSpec
    modified: tuple[Interval, ...] | None = None
    calibrated: bool = True

    @property
    def only_metadata(self) -> bool:
        """Whether the service is asked to describe itself."""
        return METADATA in self.formats


def ssa_query(params: Params) -> SsaQuery:
    """Return the query that `params` ask for; what the service does not know is passed over (SSA 1.1, 8.7).

    Raises
    ------
    UsageError
        ``params.*``, ``ssa.*``
    """
    _check_request(params)
    return SsaQuery(
        _cone(params), _conditions(params), _formats(params), _most(params), _writer(params), _modified(params),
        calibrated=not _words(params, "WAVECALIB").isdisjoint(WAVE_CALIBRATIONS),
    )  # fmt: skip


def _check_request(params: Params) -> None:
    asked = params.required("REQUEST")
    if asked.lower() not in REQUESTS:
        raise UsageError("ssa.request", "REQUEST={value} is not queryData.", value=asked[:40])


def _cone(params: Params) -> tuple[float, float, float] | None:
    position = params.one("POS")
    size = params.number("SIZE", 0.0, 360.0) if params.one("SIZE") is not None else DEFAULT_SIZE
    if position is None:
        return None
    text, _, frame = position.partition(";")
    known = FRAMES.get(frame.strip().upper() or "ICRS")
    if known is None:
        raise UsageError(
            "ssa.frame", "POS is given in {frame}; known are {known}.", frame=frame[:40], known=", ".join(FRAMES)
        )
    lon, lat = _pair(text)
    ra, dec = to_icrs(lon, lat, known)
    return ra, dec, size / 2


def _pair(text: str) -> tuple[float, float]:
    try:
        lon, lat = (float(part) for part in text.split(","))
    except ValueError:
        lon = lat = math.nan
    if not (0.0 <= lon <= 360.0 and -90.0 <= lat <= 90.0):
        raise UsageError(
            "ssa.position",
            "POS={value!r} is no position: write `ra,dec` in degrees, 0 to 360 and -90 to 90.",
            value=text[:80],
        )
    return lon, lat


def _conditions(params: Params) -> tuple[Condition | AnyOf, ...]:
    found = [make(name, text) for name, make in _SEARCHED.items() if (text := params.one(name)) is not None]
    return tuple(condition for condition in found if condition is not None)


def _overlap(low: str, high: str, read: Callable[[str, str], list[Interval]]) -> _Make:
    return lambda name, text: overlapping(low, high, read(name, text))


def _within(column: str, *, factor: float = 1.0, alone_is: str) -> _Make:
    """Compare a column with intervals; a value alone is the worst that is wanted: ``least`` or ``most``."""

    return lambda name, text: within(column, [_opened(one, factor, alone_is) for one in numbers(name, text)])


def _opened(one: Interval, factor: float, alone_is: str) -> Interval:
    low, high = one[0] * factor, one[1] * factor
    if low == high:
        return (low, math.inf) if alone_is == "least" else (-math.inf, high)
    return low, high


def _one_of(column: str) -> _Make:
    def make(_: str, text: str) -> Condition | None:
        words = tuple(part.strip() for part in text.split(","))
        return None if "any" in words else Condition(column, "in_any_case", words)

    return make


def _exactly(column: str) -> _Make:
    return lambda _, text: Condition(column, "in", (text,))


def _part_of(column: str) -> _Make:
    return lambda _, text: Condition(column, "contains", (text,))


#: by parameter, what it asks of ObsCore columns
_SEARCHED: dict[str, _Make] = {
    "BAND": _overlap("em_min", "em_max", wavelengths),
    "TIME": _overlap("t_min", "t_max", times),
    "SPECRP": _within("em_res_power", alone_is="least"),
    "SPATRES": _within("s_resolution", factor=_ARCSEC, alone_is="most"),
    "APERTURE": _within("s_fov", alone_is="most"),
    "TIMERES": _within("t_resolution", alone_is="most"),
    "FLUXCALIB": _one_of("o_calib_status"),
    "TARGETNAME": _one_of("target_name"),
    "TARGETCLASS": _one_of("target_class"),
    "COLLECTION": _part_of("obs_collection"),
    "PUBDID": _exactly("obs_publisher_did"),
    # nobody but the publisher gives these spectra identifiers
    "CREATORDID": _exactly("obs_publisher_did"),
}


def _modified(params: Params) -> tuple[Interval, ...] | None:
    text = params.one("MTIME")
    return None if text is None else tuple(times("MTIME", text))


def _words(params: Params, name: str) -> frozenset[str]:
    return frozenset(word.strip().lower() for word in (params.one(name) or "any").split(","))


def _formats(params: Params) -> frozenset[str]:
    words = (params.one("FORMAT") or "all").lower().replace("x-votable xml", "x-votable+xml").split(",")
    found = frozenset(word.strip() for word in words)
    unknown = [word for word in found if word not in WORDS and "/" not in word]
    if unknown:
        raise UsageError(
            "ssa.format",
            "FORMAT={value} is neither a media type nor one of {known}.",
            value=unknown[0][:60],
            known=", ".join(sorted(WORDS)),
        )
    return found


def _most(params: Params) -> int | None:
    """TOP asks for the best rows; all are as good, so it is another MAXREC."""
    given = [count for name in ("MAXREC", "TOP") if (count := params.count(name)) is not None]
    return min(given, default=None)


def _writer(params: Params) -> WriterSpec:
    writer = get_writer(params.one("RESPONSEFORMAT") or "votable/td")
    if not writer.name.startswith("votable"):
        raise UsageError("ssa.answer", "SSA answers in VOTable only, not {format}.", format=writer.name)
    return writer
