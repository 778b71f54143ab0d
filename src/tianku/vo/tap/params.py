"""The parameters of TAP queries (TAP 1.1, 2.7). Unknown ones, VERSION and RUNID among them, are ignored."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TypeVar

from tianku.formats.writers import WriterSpec
from tianku.http.params import Params
from tianku.model.errors import UsageError
from tianku.usecases.uploads import table_names
from tianku.vo.dali.formats import response_format

LANGUAGES = ("ADQL", "ADQL-2.1", "ADQL-2.0")
_INLINE = "param:"

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class TapQuery:
    """A query as asked; `uploads` says in which part of the request each table is sent."""

    adql: str
    maxrec: int | None
    writer: WriterSpec
    uploads: Mapping[str, str]


def tap_query(params: Params) -> TapQuery:
    """Return the query that `params` ask for.

    Raises
    ------
    UsageError
        ``tap.request``, ``tap.language``, ``tap.upload``, ``tap.upload_address``, ``upload.*``, ``params.*``,
        ``format.unknown``.
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
    return TapQuery(
        params.required("QUERY"), params.count("MAXREC"), response_format(params), table_names(_uploads(params))
    )


def _uploads(params: Params) -> Iterator[tuple[str, str]]:
    """Yield (table, part of the form) of every UPLOAD (TAP 1.1, 2.7.6)."""
    for one in (item.strip() for value in params.all("UPLOAD") for item in value.split(";")):
        if not one:
            continue
        name, comma, place = (part.strip() for part in one.partition(","))
        if not (name and comma and place):
            raise UsageError("tap.upload", "UPLOAD={value} is not of the form table,param:part.", value=one[:80])
        if not place.lower().startswith(_INLINE):
            raise UsageError(
                "tap.upload_address",
                "UPLOAD takes tables that are sent along (table,param:part), none from addresses such as {value}.",
                value=place[:80],
            )
        yield name, place[len(_INLINE) :]


def sent_part(sent: Mapping[str, T], part: str) -> T:
    """Return what came as `part` of a form, or raise `UsageError` ``tap.upload_missing``."""
    if part not in sent:
        raise UsageError(
            "tap.upload_missing", "UPLOAD names the part {part}, which the request does not have as a file.",
            part=part[:80],
        )  # fmt: skip
    return sent[part]
