"""The parameters of a cutout (SODA 1.0, 3)."""

from __future__ import annotations

from dataclasses import dataclass

from tianku.formats.writers import get_writer
from tianku.http.params import Params
from tianku.model.errors import UsageError
from tianku.planner.regions import Shape
from tianku.products.did import ProductId, parse_did
from tianku.usecases.cutouts import Cut, Form
from tianku.vo.dali.intervals import interval
from tianku.vo.dali.shapes import shape

#: parameters that limit a product (SODA 1.0, 3.2)
LIMITS = ("POS", "CIRCLE", "POLYGON", "BAND", "TIME", "POL")
_REGIONS = ("POS", "CIRCLE", "POLYGON")
_FORMS: dict[str, Form] = {
    "fits": "fits",
    "votable": "votable",
    "votable/td": "votable",
    "votable/binary2": "votable",
}


@dataclass(frozen=True, slots=True)
class SodaQuery:
    """A product, what is wanted of it, and the names of the parameters that say so."""

    did: ProductId
    cut: Cut
    given: tuple[str, ...]


def soda_query(params: Params) -> SodaQuery:
    """Return the cutout that `params` ask for.

    Raises
    ------
    UsageError
        ``soda.*``, ``dali.interval``, ``dali.shape``, ``did.malformed``, ``format.unknown``
    """
    identifier = _single(params, "ID")
    if identifier is None:
        raise UsageError("soda.id", "Say with ID the identifier of one product.")
    band = _single(params, "BAND")
    given = tuple(name for name in LIMITS if _single(params, name) is not None)
    regions = [name for name in _REGIONS if name in given]
    if len(regions) > 1:
        raise UsageError("soda.regions", "Say the region once: with one of {names}.", names=", ".join(regions))
    limits = None if band is None else interval("BAND", band, "m")
    region = _region(params, regions[0]) if regions else None
    return SodaQuery(parse_did(identifier), Cut(_form(params), limits, region), given)


def _region(params: Params, name: str) -> Shape:
    """CIRCLE and POLYGON are POS without its first word (SODA 1.0, 3.3.1)."""
    text = _single(params, name) or ""
    return shape(name, text if name == "POS" else f"{name} {text}")


def _single(params: Params, name: str) -> str | None:
    values = [value for value in dict.fromkeys(params.all(name)) if value.strip()]
    if len(values) > 1:
        raise UsageError(
            "soda.repeated",
            "{name} is given {count} times; here it may be given once.",
            name=name,
            count=len(values),
        )
    return values[0] if values else None


def _form(params: Params) -> Form:
    writer = get_writer(params.one("RESPONSEFORMAT") or "fits").name
    if writer not in _FORMS:
        raise UsageError("soda.format", "Cutouts come as fits or votable, not {format}.", format=writer)
    return _FORMS[writer]
