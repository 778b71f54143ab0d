"""Queries and exports through HTTP, beside the engine alone on the same serving copy."""

from __future__ import annotations

import http.client
import os
import re
import signal
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from urllib.parse import urlencode

import numpy as np
import psutil

from bench.memory import Sampled, tree_mib
from bench.record import Report
from bench.setup import DATASET, QUALIFIED, TABLE
from tianku.adql.parser import parse
from tianku.adql.resolve import resolve
from tianku.adql.schema import Cone
from tianku.engines.base import EngineQuery, Limits
from tianku.model.access import ANONYMOUS
from tianku.planner.plan import plan
from tianku.usecases.centre import Centre
from tianku.usecases.installation import connect
from tianku.usecases.viewer import Viewer

_RADIUS, _CONES = 0.1, 200
_COUNT = f"SELECT COUNT(*) AS n FROM {QUALIFIED} WHERE mag_g BETWEEN 17 AND 18 AND teff BETWEEN 5000 AND 6000"
_EXPORT_ROWS, _EXPORT_RATE, _LONGER, _MOST_GROWTH = 1_000_000, 300_000, 4, 100
_CHUNK = 1 << 20


def measure(report: Report, root: Path, rows: int) -> None:
    """Measure against one server process with its default settings."""
    connect(root, profile="web")
    centre = Centre.open(root)
    try:
        with _server(root) as (client, process):
            _cones(report, centre, client, rows)
            _count(report, centre, client, rows)
            _exports(report, client, process, min(rows, _EXPORT_ROWS))
    finally:
        centre.close()


class Client:
    """One connection that stays open."""

    def __init__(self, host: str, port: int) -> None:
        self._connection = http.client.HTTPConnection(host, port, timeout=120)

    def size(self, path: str, body: dict[str, str] | None = None) -> tuple[int, bytes]:
        """Send a request; return the length of the answer and its last bytes, holding no more of it."""
        form = {"Content-Type": "application/x-www-form-urlencoded"} if body else {}
        self._connection.request("POST" if body else "GET", path, urlencode(body) if body else None, form)
        answer = self._connection.getresponse()
        if answer.status != 200:
            raise RuntimeError(f"{answer.status}: {answer.read(2000)!r}")
        total, tail = 0, b""
        while piece := answer.read(_CHUNK):
            total += len(piece)
            tail = (tail + piece)[-2000:]
        return total, tail


@contextmanager
def _server(root: Path) -> Iterator[tuple[Client, psutil.Process]]:
    with served(root) as (address, process):
        host, _, port = address.partition(":")
        client = Client(host, int(port))
        client.size("/vo/tap/availability")
        yield client, process


@contextmanager
def served(root: Path) -> Iterator[tuple[str, psutil.Process]]:
    """``tianku serve`` on a free port: its host and port, its process."""
    code = "from tianku.cli.main import run; run()"
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    command = [sys.executable, "-c", code, "--root", str(root), "serve", "--port", "0"]
    running = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment)
    try:
        assert running.stderr is not None
        found = next(m for line in running.stderr if (m := re.search(r"http://([\d.]+):(\d+)/", line)))
        _drain(running)
        yield f"{found[1]}:{found[2]}", psutil.Process(running.pid)
    finally:
        running.send_signal(signal.SIGTERM)
        running.wait(timeout=60)


def _drain(running: subprocess.Popen[str]) -> None:
    """Keep the server's log from filling its pipe."""
    assert running.stderr is not None
    threading.Thread(target=running.stderr.read, daemon=True).start()


def _cones(report: Report, centre: Centre, client: Client, rows: int) -> None:
    seconds: dict[str, list[float]] = {"http": [], "engine": []}
    for ra, dec in _positions(np.random.default_rng(7)):
        path = f"/vo/{DATASET}/{TABLE}/scs?RA={ra:.6f}&DEC={dec:.6f}&SR={_RADIUS}&VERB=3"
        query = _planned_cone(centre, ra, dec)
        seconds["http"].append(_time(partial(client.size, path)))
        seconds["engine"].append(_time(partial(_run, centre, query)))
    ours, theirs = ([1000 * s for s in taken[10:]] for taken in seconds.values())
    note = f"p95 {np.percentile(ours, 95):.1f} ms against {np.percentile(theirs, 95):.1f} ms; {_CONES} cones"
    report.add(
        "cone of 6' through HTTP (VOTable)",
        rows,
        "ms",
        ours,
        "engine alone + 5 ms",
        theirs,
        1.0,
        allowance=5.0,
        note=note,
    )


