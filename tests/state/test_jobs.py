"""Jobs in the state database: turns, leases, fences, quotas and pins, on every database there is."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.support.postgres import postgresql
from tests.support.state import empty_state
from tianku.model.access import ANONYMOUS, Principal
from tianku.model.errors import NotFoundError, UsageError
from tianku.state import repositories as state
from tianku.state.claims import MOST_LOSSES
from tianku.state.repositories import JobRecord, JobResult

LATER = datetime(2100, 1, 1, tzinfo=UTC)
OTHERS = Principal(user="other")


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """An empty state database of each kind."""
    opened = empty_state(tmp_path) if request.param == "sqlite" else postgresql(tmp_path)
    with opened:
        for name in ("other", "third"):
            state.create_user(name)
        yield request.param


def job(who: Principal = ANONYMOUS, address: str = "10.0.0.1", *, queue: bool = True, **more: Any) -> JobRecord:
    values: dict[str, Any] = {
        "parameters": [("QUERY", "SELECT 1")], "base_url": "http://here", "duration": 60,
        "destruction": LATER, "most_active": 100,
    } | more  # fmt: skip
    made = state.create_job("tap", who, state.account_of(who, address), **values)
    if queue:
        state.queue_job(made.id, {"adql": "SELECT 1"}, None)
    return made


def claim(worker: str = "w", lease: float = 60, running: int = 9, each: int = 9) -> JobRecord | None:
    return state.claim_job(worker, lease, running=running, running_each=each)


def taken(worker: str = "w", **more: Any) -> JobRecord:
    found = claim(worker, **more)
    assert found is not None
    return found


def result(size: int = 10) -> JobResult:
    return JobResult("result", "jobs/x/1/result.vot", size, "0" * 64, "text/plain", "result.vot")


def complete(one: JobRecord, size: int = 10, quota: int = 1000, store: int = 1000) -> bool:
    return state.complete_attempt(
        (one.id, one.attempt), [result(size)], {"rows": 1}, account=one.account, quota=quota, store=store
    )


def test_a_job_goes_through_its_phases(database: str) -> None:
    made = job(queue=False)
    assert (made.phase, made.owner, len(made.id)) == ("PENDING", None, 32) and not state.jobs_waiting()
    state.queue_job(made.id, {"adql": "x"}, LATER)
    assert state.jobs_waiting()
    one = taken()
    assert (one.id, one.phase, one.attempt, dict(one.arguments or {})) == (made.id, "EXECUTING", 1, {"adql": "x"})
    assert claim() is None and not state.jobs_waiting()
    assert complete(one)
    done = state.job(made.id)
    assert done.phase == "COMPLETED" and done.results == (result(),) and done.ended is not None and done.final
    with pytest.raises(UsageError) as caught:
        state.queue_job(made.id, {}, None)
    assert caught.value.code == "job.not_pending"
    assert state.job_phases([made.id, "no"]) == {made.id: "COMPLETED"} and state.job_counts() == {"COMPLETED": 1}


def test_only_the_newest_attempt_changes_anything(database: str) -> None:
    job()
    old = taken("dead", lease=0.05)
    time.sleep(0.1)  # the lease is measured by the database's clock
    new = taken("alive")
    assert (new.id, new.attempt) == (old.id, 2)
    assert not complete(old) and not state.fail_attempt((old.id, 1), {"code": "x"})
    assert not state.give_back((old.id, 1)) and not state.note_attempt((old.id, 1), {}, [])
    assert state.attempts_of("dead") == set() and state.attempts_of("alive") == {(old.id, 2)}
    assert complete(new) and not complete(new)


def test_leases_are_renewed_together(database: str) -> None:
    for _ in range(3):
        job()
    one, two = taken(lease=0.3), taken(lease=0.3)
    third = taken("other", lease=0.3)
    state.renew_leases("w", 60)
    time.sleep(0.35)
    assert taken("late").id == third.id and claim("late") is None
    assert state.attempts_of("w") == {(one.id, 1), (two.id, 1)}


def test_a_job_that_is_lost_again_and_again_ends(database: str) -> None:
    made = job()
    for number in range(1, MOST_LOSSES + 1):
        one = taken()
        assert one.attempt == number
        assert state.give_back((one.id, one.attempt)) == (number < MOST_LOSSES)
    ended = state.job(made.id)
    assert ended.phase == "ERROR" and ended.error is not None and ended.error["code"] == "job.lost"


def test_leases_that_end_count_as_losses_and_being_stopped_does_not(database: str) -> None:
    made = job()
    for _ in range(MOST_LOSSES):
        one = taken()
        assert state.give_back((one.id, one.attempt), blameless=True)
    for _ in range(MOST_LOSSES):
        taken(lease=0)
        time.sleep(0.002)
    assert claim() is None and state.job(made.id).phase == "ERROR"


def test_accounts_take_turns(database: str) -> None:
    mine = [job(OTHERS) for _ in range(4)]
    theirs = [job(address="10.0.0.2") for _ in range(2)]
    first, second = taken(each=2), taken(each=2)
    assert {first.id, second.id} == {mine[0].id, theirs[0].id}
    complete(first)
    complete(second)
    assert {taken().id, taken().id} == {mine[1].id, theirs[1].id}
    assert taken().id == mine[2].id


def test_limits_hold_over_all_workers(database: str) -> None:
    for _ in range(3):
        job(OTHERS)
    job()
    one = taken("a", each=1)
    two = taken("b", each=1)
    assert {one.account, two.account} == {"user:other", state.account_of(ANONYMOUS, "10.0.0.1")}
    assert claim("c", each=1) is None, "each account has one"
    assert claim("c", running=2) is None, "two run"
    assert claim("c", running=3) is not None


def test_two_claims_never_get_one_job(database: str) -> None:
    for _ in range(20):
        job()

    def work(name: str) -> list[str]:
        found = []
        with state.session():
            while (one := claim(name)) is not None:
                found.append(one.id)
                complete(one)
        from django.db import connections

        connections.close_all()
        return found

    with ThreadPoolExecutor(4) as pool:
        ids = [one for found in pool.map(work, "abcd") for one in found]
    assert len(ids) == len(set(ids)) == 20


def test_aborted_jobs_are_not_shown_by_whoever_runs_them(database: str) -> None:
    made = job()
    one = taken()
    state.abort_job(made.id)
    assert state.attempts_of("w") == set() and not complete(one)
    assert state.job(made.id).phase == "ABORTED"
    state.abort_job(made.id)
    with pytest.raises(NotFoundError):
        state.abort_job("0" * 32)


def test_results_beyond_a_quota_are_refused_when_they_come(database: str) -> None:
    job()
    job()
    job(OTHERS)
    assert complete(taken(each=9), 600)
    theirs = taken()
    assert theirs.account == "user:other"
    with pytest.raises(OverflowError):
        complete(theirs, 600, quota=1000, store=1000)
    with pytest.raises(OverflowError):
        complete(taken(), 600, quota=1000, store=10_000)
    assert state.job_use().bytes == 600 and state.job_use().active == 2


def test_an_account_has_so_many_unfinished_jobs(database: str) -> None:
    job(most_active=1)
    with pytest.raises(UsageError) as caught:
        job(most_active=1)
    assert caught.value.code == "job.too_many"
    job(address="10.0.0.9", most_active=1)


def test_a_snapshot_that_a_job_reads_stays(database: str) -> None:
    state.record_built("sky/dr1", 1, "m")
    job()
    one = taken()
    assert not state.note_attempt((one.id, 1), {}, [("sky/dr1", 2)]), "a revision that is gone"
    assert state.note_attempt((one.id, 1), {"generation": 3}, [("sky/dr1", 1)])
    with pytest.raises(UsageError) as caught:
        state.remove("sky/dr1", 1)
    assert caught.value.code == "publication.pinned"
    assert complete(one)
    assert state.remove("sky/dr1", 1).revision == 1


def test_lists_are_of_one_user_the_newest_first(database: str) -> None:
    made = []
    for _ in range(3):
        made.append(job(OTHERS, queue=False).id)
        time.sleep(0.002)
    job(Principal(user="third"))
    job()
    listed = [one.id for one in state.jobs_of("other", "tap")]
    assert listed == made[::-1]
    assert [one.id for one in state.jobs_of("other", last=1)] == made[2:]
    second = state.job(made[1]).created
    assert [one.id for one in state.jobs_of("other", after=second)] == made[2:]
    assert state.jobs_of("other", phases=["EXECUTING"]) == [] and state.jobs_of("other", "cutout") == []


def test_what_expired_is_found_and_deleted(database: str) -> None:
    old = job(destruction=datetime.now(UTC) - timedelta(seconds=1))
    kept = job()
    assert state.expired_jobs(10) == [old.id]
    state.delete_job(old.id)
    assert state.shown_attempts([old.id, kept.id]) == {kept.id: 0}
    with pytest.raises(NotFoundError):
        state.job(old.id)


def test_addresses_are_kept_as_digests(database: str) -> None:
    one, other = (state.account_of(ANONYMOUS, address) for address in ("10.0.0.1", "10.0.0.2"))
    assert one.startswith("anonymous:") and one != other and "10.0" not in one
