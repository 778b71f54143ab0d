"""Files: one byte range, validators, and headers that keep a browser from running them (RFC 9110)."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from email.utils import formatdate, parsedate_to_datetime
from pathlib import Path
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response

from tianku.http.caching import cache_headers
from tianku.http.context import context_of
from tianku.http.source import CHUNK, Source
from tianku.http.stream import Reply, stream
from tianku.model.errors import NotFoundError
from tianku.usecases.archives.opened import OpenArchive
from tianku.usecases.products import FileToSend

Sendable = FileToSend | OpenArchive
_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")


def etag_of(file: Sendable) -> str:
    """Return the strong validator: the content's checksum."""
    return f'"{file.sha256}"'


def modified_of(file: FileToSend) -> str:
    """Return the Last-Modified date."""
    return formatdate(file.mtime, usegmt=True)


def _dates(file: Sendable) -> dict[str, str]:
    """An archive that is made when it is asked for has no date: its checksum alone validates it."""
    return {"last-modified": modified_of(file)} if isinstance(file, FileToSend) else {}


async def send_file(request: Request, file: Sendable, changed: Mapping[str, str] | None = None) -> Response:
    """Answer GET or HEAD for `file`: 200, 206, 304 or 416; `changed` headers replace the usual ones."""
    headers = file_headers(file) | dict(changed or {})
    if _unmodified(request, file):
        return Response(status_code=304, headers=headers)
    span = requested_range(request.headers, file)
    if span is None:
        return await _stream(request, file, 0, file.size, 200, headers)
    first, last = span
    if first >= file.size or last < first:
        return Response(status_code=416, headers=headers | {"content-range": f"bytes */{file.size}"})
    headers["content-range"] = f"bytes {first}-{last}/{file.size}"
    return await _stream(request, file, first, last + 1 - first, 206, headers)


def file_headers(file: Sendable) -> dict[str, str]:
    """Headers of every answer about `file`."""
    plain = re.sub(r"[^\w.+-]", "_", file.filename, flags=re.ASCII)
    name = f"filename=\"{plain}\"; filename*=UTF-8''{quote(file.filename, safe='')}"
    return {
        "etag": etag_of(file),
        **_dates(file),
        "accept-ranges": "bytes",
        "content-disposition": f"attachment; {name}",
        "x-content-type-options": "nosniff",
        "content-security-policy": "sandbox; default-src 'none'",
    } | cache_headers(file.public)


def requested_range(headers: Mapping[str, str], file: Sendable) -> tuple[int, int] | None:
    """Return the (first, last) byte asked for, or None for the whole file.

    Several ranges, other units and malformed headers are answered with the whole file, as RFC 9110
    allows; so is a range whose If-Range validator no longer holds.
    """
    match = _RANGE.fullmatch(headers.get("range", "").strip())
    if match is None or match.groups() == ("", ""):
        return None
    condition = headers.get("if-range")
    if condition is not None and condition not in (etag_of(file), *_dates(file).values()):
        return None
    begin, end = match.groups()
    if not begin:
        length = int(end)
        return (max(0, file.size - length), file.size - 1) if length else (file.size, file.size)
    return int(begin), min(int(end), file.size - 1) if end else file.size - 1


def _unmodified(request: Request, file: Sendable) -> bool:
    matches = request.headers.get("if-none-match")
    if matches is not None:
        return matches.strip() == "*" or etag_of(file) in [
            m.strip().removeprefix("W/") for m in matches.split(",")
        ]
    since = request.headers.get("if-modified-since")
    if since is None or not isinstance(file, FileToSend):
        return False
    try:
        return int(file.mtime) <= parsedate_to_datetime(since).timestamp()
    except ValueError:
        return False


async def _stream(
    request: Request, file: Sendable, offset: int, length: int, status: int, headers: dict[str, str]
) -> Response:
    if request.method == "HEAD":
        return Response(
            status_code=status, headers=headers | {"content-length": str(length)}, media_type=file.media_type
        )
    context = context_of(request)

    def opener(_: object) -> Reply:
        return Reply(_source(file, offset, length), file.media_type, headers, status, length)

    return await stream(request.receive, context.pools, context.pools.files, context.gauges, opener)


def _source(file: Sendable, offset: int, length: int) -> Source:
    if isinstance(file, FileToSend):
        return read_span(file.path, file.offset + offset, length)
    pieces = file.read(offset, length)
    return Source(pieces, close=pieces.close)


def read_span(path: Path, offset: int, length: int) -> Source:
    """Return `length` bytes of `path` from `offset` on.

    Raises
    ------
    NotFoundError
        ``file.gone`` when it cannot be opened.
    """
    try:
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError as error:
        raise NotFoundError("file.gone", "The file {name} is not available.", name=path.name) from error
    closed = False

    def pieces() -> Iterator[bytes]:
        position, end = offset, offset + length
        while position < end:
            piece = os.pread(handle, min(CHUNK, end - position), position)
            if not piece:
                raise OSError(f"{path} is shorter than the {end} bytes its index says")
            position += len(piece)
            yield piece

    def close() -> None:
        nonlocal closed
        if not closed:
            closed = True
            os.close(handle)

    return Source(pieces(), close=close)
