"""The parameters of a cone search (SCS 1.03, 2.1)."""

from __future__ import annotations

from dataclasses import dataclass

from tianku.formats.writers import WriterSpec
from tianku.http.params import Params
from tianku.model.errors import UsageError
from tianku.vo.dali.formats import response_format


@dataclass(frozen=True, slots=True)
class ScsQuery:
    """A cone in ICRS degrees; a radius of 0 asks for metadata only."""

    ra: float
    dec: float
    radius: float
    verbosity: int
    maxrec: int | None
    writer: WriterSpec


def scs_query(params: Params, max_radius: float) -> ScsQuery:
    """Return the search that `params` ask for.

    Raises
    ------
    UsageError
        ``params.*``, ``scs.verbosity``, ``scs.format``.
    """
    writer = response_format(params, "votable/td")
    if not writer.name.startswith("votable"):
        raise UsageError("scs.format", "Cone search answers in VOTable only, not {format}.", format=writer.name)
    radius = params.number("SR", 0.0, max_radius)
    return ScsQuery(
        ra=params.number("RA", 0.0, 360.0),
        dec=params.number("DEC", -90.0, 90.0),
        radius=radius,
        verbosity=_verbosity(params.one("VERB")),
        maxrec=0 if radius == 0 else params.count("MAXREC"),
        writer=writer,
    )


def _verbosity(text: str | None) -> int:
    if text is None:
        return 2
    if text not in ("1", "2", "3"):
        raise UsageError("scs.verbosity", "VERB={value} is not 1, 2 or 3.", value=text[:20])
    return int(text)
