"""The way down: streams in flight end, or are interrupted; workers are replaced and stopped."""

from __future__ import annotations

import http.client
import os
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote, urlsplit

import pytest

from tests.support.centre import FakeCentre
from tests.support.server import Running, running
from tests.support.worker import die, run
from tianku.model.errors import FatalError
from tianku.web.draining import listen
from tianku.web.workers import Supervisor

PAIRS = "SELECT t0.ra, t1.dec, t0.name FROM sky_dr1.stars AS t0, sky_dr1.stars AS t1"
HUGE = {"sync_rows": 10**9, "default_rows": 10**9}


def begin(server: Running, adql: str) -> http.client.HTTPResponse:
    connection = http.client.HTTPConnection(urlsplit(server.address).netloc, timeout=20)
    connection.request("GET", f"/vo/tap/sync?LANG=ADQL&FORMAT=csv&QUERY={quote(adql)}")
    return connection.getresponse()


def test_a_stream_in_flight_ends_whole(tmp_path: Path) -> None:
    with running(FakeCentre(tmp_path, limits=HUGE)) as server:
        reply = begin(server, PAIRS)
        first = reply.read(100)
        server.stop()
        time.sleep(0.3)
        rest = reply.read()
        assert (first + rest).count(b"\n") == 500 * 500 + 1
        assert server.ended(5)


def test_a_stream_that_takes_too_long_is_cut(tmp_path: Path) -> None:
    centre = FakeCentre(tmp_path, limits=HUGE)
    with running(centre, stream_seconds=1) as server:
        reply = begin(server, f"{PAIRS}, sky_dr1.stars AS t2")
        reply.read(100)
        server.stop()
        assert server.ended(6)
        with pytest.raises((http.client.IncompleteRead, ConnectionError)):
            while reply.read(1 << 20):
                pass
        assert centre.short.active() == 0


def wait_for(condition: Callable[[], bool], seconds: float = 15) -> bool:
    deadline = time.monotonic() + seconds
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.05)
    return condition()


def test_a_worker_that_dies_is_replaced_and_all_stop(tmp_path: Path) -> None:
    listener = listen("127.0.0.1", 0)
    supervisor = Supervisor(run, tmp_path, listener, 2)
    thread = threading.Thread(target=supervisor.run)
    thread.start()
    try:
        assert wait_for(lambda: len(list(tmp_path.iterdir())) == 2)
        first = {int(p.name) for p in tmp_path.iterdir()}
        os.kill(min(first), signal.SIGKILL)
        assert wait_for(lambda: len(list(tmp_path.iterdir())) == 3)
    finally:
        supervisor.stop()
        thread.join(20)
        listener.close()
    for name in (p.name for p in tmp_path.iterdir()):
        with pytest.raises(ProcessLookupError):
            os.kill(int(name), 0)


def test_workers_that_cannot_start_end_the_server(tmp_path: Path) -> None:
    listener = listen("127.0.0.1", 0)
    with pytest.raises(FatalError, match="died"):
        Supervisor(die, tmp_path, listener, 2).run()
    listener.close()
