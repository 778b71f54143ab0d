"""`tianku serve` in processes of its own, as operators run it, and what its workers say of themselves."""

from __future__ import annotations

import http.client
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from tests.support.web import Reply

#: numbers that are as before once a client is gone
RELEASED = (
    "streams_open", "cursors", "child_queries", "temporary_files", "pool_pending_long", "pool_pending_closing"
)  # fmt: skip
_START_SECONDS = 60.0
_VALUE = re.compile(r'^tianku_(\w+)\{pid="\d+"(?:,pool="(\w+)")?\} (\d+)$', re.M)


def wait_until(condition: Callable[[], bool], seconds: float, pause: float = 0.02) -> bool:
    """Return whether `condition` comes true within `seconds`."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(pause)
    return True


class Worker:
    """One server process, reached over a connection that stays with it."""

    def __init__(self, address: str) -> None:
        self._address = address
        self._connect()
        self.pid = self._told_pid()

    def get(self, path: str, headers: dict[str, str] | None = None) -> Reply:
        """Send one request to this worker."""
        try:
            return self._get(path, headers)
        except http.client.RemoteDisconnected:  # an idle connection is closed in time
            assert wait_until(self._found_again, 5), f"worker {self.pid} is not there any more"
            return self._get(path, headers)

    def _connect(self) -> None:
        self._connection = http.client.HTTPConnection(urlsplit(self._address).netloc, timeout=30)

    def _get(self, path: str, headers: dict[str, str] | None = None) -> Reply:
        self._connection.request("GET", path, headers=headers or {})
        reply = self._connection.getresponse()
        return Reply(reply.status, {k.lower(): v for k, v in reply.getheaders()}, reply.read())

    def _told_pid(self) -> int:
        found = re.search(r'pid="(\d+)"', self._get("/metrics").text)
        assert found is not None
        return int(found[1])

    def _found_again(self) -> bool:
        self.close()
        self._connect()
        return self._told_pid() == self.pid

    def metrics(self) -> dict[str, int]:
        """What this worker counts."""
        text = self.get("/metrics").text
        return {f"{name}_{pool}" if pool else name: int(value) for name, pool, value in _VALUE.findall(text)}

    def close(self) -> None:
        """Let the connection go."""
        self._connection.close()


@dataclass(frozen=True)
class Served:
    """A running server."""

    address: str
    process: subprocess.Popen[bytes]
    workers: tuple[Worker, ...]

    def metrics(self) -> dict[str, int]:
        """What all workers count together; the temporary folder is common to them."""
        found = [worker.metrics() for worker in self.workers]
        total = {name: sum(one[name] for one in found) for name in found[0]}
        return total | {"temporary_files": found[0]["temporary_files"]}

    def released(self, before: dict[str, int], seconds: float = 1.0) -> dict[str, tuple[int, int]]:
        """Return what is still held `seconds` after clients left: name -> (before, now); empty is right."""
        deadline = time.monotonic() + seconds
        while (held := self._held(before)) and time.monotonic() < deadline:
            time.sleep(0.02)
        # a request whose client is gone already may have been on its way
        return held or self._held(before)

    def _held(self, before: dict[str, int]) -> dict[str, tuple[int, int]]:
        now = self.metrics()
        return {name: (before[name], now[name]) for name in RELEASED if now[name] > before[name]}


@contextmanager
def serving(root: Path, workers: int = 1, *, jobs: bool = False) -> Iterator[Served]:
    """Serve the installation in `root` on a free port, with a log beside it; `jobs`: and do its jobs."""
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    command = "from tianku.cli.main import run; run()"
    arguments = ["-r", str(root), "serve", "--port", "0", "--workers", str(workers)]
    arguments += [] if jobs else ["--no-worker"]
    log = root / f"serve-{workers}.log"
    with log.open("wb") as output:
        process = subprocess.Popen([sys.executable, "-c", command, *arguments], stderr=output, env=environment)
    connected: dict[int, Worker] = {}
    try:
        address = _address(process, log)
        connected = _connect(address, workers, log)
        yield Served(address, process, tuple(connected.values()))
    finally:
        for worker in connected.values():
            worker.close()
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise


def _address(process: subprocess.Popen[bytes], log: Path) -> str:
    def found() -> re.Match[str] | None:
        return re.search(r"http://[\d.]+:\d+", log.read_text())

    assert wait_until(lambda: process.poll() is not None or found() is not None, _START_SECONDS)
    match = found()
    assert match is not None and process.poll() is None, log.read_text()
    return match[0]


def _connect(address: str, count: int, log: Path) -> dict[int, Worker]:
    """Return a connection to each of `count` workers; which one accepts is the kernel's choice."""
    found: dict[int, Worker] = {}

    def all_found() -> bool:
        try:
            some = [Worker(address) for _ in range(2 * count)]
        except (ConnectionError, http.client.HTTPException):
            return False
        for worker in some:
            found.setdefault(worker.pid, worker)
        for worker in some:
            if found[worker.pid] is not worker:
                worker.close()
        return len(found) == count

    assert wait_until(all_found, _START_SECONDS), f"{len(found)} of {count} workers answer:\n{log.read_text()}"
    return found
