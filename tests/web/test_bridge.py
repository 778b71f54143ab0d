"""Pages behind ASGI: Django's threads never wait for a client."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.support.centre import FakeCentre
from tests.support.server import serving
from tests.support.web import fetch

BIG = 8 << 20


def site(environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
    """Echo the request, or give a long page."""
    body = environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"] or 0))
    seen = {k: environ.get(k) for k in ("HTTP_HOST", "wsgi.url_scheme", "CONTENT_LENGTH", "HTTP_X_ROLE")}
    start("200 OK", [("Content-Type", "text/plain"), ("X-Seen", repr(sorted(seen.items())))])
    return [b"x" * BIG] if environ["PATH_INFO"] == "/big" else [body]


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    more = {"limits": {"upload_bytes": 3 << 20}}
    centre = FakeCentre(tmp_path_factory.mktemp("pages"), site_more={"url": "https://data.example.org"}, **more)
    with serving(centre, pages=site) as (base, _):
        yield base


def connect(address: str, request: bytes) -> socket.socket:
    host, port = urlsplit(address).netloc.split(":")
    connection = socket.create_connection((host, int(port)))
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    connection.sendall(request)
    return connection


@pytest.mark.parametrize("length", [0, 5, 2 << 20])
def test_bodies_arrive_whole(address: str, length: int) -> None:
    body = bytes(range(256)) * (length // 256 + 1)
    reply = fetch(address, "/form", "POST", body=body[:length])
    assert reply.body == body[:length] and f"('CONTENT_LENGTH', '{length}')" in reply.headers["x-seen"]


def test_a_chunked_body_gets_its_length(address: str) -> None:
    chunks = b"5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n"
    head = b"POST /form HTTP/1.1\r\nHost: x\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n"
    with connect(address, head + chunks) as connection:
        answer = b"".join(iter(lambda: connection.recv(65_536), b""))
    assert b"hello world" in answer and b"'11'" in answer


def test_the_page_believes_in_our_address_and_in_no_forged_header(address: str) -> None:
    seen = fetch(address, "/", headers={"X_Role": "operator", "Host": "evil.example"}).headers["x-seen"]
    assert "'data.example.org'" in seen and "'https'" in seen and "('HTTP_X_ROLE', None)" in seen


def test_long_bodies_are_refused_before_django(address: str) -> None:
    assert fetch(address, "/form", "POST", body=b"x" * ((3 << 20) + 1)).status == 413


def test_stalled_forms_and_slow_readers_hold_no_thread(address: str) -> None:
    stalled = b"POST /account/login HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nuser="
    slow = b"GET /big HTTP/1.1\r\nHost: x\r\n\r\n"
    with ExitStack() as stack:
        for _ in range(40):
            stack.enter_context(connect(address, stalled))
            stack.enter_context(connect(address, slow))
        began = time.monotonic()
        assert fetch(address, "/login").status == 200
        assert time.monotonic() - began < 3
