"""A worker and its children, and what becomes of jobs when any of them is killed."""

from __future__ import annotations

import time
from collections.abc import Iterator

import psutil
import pytest

from tests.support.archive import CLOSED
from tests.support.serving import wait_until
from tests.worker.conftest import ENDLESS, QUICK, SLOW, Jobs, Processes, gone
from tianku.model.access import Principal
from tianku.state import repositories as state
from tianku.state.claims import MOST_LOSSES

MEMBER, OUTSIDER = Principal(user="member"), Principal(user="outsider")


@pytest.fixture(scope="module")
def running(jobs: Jobs) -> Iterator[Processes]:
    with jobs.worker() as processes:
        assert jobs.text(jobs.submit(QUICK)) == "hip\n1\n2\n3\n4\n5\n"
        yield processes


def test_a_result_is_flagged_where_it_was_cut(jobs: Jobs, running: Processes) -> None:
    one = jobs.wait(jobs.submit(QUICK, maxrec=2, format="votable"))
    assert (one.info["rows"], one.info["overflow"], one.attempt) == (2, True, 1)
    body = (jobs.data / one.results[0].path).read_bytes()
    assert b'value="OVERFLOW"' in body and one.results[0].size == len(body)
    assert one.info["generation"] == state.generation()


@pytest.mark.parametrize("form", ["fits", "parquet", "votable/td"])
def test_every_kind_of_format(jobs: Jobs, running: Processes, form: str) -> None:
    one = jobs.wait(jobs.submit(QUICK, format=form))
    assert one.phase == "COMPLETED" and one.info["rows"] == 5


def test_a_job_runs_as_its_owner_is_then(jobs: Jobs, running: Processes) -> None:
    adql = f"SELECT COUNT(*) AS n FROM {CLOSED.replace('/', '_')}.stars"
    assert jobs.text(jobs.submit(adql, MEMBER)) == "n\n30\n"
    refused = jobs.wait(jobs.submit(adql, OUTSIDER))
    assert refused.phase == "ERROR" and refused.error is not None and refused.error["code"] == "policy.closed"
    state.set_active("outsider", False)
    closed = jobs.wait(jobs.submit(QUICK, OUTSIDER))
    state.set_active("outsider", True)
    assert closed.error is not None and closed.error["code"] == "job.owner"


def test_an_abort_kills_within_a_second(jobs: Jobs, running: Processes) -> None:
    job = jobs.submit(ENDLESS)
    attempt = jobs.working(job)

    def busy_ones() -> list[psutil.Process]:
        return [child for child in running.children() if child.cpu_times().user > 0.3]

    assert wait_until(lambda: len(busy_ones()) == 1, 10)
    busy = busy_ones()
    state.abort_job(job)
    assert gone(busy, 1.0)
    assert wait_until(lambda: not (jobs.data / "jobs" / job / str(attempt.attempt)).exists(), 1)
    assert jobs.text(jobs.submit(QUICK))


def test_a_deleted_job_leaves_nothing(jobs: Jobs, running: Processes) -> None:
    job = jobs.submit(ENDLESS)
    jobs.working(job)
    state.delete_job(job)
    folder = jobs.data / "jobs" / job
    assert wait_until(lambda: not any(path.is_file() for path in folder.rglob("*")), 2)
    assert jobs.text(jobs.submit(QUICK))


def test_time_is_up(jobs: Jobs, running: Processes) -> None:
    one = jobs.wait(jobs.submit(ENDLESS, duration=1), seconds=10)
    assert one.phase == "ABORTED" and one.error is not None and one.error["code"] == "query.timeout"
    assert one.ended is not None and one.started is not None and 1 <= (one.ended - one.started).total_seconds() < 3


def test_trouble_inside_is_told_by_its_code(jobs: Jobs, running: Processes) -> None:
    one = jobs.wait(jobs.submit("SELECT CAST(hip AS SMALLINT) AS x FROM hipparcos.main"))
    assert one.phase == "ERROR" and one.error is not None and one.error["code"] == "query.conversion"


def test_a_job_whose_children_are_killed_ends(jobs: Jobs, running: Processes) -> None:
    job = jobs.submit(ENDLESS)

    def ended() -> bool:
        for child in running.children():
            child.kill()
        return state.job(job).final

    assert wait_until(ended, 60, pause=0.3)
    one = state.job(job)
    assert one.phase == "ERROR" and one.error is not None and one.error["code"] == "job.lost"
    assert one.attempt >= MOST_LOSSES


@pytest.mark.parametrize("victim", ["child", "server"])
def test_a_killed_child_or_fork_server_costs_one_attempt(jobs: Jobs, running: Processes, victim: str) -> None:
    job = jobs.submit(SLOW.format(bound=600 if victim == "child" else 601))
    jobs.working(job)
    old = running.children()
    if victim == "server":
        running.server().kill()
    else:
        # the one in reserve, forked last, before the job can go on in it
        for child in sorted(old, key=lambda one: one.pid, reverse=True):
            child.kill()
    assert gone(old, 2.0)
    assert jobs.text(job).startswith("n\n")
    assert state.job(job).attempt == 2
    assert jobs.text(jobs.submit(QUICK)), "and the worker goes on"


@pytest.mark.slow
def test_a_trivial_job_is_quick(jobs: Jobs, running: Processes) -> None:
    """From RUN to COMPLETED, where nothing else runs: the median of many, of which other work may spoil some."""
    seconds = []
    for _ in range(20):
        began = time.monotonic()
        jobs.wait(jobs.submit(QUICK))
        seconds.append(time.monotonic() - began)
    assert sorted(seconds)[5] < 0.15, seconds
