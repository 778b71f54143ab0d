"""Very many jobs while servers, workers, fork servers and children are killed at random."""

from __future__ import annotations

import contextlib
import http.client
import json
import random
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections import Counter
from pathlib import Path
from typing import Any

import psutil

from tianku.state import repositories
from tianku.usecases.installation import connect

_PORT = 8973
_BASE = f"http://127.0.0.1:{_PORT}"
#: seconds between two kills
_PAUSE = (0.5, 3.0)
_DEADLINE = 3600.0
#: seconds in which everything must be gone once the server is
_LEFT_SECONDS = 2.0
_DOWN = (urllib.error.URLError, ConnectionError, http.client.HTTPException, TimeoutError)


class Site:
    """A served installation, started again whenever its server is gone."""

    def __init__(self, root: Path) -> None:
        self._command = [sys.executable, "-m", "tianku", "-r", str(root), "serve", "--port", str(_PORT)]
        self._log = (root / "soak.log").open("ab")
        self._seen: set[psutil.Process] = set()
        self.process = self._start()

    def _start(self) -> subprocess.Popen[bytes]:
        return subprocess.Popen(self._command, stderr=self._log)

    def victims(self) -> dict[str, list[psutil.Process]]:
        """Living processes by their part."""
        found: dict[str, list[psutil.Process]] = {"server": [psutil.Process(self.process.pid)]}
        for one in found["server"][0].children(recursive=True):
            with contextlib.suppress(psutil.NoSuchProcess):
                line, parent = " ".join(one.cmdline()), " ".join(psutil.Process(one.ppid()).cmdline())
                if "tianku.worker" in line and "forkserver" not in line:
                    found.setdefault("worker", []).append(one)
                elif "forkserver" in line:
                    found.setdefault("child" if "forkserver" in parent else "fork server", []).append(one)
        self._seen.update(one for some in found.values() for one in some)
        return found

    def kill(self, part: str) -> bool:
        """Kill one process of a part, if there is one."""
        for one in self.victims().get(part, [])[:1]:
            one.kill()
            if part == "server":
                self.process.wait()
                self.process = self._start()
            return True
        return False

    def left(self) -> int:
        """Count processes of any server so far that outlive the last one."""
        return len(psutil.wait_procs(self._seen, timeout=_LEFT_SECONDS)[1])

    def stop(self) -> None:
        """End the server in order."""
        self.victims()
        self.process.terminate()
        self.process.wait(60)
        self._log.close()


def run(root: Path, count: int, seed: int) -> dict[str, Any]:
    """Start `count` jobs over HTTP, kill while they run, and look whether each has one right result."""
    connect(root)
    site, done, kills = Site(root), threading.Event(), Counter[str]()
    killer = threading.Thread(target=_killing, args=(site, done, kills, random.Random(seed)))
    began = time.monotonic()
    try:
        _wait_ready()
        killer.start()
        jobs = [_submitted(number) for number in range(count)]
        phases = _ended(jobs)
    finally:
        done.set()
        if killer.ident is not None:
            killer.join()
        site.stop()
    rate = round(count / (time.monotonic() - began), 1)
    left = site.left()
    wrong = [fault for number, job in enumerate(jobs) for fault in _faults(root, job, number)]
    return {
        "jobs": count,
        "phases": phases,
        "kills": dict(kills),
        "jobs_per_second": rate,
        "results_exactly_once": phases.get("COMPLETED", 0) - len(wrong),
        "processes_left": left,
        "faults": wrong + ([f"{left} processes outlive the server"] if left else []),
    }


def _killing(site: Site, done: threading.Event, kills: Counter[str], chance: random.Random) -> None:
    while not done.wait(chance.uniform(*_PAUSE)):
        part = chance.choices(("child", "fork server", "worker", "server"), (6, 2, 2, 1))[0]
        with contextlib.suppress(psutil.NoSuchProcess):
            kills[part] += site.kill(part)


def _wait_ready() -> None:
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        with contextlib.suppress(*_DOWN), urllib.request.urlopen(f"{_BASE}/readyz", timeout=5):
            return
        time.sleep(0.2)
    raise TimeoutError("the server does not get ready")


def _submitted(number: int) -> str:
    """Start a job; a server that was killed before it answered may have made one too, which nobody knows."""
    adql = f"SELECT TOP 3 {number} AS n FROM ivoa.obscore"
    body = json.dumps({"arguments": {"adql": adql, "format": "csv"}}).encode()
    request = urllib.request.Request(f"{_BASE}/api/v1/jobs", body, {"Content-Type": "application/json"})
    while True:
        try:
            with urllib.request.urlopen(request, timeout=30) as reply:
                return str(json.load(reply)["id"])
        except _DOWN:
            time.sleep(0.2)


def _ended(jobs: list[str]) -> dict[str, int]:
    deadline = time.monotonic() + _DEADLINE
    while time.monotonic() < deadline:
        with repositories.session():
            phases = Counter(repositories.job_phases(jobs).values())
        if sum(phases[phase] for phase in ("COMPLETED", "ERROR", "ABORTED")) == len(jobs):
            break
        time.sleep(0.5)
    return {str(phase): number for phase, number in phases.items()}


def _faults(root: Path, job: str, number: int) -> list[str]:
    """Return what is wrong with a job; one that was killed too often may say so."""
    with repositories.session():
        one = repositories.job(job)
    files = [path for path in (root / "data" / "jobs" / job).rglob("*") if path.is_file()]
    if one.phase == "ERROR" and one.error is not None and one.error["code"] == "job.lost":
        return [f"{job}: lost, with files"] if files else []
    if one.phase != "COMPLETED":
        return [f"{job}: {one.phase} {one.error}"]
    if files != [root / "data" / result.path for result in one.results] or len(files) != 1:
        return [f"{job}: {len(files)} files, {len(one.results)} results"]
    text = files[0].read_text()
    return [] if text == "n\n" + f"{number}\n" * 3 else [f"{job}: holds {text[:60]!r}"]
