"""Crowds that stall at the doors: whoever comes to log in meanwhile is served."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import ExitStack
from urllib.parse import urlsplit

import pytest

from tests.acceptance.conftest import Site
from tests.support.archive import LARGE
from tests.support.slow import SlowReader, connect, tap
from tests.support.web import fetch

CROWD = 32
ANSWER_SECONDS = 2.0
#: a small part of a form that never comes
_FORM = b"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 5000\r\n\r\nQUERY=SELECT&login=a"
ROWS = "SELECT a.hip, a.ra, b.id FROM hipparcos.main AS a, half_dr1.stars AS b"
Join = Callable[[ExitStack], None]


def stalled_forms(site: Site, path: str) -> Join:
    def join(stack: ExitStack) -> None:
        connection = stack.enter_context(connect(site.address))
        host = urlsplit(site.address).netloc.encode()
        connection.sendall(b"POST " + path.encode() + b" HTTP/1.1\r\nHost: " + host + b"\r\n" + _FORM)

    return join


def slow_readers(site: Site, path: str) -> Join:
    return lambda stack: stack.enter_context(SlowReader(site.address, path)) and None


def left_downloads(site: Site, path: str) -> Join:
    def join(stack: ExitStack) -> None:
        with SlowReader(site.address, path) as reader:
            reader.read(100)

    return join


@pytest.fixture(scope="module")
def download(two_workers: Site) -> str:
    """The address of a file that is longer than all buffers."""
    asked = tap("SELECT obs_id FROM ivoa.obscore WHERE obs_collection = 'large data'")
    return f"/download/{LARGE}/lrs/{fetch(two_workers.address, asked).text.split()[-1]}"


def test_the_login_page_answers_whoever_stalls(two_workers: Site, download: str) -> None:
    served, before = two_workers.served, two_workers.served.metrics()
    crowds = [
        stalled_forms(two_workers, "/account/login/"),
        stalled_forms(two_workers, "/vo/tap/sync"),
        slow_readers(two_workers, tap(ROWS)),
        slow_readers(two_workers, download),
        slow_readers(two_workers, "/vo/tap/tables"),
        left_downloads(two_workers, download),
    ]
    with ExitStack() as stack:
        for join in crowds:
            for _ in range(CROWD):
                join(stack)
        answer_in_time(two_workers)
    assert served.released(before, 5) == {}


def answer_in_time(site: Site) -> None:
    for path in ("/account/login/", "/", "/api/v1/datasets", "/healthz"):
        began = time.monotonic()
        replies = [fetch(site.address, path), *(worker.get(path) for worker in site.served.workers)]
        assert [reply.status for reply in replies] == [200] * len(replies), path
        assert time.monotonic() - began < ANSWER_SECONDS, path


@pytest.mark.slow
def test_stalled_forms_and_readers_are_given_up(two_workers: Site) -> None:
    """A body that stops coming is refused after its patience, which is 20 s."""
    began = time.monotonic()
    with connect(two_workers.address) as form:
        host = urlsplit(two_workers.address).netloc.encode()
        form.sendall(b"POST /vo/tap/sync HTTP/1.1\r\nHost: " + host + b"\r\n" + _FORM)
        form.settimeout(40)
        assert form.recv(100).startswith(b"HTTP/1.1 408")
    assert 15 < time.monotonic() - began < 30


def test_a_body_that_says_it_is_too_long_is_refused(two_workers: Site) -> None:
    before = two_workers.served.metrics()
    host = urlsplit(two_workers.address).netloc.encode()
    head = b" HTTP/1.1\r\nHost: " + host + b"\r\nContent-Length: 999999999999\r\n"
    head += b"Content-Type: application/x-www-form-urlencoded\r\n\r\n"
    began = time.monotonic()
    with ExitStack() as stack:
        paths = (b"/vo/tap/sync", b"/api/v1/query", b"/account/login/")
        forms = [stack.enter_context(connect(two_workers.address)) for _ in paths]
        for form, path in zip(forms, paths, strict=True):
            form.sendall(b"POST " + path + head + b"x" * 4096)
        assert [form.recv(12) for form in forms] == [b"HTTP/1.1 413"] * len(forms)
    assert time.monotonic() - began < 10
    assert two_workers.served.released(before) == {}
