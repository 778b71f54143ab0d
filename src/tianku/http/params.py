"""DALI parameters: names without case, values with it, each any number of times (DALI 1.1, 2)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import BinaryIO
from urllib.parse import parse_qsl

from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.formparsers import FormParser, MultiPartException, MultiPartParser
from starlette.requests import Request

from tianku.http.body import BoundedBody
from tianku.model.errors import UsageError

#: bytes of one form value: an ADQL text may be long, a form must not fill memory
VALUE_BYTES = 1 << 20
FIELDS = 1000
FILES = 20
_MULTIPART = "multipart/form-data"


class Params:
    """The parameters of a request, in the order given."""

    def __init__(self, pairs: Iterable[tuple[str, str]]) -> None:
        self._values: dict[str, list[str]] = {}
        for name, value in pairs:
            self._values.setdefault(name.upper(), []).append(value)

    def adding(self, name: str, value: str) -> Params:
        """Return these and one more, which was given elsewhere."""
        return Params([*((n, v) for n, values in self._values.items() for v in values), (name, value)])

    def all(self, name: str) -> list[str]:
        """Every value of `name`."""
        return self._values.get(name.upper(), [])

    def __contains__(self, name: str) -> bool:
        return name.upper() in self._values

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def one(self, name: str) -> str | None:
        """Return the value of a parameter that may be given once, None when absent or empty.

        Raises
        ------
        UsageError
            ``params.repeated`` when it was given different values.
        """
        values = list(dict.fromkeys(self.all(name)))
        if len(values) > 1:
            raise UsageError(
                "params.repeated", "Parameter {name} was given {count} times; give it once.",
                name=name.upper(), count=len(values),
            )  # fmt: skip
        return values[0].strip() or None if values else None

    def required(self, name: str) -> str:
        """Return the value of `name`, or raise `UsageError` ``params.missing``."""
        value = self.one(name)
        if value is None:
            raise UsageError("params.missing", "Parameter {name} is required.", name=name.upper())
        return value

    def number(self, name: str, low: float, high: float) -> float:
        """Return the required finite number `name`, within [low, high].

        Raises
        ------
        UsageError
            ``params.not_a_number`` or ``params.out_of_range``.
        """
        text = self.required(name)
        try:
            value = float(text)
        except ValueError:
            value = float("nan")
        if value != value or value in (float("inf"), float("-inf")):
            raise UsageError(
                "params.not_a_number", "{name}={value} is not a number.", name=name.upper(), value=text[:60]
            )
        if not low <= value <= high:
            raise UsageError(
                "params.out_of_range", "{name}={value} is out of range: {low:g} to {high:g}.",
                name=name.upper(), value=text[:60], low=low, high=high,
            )  # fmt: skip
        return value

    def count(self, name: str) -> int | None:
        """Return the non-negative integer `name` if given, or raise ``params.not_a_count``."""
        text = self.one(name)
        if text is None:
            return None
        if not (text.isascii() and text.isdigit() and len(text) < 19):
            raise UsageError(
                "params.not_a_count", "{name}={value} is not a whole number ≥ 0.",
                name=name.upper(), value=text[:60],
            )  # fmt: skip
        return int(text)


def query_pairs(request: Request) -> list[tuple[str, str]]:
    """Return the parameters of the query string."""
    raw = request.scope["query_string"].decode("latin-1")
    try:
        return parse_qsl(raw, keep_blank_values=True, max_num_fields=FIELDS, errors="strict")
    except (ValueError, UnicodeDecodeError) as error:
        raise UsageError(
            "params.unreadable", "The query string cannot be read: percent-encoded UTF-8, at most {most} fields.",
            most=FIELDS,
        ) from error  # fmt: skip


async def read_params(request: Request, limit: int) -> Params:
    """Return the parameters of the query string and of a form body of at most `limit` bytes.

    Raises
    ------
    UsageError
        ``params.unreadable``, ``params.unexpected_type``, ``params.file``.
    LimitError
        ``http.body_too_long``.
    """
    pairs = query_pairs(request)
    if request.method == "POST":
        pairs += await _form_pairs(request, limit)
    return Params(pairs)


async def read_form(request: Request, limit: int, most: int) -> tuple[Params, dict[str, BinaryIO]]:
    """Return the parameters, and the files of a multipart form by their parts; the caller closes them.

    Parameters
    ----------
    limit, most
        Bytes of a body without files, and of a multipart form.

    Raises
    ------
    UsageError, LimitError
        As `read_params`.
    """
    if request.method != "POST" or _kind(request) != _MULTIPART:
        return await read_params(request, limit), {}
    bounded = BoundedBody(request.receive, most, request.headers.get("content-length"))
    try:
        form = await Request(request.scope, bounded).form(
            max_files=FILES, max_fields=FIELDS, max_part_size=VALUE_BYTES
        )
    except MultiPartException as error:
        raise UsageError("params.unreadable", "The form cannot be read: {reason}", reason=error.message) from error
    except HTTPException as error:
        raise UsageError("params.unreadable", "The form cannot be read: {reason}", reason=error.detail) from error
    items = form.multi_items()
    pairs = query_pairs(request) + [(name, value) for name, value in items if isinstance(value, str)]
    return Params(pairs), {name: value.file for name, value in items if isinstance(value, UploadFile)}


def _kind(request: Request) -> str:
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


async def _form_pairs(request: Request, limit: int) -> list[tuple[str, str]]:
    kind = _kind(request)
    receive = BoundedBody(request.receive, limit, request.headers.get("content-length"))
    stream = Request(request.scope, receive).stream()
    parser: FormParser | MultiPartParser
    if kind == _MULTIPART:
        parser = MultiPartParser(
            request.headers, stream, max_files=FIELDS, max_fields=FIELDS, max_part_size=VALUE_BYTES
        )
    elif kind in ("application/x-www-form-urlencoded", ""):
        parser = FormParser(request.headers, stream)
    else:
        raise UsageError(
            "params.unexpected_type",
            "Content-Type {type} is not a form: use application/x-www-form-urlencoded or multipart/form-data.",
            type=kind[:80],
        )
    try:
        form = await parser.parse()
    except MultiPartException as error:
        raise UsageError("params.unreadable", "The form cannot be read: {reason}", reason=error.message) from error
    return [await _text(name, value) for name, value in form.multi_items()]


async def _text(name: str, value: str | UploadFile) -> tuple[str, str]:
    if isinstance(value, str):
        return name, value
    await value.close()
    return name, ""
