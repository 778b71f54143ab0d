"""The parameters of a cross-match as the CDS interface spells them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException
from starlette.requests import Request

from tianku.formats.writers import WriterSpec, get_writer
from tianku.http.body import BoundedBody
from tianku.http.params import FIELDS, VALUE_BYTES, Params, query_pairs, read_params
from tianku.model.errors import UsageError
from tianku.sky.match import MAX_RADIUS
from tianku.usecases.match_tables import MatchTable
from tianku.usecases.match_upload import read_given

_PREFIX = "vizier:"
_UPLOADS = ("cat1", "cat2")


@dataclass(frozen=True, slots=True)
class XMatchQuery:
    """A request; `radius` in degrees, `nearest` None for all partners."""

    radius: float
    nearest: int | None
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
    _one_of(params, "AREA", "allsky")
    selection = _one_of(params, "SELECTION", "all", "best")
    return XMatchQuery(
        params.number("distMaxArcsec", 0.0, MAX_RADIUS * 3600) / 3600,
        1 if selection == "best" else None,
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
    return MatchTable(
        table,
        None if columns is None else [c.strip() for c in columns.split(",") if c.strip()],
        ra=params.one(f"colRA{number}"),
        dec=params.one(f"colDec{number}"),
    )


async def read_form(request: Request, limit: int, most: int) -> tuple[Params, dict[str, BinaryIO]]:
    """Return the parameters, and the files sent as ``cat1`` and ``cat2``.

    Parameters
    ----------
    limit, most
        Bytes of a form without files, and with them.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if request.method != "POST" or kind != "multipart/form-data":
        return await read_params(request, limit), {}
    bounded = BoundedBody(request.receive, most, request.headers.get("content-length"))
    try:
        form = await Request(request.scope, bounded).form(
            max_files=len(_UPLOADS), max_fields=FIELDS, max_part_size=VALUE_BYTES
        )
    except MultiPartException as error:
        raise UsageError("params.unreadable", "The form cannot be read: {reason}", reason=error.message) from error
    pairs = query_pairs(request) + [(n, v) for n, v in form.multi_items() if isinstance(v, str)]
    files = {n: v.file for n, v in form.multi_items() if isinstance(v, UploadFile) and n in _UPLOADS}
    return Params(pairs), files


def _one_of(params: Params, name: str, *known: str) -> str:
    """Return the value of a parameter, the first one known if it is absent."""
    value = (params.one(name) or known[0]).lower()
    if value not in known:
        raise UsageError(
            "xmatch.choice", "{name} is {known}, not {value}",
            name=name, known=" or ".join(known), value=value[:40],
        )  # fmt: skip
    return value
