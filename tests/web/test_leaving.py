"""Clients that leave, stall or come in crowds leave nothing behind on a real server."""

from __future__ import annotations

import re
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from urllib.parse import quote, urlsplit

import pytest

from tests.support.web import fetch

ENDLESS = (
    "SELECT COUNT(*) AS n FROM " + ", ".join(f"sky_dr1.stars AS t{i}" for i in range(5)) + " WHERE t0.mag < t1.mag"
)
LONG = "SELECT t0.ra, t1.dec, t2.name FROM sky_dr1.stars AS t0, sky_dr1.stars AS t1, sky_dr1.stars AS t2"
WATCHED = ("streams_open", "cursors", "child_queries", "temporary_files")


def metrics(address: str) -> dict[str, int]:
    text = fetch(address, "/metrics").text
    return {name: int(value) for name, value in re.findall(r"^tianku_(\w+)\{pid=\"\d+\"\} (\d+)$", text, re.M)}


def settled(address: str, before: dict[str, int], seconds: float = 1.0) -> dict[str, int]:
    """Return the numbers once they are as `before`, or what they are after `seconds`."""
    deadline = time.monotonic() + seconds
    while True:
        now = metrics(address)
        if all(now[name] == before[name] for name in WATCHED) or time.monotonic() > deadline:
            return now
        time.sleep(0.02)


@contextmanager
def asking(address: str, request: bytes) -> Iterator[socket.socket]:
    host, port = urlsplit(address).netloc.split(":")
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    connection.connect((host, int(port)))
    connection.sendall(request)
    try:
        yield connection
    finally:
        connection.close()


def query(adql: str, form: str = "csv") -> bytes:
    return f"GET /vo/tap/sync?LANG=ADQL&FORMAT={form}&QUERY={quote(adql)} HTTP/1.1\r\nHost: x\r\n\r\n".encode()


@pytest.mark.parametrize("form", ["csv", "votable", "fits", "parquet", "json"])
def test_leaving_before_the_first_row(address: str, form: str) -> None:
    before = metrics(address)
    with asking(address, query(ENDLESS, form)):
        while metrics(address)["cursors"] == before["cursors"]:
            time.sleep(0.01)
    now = settled(address, before)
    assert {n: now[n] for n in WATCHED} == {n: before[n] for n in WATCHED}
    assert now["streams_abandoned_total"] == before["streams_abandoned_total"] + 1


@pytest.mark.parametrize("form", ["csv", "votable", "votable/td", "json"])
def test_leaving_in_mid_stream(address: str, form: str) -> None:
    before = metrics(address)
    with asking(address, query(LONG, form)) as connection:
        assert b"200" in connection.recv(4096)
        assert metrics(address)["cursors"] == before["cursors"] + 1
    now = settled(address, before)
    assert {n: now[n] for n in WATCHED} == {n: before[n] for n in WATCHED}


def test_a_reader_that_stalls_and_leaves(address: str) -> None:
    before = metrics(address)
    with asking(address, query(LONG)) as connection:
        connection.recv(1)
        time.sleep(0.3)
        assert metrics(address)["streams_open"] == before["streams_open"] + 1
    now = settled(address, before)
    assert {n: now[n] for n in WATCHED} == {n: before[n] for n in WATCHED}


def test_crowds_of_stalled_requests_leave_room_for_others(address: str) -> None:
    head = "POST /vo/tap/sync HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n"
    form = "Content-Type: application/x-www-form-urlencoded\r\n\r\nQUERY="
    small = "SELECT TOP 400 t0.name, t1.name AS b FROM sky_dr1.stars AS t0, sky_dr1.stars AS t1"
    before = metrics(address)
    with ExitStack() as stack:
        for _ in range(32):
            stack.enter_context(asking(address, (head + form).encode()))
            stack.enter_context(asking(address, query(small, "votable/td")))
        began = time.monotonic()
        reply = fetch(address, "/vo/sky/dr1/stars/scs?RA=10&DEC=20&SR=0.1")
        assert reply.status == 200 and time.monotonic() - began < 2
    now = settled(address, before, 3)
    assert {n: now[n] for n in WATCHED} == {n: before[n] for n in WATCHED}


def test_threads_do_not_grow_with_those_who_left(address: str) -> None:
    for _ in range(2):
        with ExitStack() as stack:
            for _ in range(40):
                stack.enter_context(asking(address, query(LONG)))
        settled(address, dict.fromkeys(WATCHED, 0), 5)
        threads = metrics(address)["threads"]
    assert metrics(address)["threads"] <= threads