def _positions(rng: np.random.Generator) -> list[tuple[float, float]]:
    """Positions all over the sky, the first ten to warm up."""
    longitude = rng.uniform(0, 360, _CONES + 10)
    latitude = np.degrees(np.arcsin(rng.uniform(-0.95, 0.95, _CONES + 10)))
    return list(zip(longitude.tolist(), latitude.tolist(), strict=True))


def _planned_cone(centre: Centre, ra: float, dec: float) -> EngineQuery:
    """The very query that the server gives its engine: text made, numbers filled in."""
    current = centre.current()
    viewer = Viewer(current.picture, ANONYMOUS, time.time())
    meta = viewer.dataset_table(DATASET, TABLE)
    columns = [c.name for c in meta.columns]
    planned = current.cones.plan(
        meta,
        current.storage(meta),
        columns,
        Cone(ra, dec, _RADIUS),
        100_000,
        lambda s: resolve(s, viewer),
        Limits(),
    )
    assert planned is not None
    return planned.query


def _count(report: Report, centre: Centre, client: Client, rows: int, times: int = 15) -> None:
    current = centre.current()
    viewer = Viewer(current.picture, ANONYMOUS, time.time())
    query = plan(resolve(parse(_COUNT), viewer), current.storage, 100_000).query
    body = {"LANG": "ADQL", "QUERY": _COUNT}
    ours, theirs = [], []
    for _ in range(times + 2):
        ours.append(_time(lambda: client.size("/vo/tap/sync", body)))
        theirs.append(_time(lambda: _run(centre, query)))
    report.add(
        "count over two columns through TAP", rows, "ms", [1000 * s for s in ours[2:]], "engine alone",
        [1000 * s for s in theirs[2:]], 0.67,
    )  # fmt: skip


def _exports(report: Report, client: Client, process: psutil.Process, rows: int) -> None:
    for form, name in (("application/x-votable+xml;serialization=BINARY2", "VOTable BINARY2"), ("csv", "CSV")):
        ask = partial(_export, client, form)
        ask(rows)
        with Sampled(partial(tree_mib, process)) as usual:
            taken = [_time(partial(ask, rows)) for _ in range(5)]
        with Sampled(partial(tree_mib, process)) as longer:
            size = ask(_LONGER * rows) / _LONGER
        rates = [rows / s for s in taken]
        speed = statistics.median(rates) * size / rows / 1e6
        note = f"{size / 1e6:.0f} MB, {speed:.0f} MB/s; a fixed bar, not a peer"
        report.add(f"export as {name}", rows, "rows/s", rates, "300 k rows/s", [_EXPORT_RATE], 1.0, note=note)
        growth = longer.highest - usual.highest
        what = f"memory that {_LONGER} times the rows as {name} need beyond {usual.highest:.0f} MiB"
        report.limit(what, growth, _MOST_GROWTH, "MiB")


def _export(client: Client, form: str, rows: int) -> int:
    """Export so many whole rows; return the size of the answer."""
    body = {"LANG": "ADQL", "QUERY": f"SELECT TOP {rows} * FROM {QUALIFIED}", "MAXREC": str(rows)}
    size, tail = client.size("/vo/tap/sync", body | {"RESPONSEFORMAT": form})
    if form != "csv" and b"</VOTABLE>" not in tail:
        raise RuntimeError(f"the export ends early: {tail[-200:]!r}")
    return size


def _run(centre: Centre, query: EngineQuery) -> int:
    """Run on the serving copy in this process and take all rows."""
    with centre.short.run(query) as result:
        return sum(batch.num_rows for batch in result)


def _time(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start
