"""An installation with workers, and what a test wants to know of their processes."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psutil
import pytest
import yaml

from tests.support.archive import Archive
from tests.support.serving import wait_until
from tianku.model.access import ANONYMOUS, Principal
from tianku.state import repositories as state
from tianku.state.repositories import JobRecord
from tianku.usecases.installation import connect

#: a small answer, and one whose making takes a second or two
QUICK = "SELECT TOP 5 hip FROM hipparcos.main ORDER BY hip"
SLOW = "SELECT COUNT(*) AS n FROM hipparcos.main a, hipparcos.main b WHERE a.hip < 5000 AND a.ra + b.ra > {bound}"
#: one that is not done before the test is
ENDLESS = (
    "SELECT COUNT(*) AS n FROM hipparcos.main AS a, hipparcos.main AS b, hipparcos.main AS c "
    "WHERE a.ra + b.ra + c.ra > 700"
)
LEASE = 1.5


@dataclass(frozen=True)
class Processes:
    """A worker and what it started."""

    worker: subprocess.Popen[bytes]

    def server(self) -> psutil.Process:
        """The process that forks."""
        found = [p for p in psutil.Process(self.worker.pid).children() if "forkserver" in " ".join(p.cmdline())]
        assert len(found) == 1
        return found[0]

    def children(self) -> list[psutil.Process]:
        """The forked ones: those at work, and the one in reserve."""
        return self.server().children()


class Jobs:
    """The jobs of an installation, created as a server does it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.data = root / "data"

    def submit(self, adql: str, principal: Principal = ANONYMOUS, *, duration: int = 60, **more: Any) -> str:
        """Create and start a job; return its id."""
        one = state.create_job(
            "tap", principal, state.account_of(principal, "10.0.0.1"), parameters=[("QUERY", adql)],
            base_url="http://here", duration=duration, most_active=10**6,
            destruction=datetime.now(UTC) + timedelta(days=1),
        )  # fmt: skip
        state.queue_job(one.id, {"adql": adql, "format": "csv"} | more, None)
        return one.id

    def wait(self, job: str, *phases: str, seconds: float = 60) -> JobRecord:
        """Return the job once it is in one of `phases` (any that is final if none)."""

        def there() -> bool:
            one = state.job(job)
            return one.phase in phases if phases else one.final

        assert wait_until(there, seconds), state.job(job)
        return state.job(job)

    def working(self, job: str) -> JobRecord:
        """Return the job once its child has begun."""
        one = self.wait(job, "EXECUTING")
        assert wait_until((self.data / "jobs" / job / str(one.attempt)).exists, 10)
        return one

    def text(self, job: str) -> str:
        """The only result of a job, which has nothing else in its folder."""
        one = self.wait(job)
        assert one.phase == "COMPLETED", one
        files = [path for path in (self.data / "jobs" / job).rglob("*") if path.is_file()]
        assert files == [self.data / one.results[0].path] and len(one.results) == 1
        return files[0].read_text()

    @contextmanager
    def worker(self, **environment: str) -> Iterator[Processes]:
        """Run a worker."""
        words = [sys.executable, "-P", "-m", "tianku.worker", str(self.root), "--lease", str(LEASE)]
        with (self.root / "worker.log").open("ab") as log:
            process = subprocess.Popen(words, stderr=log, env=os.environ | environment)
        try:
            yield Processes(process)
        finally:
            process.terminate()
            process.wait(20)


@pytest.fixture(scope="module")
def jobs(installation: Archive, tmp_path_factory: pytest.TempPathFactory) -> Jobs:
    """A copy of the archive without a worker."""
    root = installation.copy(tmp_path_factory.mktemp("jobs")).root
    site = yaml.safe_load((root / "site.yaml").read_text("utf-8"))
    site["jobs"] = {"running": 2, "running_each": 2}
    (root / "site.yaml").write_text(yaml.safe_dump(site, allow_unicode=True), "utf-8")
    connect(root, profile="web")
    return Jobs(root)


def gone(processes: list[psutil.Process], seconds: float) -> bool:
    """Whether all of them end within `seconds`; a zombie has ended, and waits for whoever adopted it."""

    def ended(one: psutil.Process) -> bool:
        try:
            return one.status() == psutil.STATUS_ZOMBIE
        except psutil.NoSuchProcess:
            return True

    return wait_until(lambda: all(map(ended, processes)), seconds)
