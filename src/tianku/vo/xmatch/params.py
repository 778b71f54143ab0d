"""The parameters of a cross-match as the CDS interface spells them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from tianku.adql.schema import Cone
from tianku.formats.writers import WriterSpec, get_writer
from tianku.http.params import Params
from tianku.model.errors import UsageError
from tianku.sky.match import MAX_RADIUS
from tianku.usecases.match_columns import Named
from tianku.usecases.match_tables import MatchTable
from tianku.usecases.match_upload import read_given

_PREFIX = "vizier:"


@dataclass(frozen=True, slots=True)
class XMatchQuery:
    """A request; `radius` in degrees, `nearest` None for all partners, `area` None for the whole sky."""

    radius: float
    nearest: int | None
    area: Cone | None
    maxrec: int | None
    writer: WriterSpec


def xmatch_query(params: Params) -> XMatchQuery:
    """Return what is asked for.

    Raises
    ------
    UsageError
        ``params.*``, ``format.unknown``; ``xmatch.choice`` for a request, selection or area that is not offered.
    """
    _one_of(params, "REQUEST", "xmatch")
    area = None
    if _one_of(params, "AREA", "allsky", "cone") == "cone":
        centre = params.number("coneRA", 0.0, 360.0), params.number("coneDec", -90.0, 90.0)
        area = Cone(*centre, params.number("coneRadiusDeg", 0.0, 180.0))
    selection = _one_of(params, "SELECTION", "all", "best")
    return XMatchQuery(
        params.number("distMaxArcsec", 0.0, MAX_RADIUS * 3600) / 3600,
        1 if selection == "best" else None,
        area,
        params.count("MAXREC"),
        get_writer(params.one("RESPONSEFORMAT") or "votable"),
    )


def side(params: Params, files: Mapping[str, BinaryIO], number: int, folder: Path) -> MatchTable:
    """Return table 1 or 2: ``schema.table``, with ``vizier:`` before it or not, or the file sent.

    Raises
    ------
    UsageError
        ``params.missing``, or as `read_given`.
    """
    name = f"cat{number}"
    file = files.get(name)
    table = params.required(name).removeprefix(_PREFIX) if file is None else read_given(file, folder, name)
    columns = params.one(f"cols{number}")
    named = Named(
        None if columns is None else [c.strip() for c in columns.split(",") if c.strip()],
        ra=params.one(f"colRA{number}"),
        dec=params.one(f"colDec{number}"),
    )
    return MatchTable(table, named)


def _one_of(params: Params, name: str, *known: str) -> str:
    """Return the value of a parameter, the first one known if it is absent."""
    value = (params.one(name) or known[0]).lower()
    if value not in known:
        raise UsageError(
            "xmatch.choice", "{name} is {known}, not {value}",
            name=name, known=" or ".join(known), value=value[:40],
        )  # fmt: skip
    return value
