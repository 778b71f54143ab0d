"""The parameters of TAP queries (TAP 1.1, 2.7). Unknown ones, VERSION and RUNID among them, are ignored."""

from __future__ import annotations

from dataclasses import dataclass

from tianku.formats.writers import WriterSpec
from tianku.http.params import Params
from tianku.model.errors import UsageError
from tianku.vo.dali.formats import response_format

LANGUAGES = ("ADQL", "ADQL-2.1", "ADQL-2.0")


@dataclass(frozen=True, slots=True)
class TapQuery:
    """A query as asked."""

    adql: str
    maxrec: int | None
    writer: WriterSpec


def tap_query(params: Params) -> TapQuery:
    """Return the query that `params` ask for.

    Raises
    ------
    UsageError
        ``tap.request``, ``tap.language``, ``tap.upload``, ``params.*``, ``format.unknown``.
    """
    request = params.one("REQUEST")
    if request is not None and request != "doQuery":
        raise UsageError(
            "tap.request", "REQUEST={value} is not known; leave it out or say doQuery.", value=request[:40]
        )
    language = params.one("LANG") or "ADQL"
    if language.upper() not in LANGUAGES:
        raise UsageError(
            "tap.language", "LANG={value} is not spoken here; use one of {known}.",
            value=language[:40], known=", ".join(LANGUAGES),
        )  # fmt: skip
    if any(params.all("UPLOAD")):
        raise UsageError("tap.upload", "UPLOAD is not supported by this service.")
    return TapQuery(params.required("QUERY"), params.count("MAXREC"), response_format(params))
