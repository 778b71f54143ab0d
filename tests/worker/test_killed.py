"""Workers and servers that are killed, at moments and at every named point: a job has one result."""

from __future__ import annotations

import dataclasses
import multiprocessing
import os
import signal
import time
from pathlib import Path

import psutil
import pytest

from tests.support.serving import serving, wait_until
from tests.worker.conftest import ENDLESS, LEASE, QUICK, SLOW, Jobs, gone
from tianku.model.access import ANONYMOUS
from tianku.state import repositories as state
from tianku.storage.failpoints import ONCE, POINTS, VARIABLE
from tianku.usecases.installation import connect
from tianku.usecases.jobs import service
from tianku.worker.loop import Worker


def test_a_killed_worker_is_followed_by_another(jobs: Jobs) -> None:
    with jobs.worker() as first:
        job = jobs.submit(SLOW.format(bound=602))
        jobs.working(job)
        old = [first.server(), *first.children()]
        first.worker.kill()
        assert gone(old, 2.0)
    began = time.monotonic()
    with jobs.worker():
        assert jobs.text(job).startswith("n\n")
        assert state.job(job).attempt == 2 and time.monotonic() - began < LEASE + 20


@pytest.mark.slow
def test_a_killed_server_takes_its_worker_along(jobs: Jobs) -> None:
    with serving(jobs.root, jobs=True) as served:
        job = jobs.submit(SLOW.format(bound=603))
        jobs.working(job)
        old = psutil.Process(served.process.pid).children(recursive=True)
        assert len(old) >= 3
        served.process.kill()
        assert gone(old, 2.0)
    assert not [path for path in (jobs.data / "jobs" / job).rglob("*") if path.is_file()]
    with jobs.worker():
        assert jobs.text(job).startswith("n\n") and state.job(job).attempt == 2


def test_a_worker_that_stops_gives_its_jobs_back(jobs: Jobs) -> None:
    with jobs.worker() as first:
        job = jobs.submit(ENDLESS)
        jobs.working(job)
        old = first.children()
        first.worker.send_signal(signal.SIGTERM)
        assert first.worker.wait(10) == 0 and gone(old, 2.0)
    one = state.job(job)
    assert one.phase == "QUEUED" and not list((jobs.data / "jobs" / job).iterdir())
    state.delete_job(job)


@pytest.mark.slow
def test_jobs_and_folders_nobody_needs_are_cleared_away(jobs: Jobs) -> None:
    with jobs.worker():
        old = jobs.submit(QUICK)
        jobs.text(old)
    folder = jobs.data / "jobs"
    orphans = [folder / ("f" * 32) / "1", folder / old / "0"]
    for orphan in orphans:
        orphan.mkdir(parents=True)
        (orphan / "part.tmp").write_bytes(b"x")
        for path in (orphan, orphan.parent):
            os.utime(path, (0, 0))
    gone_job = jobs.submit(QUICK)
    state.abort_job(gone_job)
    state.set_job_destruction(gone_job, dataclasses.replace(state.job(old)).created)
    with jobs.worker():
        assert wait_until(lambda: not any(orphan.exists() for orphan in orphans), 20)
        assert wait_until(lambda: gone_job not in state.job_phases([gone_job]), 20)
    assert Path(folder / old).exists() and psutil.pid_exists(os.getpid())


def submit(root: Path, once: Path, point: str, delete: str | None = None) -> None:
    """Create, start and perhaps delete a job in this process, as a server does, with a point of failure armed."""
    os.environ.update({VARIABLE: point, ONCE: str(once)})
    desk = Worker(root, connect(root, profile="web"))
    if delete is not None:
        service.delete(desk.data_root, state.job(delete))
    made = service.create(
        desk, "tap", ANONYMOUS, "10.0.0.7", parameters=[("QUERY", QUICK)], base_url="http://here"
    )
    service.start(desk, made, ANONYMOUS, lambda: {"adql": QUICK, "format": "csv"})


IN_SERVERS = ("jobs.created", "jobs.queued", "jobs.deleted")
IN_WORKERS = tuple(point for point in POINTS if point.startswith("jobs.") and point not in IN_SERVERS)
#: those that end a child, whose worker then tries again
IN_CHILDREN = ("jobs.mid_result", "jobs.after_result", "jobs.before_answer")


@pytest.mark.slow
@pytest.mark.parametrize("point", IN_WORKERS)
def test_killed_at_every_point_a_job_has_one_result(jobs: Jobs, tmp_path: Path, point: str) -> None:
    died = tmp_path / "died"
    job = jobs.submit(QUICK)
    with jobs.worker(**{VARIABLE: point, ONCE: str(died)}) as processes:
        if point not in IN_CHILDREN:
            assert processes.worker.wait(30) == 137
        else:
            jobs.wait(job)
    assert died.exists()
    with jobs.worker():
        assert jobs.text(job) == "hip\n1\n2\n3\n4\n5\n"
        assert state.job(job).attempt == (1 if point == "jobs.after_complete" else 2)
        assert jobs.text(jobs.submit(QUICK))


@pytest.mark.slow
@pytest.mark.parametrize("point", IN_SERVERS)
def test_a_server_killed_at_every_point_leaves_whole_jobs(jobs: Jobs, tmp_path: Path, point: str) -> None:
    with jobs.worker():
        old = jobs.submit(QUICK)
        jobs.text(old)
        before = state.job_counts()
        process = multiprocessing.get_context("spawn").Process(
            target=submit, args=(jobs.root, tmp_path / "died", point, old if point == "jobs.deleted" else None)
        )
        process.start()
        process.join(60)
        assert process.exitcode == 137
        if point == "jobs.queued":
            assert wait_until(lambda: state.job_counts().get("COMPLETED") == before["COMPLETED"] + 1, 10)
        if point == "jobs.created":
            assert state.job_counts().get("PENDING", 0) == before.get("PENDING", 0) + 1
        if point == "jobs.deleted":
            assert state.job_phases([old]) == {} and (jobs.data / "jobs" / old).exists()
            for path in ((jobs.data / "jobs" / old), *(jobs.data / "jobs" / old).iterdir()):
                os.utime(path, (0, 0))
    if point == "jobs.deleted":
        with jobs.worker():
            assert wait_until(lambda: not (jobs.data / "jobs" / old).exists(), 20)
