"""``/sas/``: the files as plain folders, for browsers, ``wget -r`` and rsync-like scripts."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from html import escape
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from tianku.api.operation import Operation, Parameter, path_parameter
from tianku.http.caching import cache_headers
from tianku.http.context import context_of, principal_of
from tianku.http.files import send_file
from tianku.http.params import Params, query_pairs
from tianku.http.source import Source
from tianku.http.stream import Reply, stream
from tianku.model.text import Text as Words
from tianku.usecases.products import FileToSend
from tianku.usecases.tree import Entry, Listing, Moved, Text, look

ROOT = "/sas/"
_CSP = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
_HEAD = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>body{{font:15px/1.5 system-ui,sans-serif;margin:1.5rem auto;max-width:60rem;padding:0 1rem}}
td{{padding:.1rem 1.2rem .1rem 0;overflow-wrap:anywhere}}td+td{{color:#666;white-space:nowrap}}
td.size{{text-align:right}}
@media(max-width:40rem){{td.time,td.title{{display:none}}}}</style></head>
<body><h1>{title}</h1>
"""


async def tree(request: Request) -> Response:
    """``GET /sas/{path}[?page=N]``: a folder as a page of links, a file byte for byte."""
    context = context_of(request)
    context.gate.check()
    principal = await principal_of(request)
    path = request.path_params.get("path", "")
    page = max(1, Params(query_pairs(request)).count("page") or 1)
    found = await context.pools.files.run(lambda: look(context.centre, principal, path, page))
    if isinstance(found, Moved):
        return RedirectResponse(ROOT + quote(found.path), 301, cache_headers(public=False))
    if isinstance(found, FileToSend):
        return await send_file(request, found)
    if isinstance(found, Text):
        return Response(found.body, media_type="text/plain", headers=cache_headers(found.public))
    listing = found
    headers = cache_headers(listing.public) | {"content-security-policy": _CSP}

    def opener(_: object) -> Reply:
        return Reply(Source(html(listing)), "text/html; charset=utf-8", headers)

    return await stream(request.receive, context.pools, context.pools.files, context.gauges, opener)


async def root(request: Request) -> Response:
    """``GET /sas``: the folder is ``/sas/``."""
    return RedirectResponse(ROOT, 301)


def html(listing: Listing) -> Iterator[bytes]:
    """Yield the page of a folder; every address in it is relative and goes down, but the one up."""
    title = escape(f"{ROOT}{listing.path}")
    yield _HEAD.format(title=title).encode()
    if listing.path:
        yield b'<p><a href="../">Parent folder</a></p>\n'
    yield _pages(listing) + b"<table>\n"
    for entry in listing.entries:
        yield _line(entry)
    yield b"</table>\n" + _pages(listing) + b"</body></html>\n"


def _line(entry: Entry) -> bytes:
    title = entry.title if entry.open else f"{entry.title} (closed to you)".strip()
    size = "" if entry.size is None else str(entry.size)
    # the dot keeps a name with a colon from being read as a scheme
    link = f'<a href="./{quote(entry.name)}">{escape(entry.name)}</a>'
    cells = f'<td class="size">{size}</td><td class="time">{_time(entry.modified)}</td>'
    return f'<tr><td>{link}</td>{cells}<td class="title">{escape(title)}</td></tr>\n'.encode()


def _time(moment: float | None) -> str:
    return "" if moment is None else datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%d %H:%M")


def _pages(listing: Listing) -> bytes:
    if listing.pages == 1:
        return b""
    before = f'<a href="?page={listing.page - 1}">Previous page</a> ' if listing.page > 1 else ""
    after = f' <a href="?page={listing.page + 1}">Next page</a>' if listing.page < listing.pages else ""
    return f"<p>{before}Page {listing.page} of {listing.pages}{after}</p>\n".encode()


_SUMMARY = Words(
    en="The files as folders: pages of links that wget -r follows, files with ranges",
    zh="以目录形式浏览文件：页面链接可供 wget -r 递归下载，文件支持断点续传",
)
_PATH = path_parameter("path", Words(en="Folder or file", zh="目录或文件"))
_PAGE = Parameter("page", Words(en="Page of a large folder", zh="大目录的页码"), {"type": "integer", "minimum": 1})
_BYTES = {"type": "string", "contentEncoding": "binary"}
OPERATIONS = (
    Operation(
        "sas", "GET", "/sas/{path:path}", _SUMMARY, tree, (_PATH, _PAGE),
        responses={"text/html": {"type": "string"}, "application/octet-stream": _BYTES},
    ),
)  # fmt: skip
