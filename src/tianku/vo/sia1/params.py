"""The parameters of a query for images (SIA 1.0, 4.1); those that ask for images to be made are passed over."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from types import MappingProxyType

from tianku.adql.shapes import box_corners
from tianku.formats.writers import WriterSpec, get_writer
from tianku.http.params import Params
from tianku.model.errors import UsageError
from tianku.planner.regions import Circle, PolygonShape
from tianku.usecases.lying import Lying
from tianku.vo.dali.intervals import numbers

METADATA = "METADATA"
#: values of FORMAT that are no media types (SIA 1.0, 4.1.3)
WORDS = ("ALL", "GRAPHIC", "GRAPHIC-ALL", METADATA)
INTERSECTS = ("OVERLAPS", "COVERS", "ENCLOSED", "CENTER")
#: sides (deg) from which on a region is the whole sky
_WHOLE = 179.0


@dataclass(frozen=True, slots=True)
class Sia1Query:
    """What is asked of one set of images.

    Attributes
    ----------
    lying
        How images must lie; None where all do.
    formats
        Words and media types of FORMAT, words in upper and types in lower case.
    verbosity
        0 to 3: how many columns.
    """

    lying: Lying | None
    formats: frozenset[str]
    verbosity: int
    maxrec: int | None
    writer: WriterSpec

    @property
    def only_metadata(self) -> bool:
        """Whether the service is asked to describe itself."""
        return METADATA in self.formats


def sia1_query(params: Params) -> Sia1Query:
    """Return the query that `params` ask for.

    Raises
    ------
    UsageError
        ``sia.*``, ``params.*``, ``format.unknown``
    """
    formats = _formats(params)
    lying = None if METADATA in formats else _lying(params)
    writer = get_writer(params.one("RESPONSEFORMAT") or "votable/td")
    if not writer.name.startswith("votable"):
        raise UsageError("sia.answer", "SIA 1.0 answers in VOTable only, not {format}.", format=writer.name)
    return Sia1Query(
        lying, formats, int(_choice(params, "VERB", ("0", "1", "2", "3"), "2")), params.count("MAXREC"), writer
    )


def _lying(params: Params) -> Lying | None:
    text = params.required("POS")
    values = numbers(text.replace(",", " "))
    if values is None or len(values) != 2 or not (0.0 <= values[0] <= 360.0 and -90.0 <= values[1] <= 90.0):
        raise UsageError(
            "sia.position",
            "POS={value!r} is no position: write `ra,dec` in degrees, 0 to 360 and -90 to 90.",
            value=text[:80],
        )
    ra, dec = values
    width, height = _size(params)
    how = _choice(params, "INTERSECT", INTERSECTS, "OVERLAPS")
    if how == "CENTER" or (width == 0 and height == 0 and how != "ENCLOSED"):
        return Lying((Circle(ra, dec, 0.0),))
    if width >= _WHOLE or height >= _WHOLE:
        return Lying((), "covers") if how == "COVERS" else None
    if width <= 0 or height <= 0:
        raise UsageError(
            "sia.empty",
            "A region of SIZE={value} has no area for INTERSECT={how}.",
            value=f"{width:g},{height:g}",
            how=how,
        )
    return _RELATIONS[how](PolygonShape(*box_corners(ra, dec, width, height)))


_RELATIONS: MappingProxyType[str, Callable[[PolygonShape], Lying]] = MappingProxyType(
    {
        "OVERLAPS": lambda region: Lying((region,)),
        "COVERS": lambda region: Lying((region,), "covers"),
        "ENCLOSED": lambda region: Lying((region,), "enclosed"),
    }
)


def _size(params: Params) -> tuple[float, float]:
    """Width and height; one number is both (SIA 1.0, 4.1.1)."""
    text = params.required("SIZE")
    values = numbers(text.replace(",", " "))
    if values is None or len(values) not in (1, 2) or not all(0.0 <= v <= 360.0 for v in values):
        raise UsageError(
            "sia.size",
            "SIZE={value!r} is no size: write one or two numbers of degrees, 0 to 360, like `0.2` or `0.2,0.1`.",
            value=text[:80],
        )
    return values[0], values[-1]


def _choice(params: Params, name: str, known: tuple[str, ...], default: str) -> str:
    found = (params.one(name) or default).upper()
    if found not in known:
        raise UsageError(
            "sia.choice",
            "{name}={value} is not one of {known}.",
            name=name,
            value=found[:40],
            known=", ".join(known),
        )
    return found


def _formats(params: Params) -> frozenset[str]:
    words = (params.one("FORMAT") or "ALL").split(",")
    found = frozenset(word.strip().lower() if "/" in word else word.strip().upper() for word in words)
    for word in found:
        if word not in WORDS and "/" not in word and not word.startswith("GRAPHIC-"):
            raise UsageError(
                "sia.format",
                "FORMAT={value} is neither a media type nor one of {known}.",
                value=word[:60],
                known=", ".join(WORDS),
            )
    return found
