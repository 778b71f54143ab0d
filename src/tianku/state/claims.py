"""Jobs as workers see them: turns, leases, and changes that only the newest attempt can make.

An attempt is a pair (job, number of its claim). Every change a worker makes names it and the phase
EXECUTING, in one conditional UPDATE: who lost the lease, or whose job was aborted, changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import timedelta
from functools import cache
from typing import Any

from django.db import connection, transaction
from django.db.models import Count, F, Max, Min, Q
from django.db.models.functions import Now
from django.utils import timezone

from tianku.state.jobs import job_use, record, take_turn
from tianku.state.lazy import LazyModule
from tianku.state.records import JobRecord, JobResult

models = LazyModule("tianku.state.models")

#: attempts of one job that may end without a word, their process killed or their machine gone
MOST_LOSSES = 3
Attempt = tuple[str, int]

LOST = {
    "code": "job.lost",
    "kind": "fatal",
    "message": f"The job was killed {MOST_LOSSES} times, for want of memory or with its machine; ask for less.",
    "params": {"count": MOST_LOSSES},
}


def _waiting() -> Q:
    # leases are compared by the database's clock: those of several machines differ
    return Q(phase="QUEUED") | Q(phase="EXECUTING", lease__lt=Now())


def jobs_waiting() -> bool:
    """Whether a claim may find something; one look that locks nothing, and that is taken many times a second."""
    with connection.cursor() as cursor:
        cursor.execute(*_look(connection.vendor))
        return cursor.fetchone() is not None


@cache
def _look(vendor: str) -> tuple[str, tuple[Any, ...]]:
    """Return the statement of `jobs_waiting`: to have it made each time costs ten times its running."""
    sql, parameters = models.Job.objects.filter(_waiting()).values_list("id")[:1].query.sql_with_params()
    return sql, tuple(parameters)


def claim_job(worker: str, lease_seconds: float, *, running: int, running_each: int) -> JobRecord | None:
    """Take the next job's turn: EXECUTING, with a new attempt number, until the lease ends.

    Accounts take turns: the one with fewest jobs running is next, then the one served longest
    ago; within an account the oldest job. A job whose lease ended (its worker died) is waiting again.

    Parameters
    ----------
    running, running_each
        Jobs that may run at a time on all workers together, of all accounts and of each.
    """
    with transaction.atomic():
        take_turn()
        _give_up()
        busy = _running()
        if sum(busy.values()) >= running:
            return None
        account = _next_account(busy, running_each)
        if account is None:
            return None
        row = (
            models.Job.objects.select_related("owner")
            .filter(_waiting(), account=account)
            .order_by("queued", "id")[0]
        )
        row.attempt += 1
        row.losses += row.phase == "EXECUTING"
        row.phase = "EXECUTING"
        row.started = timezone.now()
        row.worker = worker
        row.lease = Now() + timedelta(seconds=lease_seconds)
        row.save(update_fields=["attempt", "losses", "phase", "started", "worker", "lease"])
        models.JobPin.objects.filter(job_id=row.id).delete()
    return record(row)


def _give_up() -> None:
    tried = models.Job.objects.filter(phase="EXECUTING", lease__lt=Now(), losses__gte=MOST_LOSSES - 1)
    for job_id, attempt in tried.values_list("id", "attempt"):
        fail_attempt((job_id, attempt), LOST)


def _running() -> dict[str, int]:
    rows = models.Job.objects.filter(phase="EXECUTING", lease__gte=Now()).order_by()
    return dict(rows.values_list("account").annotate(Count("id")))


def _next_account(busy: Mapping[str, int], running_each: int) -> str | None:
    rows = models.Job.objects.filter(_waiting()).order_by().values_list("account").annotate(Min("queued"))
    oldest = {account: queued for account, queued in rows if busy.get(account, 0) < running_each}
    if not oldest:
        return None
    rows = models.Job.objects.filter(account__in=list(oldest)).order_by()
    served = dict(rows.values_list("account").annotate(Max("started")))

    def turn(account: str) -> tuple[int, float, Any]:
        last = served.get(account)
        return busy.get(account, 0), last.timestamp() if last else 0.0, oldest[account]

    return min(oldest, key=turn)


def renew_leases(worker: str, lease_seconds: float) -> None:
    """Prolong all leases of a worker, in one statement."""
    rows = models.Job.objects.filter(phase="EXECUTING", worker=worker)
    rows.update(lease=Now() + timedelta(seconds=lease_seconds))


def attempts_of(worker: str) -> set[Attempt]:
    """Return the attempts that are still this worker's to make."""
    return set(models.Job.objects.filter(phase="EXECUTING", worker=worker).values_list("id", "attempt"))


def note_attempt(attempt: Attempt, info: Mapping[str, Any], snapshots: Iterable[tuple[str, int]]) -> bool:
    """Note what an attempt reads, and pin its snapshots; False when it is not current or one is gone."""
    pairs = set(snapshots)
    with transaction.atomic():
        wanted = Q(pk__in=[])
        for dataset, revision in pairs:
            wanted |= Q(dataset=dataset, revision=revision)
        found = list(models.Publication.objects.select_for_update().filter(wanted).values_list("pk", flat=True))
        if len(found) < len(pairs) or not _mine(attempt).update(info=dict(info)):
            return False
        pins = [models.JobPin(job_id=attempt[0], publication_id=pk) for pk in found]
        models.JobPin.objects.bulk_create(pins, ignore_conflicts=True)
    return True


def complete_attempt(
    attempt: Attempt,
    results: Sequence[JobResult],
    info: Mapping[str, Any],
    *,
    account: str,
    quota: int,
    store: int,
) -> bool:
    """Show the results of an attempt; False when it is not the current one any more.

    Raises
    ------
    OverflowError
        The results do not fit into the account's `quota` or the `store` of all, in bytes.
    """
    size = sum(one.size for one in results)
    with transaction.atomic():
        take_turn()
        if job_use(account).bytes + size > quota or job_use().bytes + size > store:
            raise OverflowError
        values = {"results": [asdict(one) for one in results], "result_bytes": size, "info": dict(info)}
        return _end(attempt, phase="COMPLETED", **values)


def fail_attempt(attempt: Attempt, error: Mapping[str, Any], *, aborted: bool = False) -> bool:
    """End the job of an attempt in phase ERROR, or ABORTED; False when it is not the current one any more."""
    with transaction.atomic():
        return _end(attempt, phase="ABORTED" if aborted else "ERROR", error=dict(error))


def give_back(attempt: Attempt, *, blameless: bool = False) -> bool:
    """Let the job of an attempt wait again; a `blameless` one was stopped by us and does not count as lost.

    Returns False when the job was lost too often and has ended, or is not the attempt's any more.
    """
    with transaction.atomic():
        mine = _mine(attempt)
        if not blameless and mine.filter(losses__gte=MOST_LOSSES - 1).exists():
            _end(attempt, phase="ERROR", error=LOST)
            return False
        losses = F("losses") + (0 if blameless else 1)
        changed = mine.update(phase="QUEUED", lease=None, worker="", losses=losses)
        if changed:
            models.JobPin.objects.filter(job_id=attempt[0]).delete()
    return bool(changed)


def expired_jobs(most: int) -> list[str]:
    """Return jobs whose time of destruction has come."""
    rows = models.Job.objects.filter(destruction__lt=timezone.now()).order_by("destruction")
    return list(rows.values_list("id", flat=True)[:most])


def shown_attempts(ids: Sequence[str]) -> dict[str, int]:
    """Return the newest attempt of each of the jobs that exist."""
    return dict(models.Job.objects.filter(pk__in=list(ids)).values_list("id", "attempt"))


def _mine(attempt: Attempt) -> Any:
    job_id, number = attempt
    return models.Job.objects.filter(pk=job_id, phase="EXECUTING", attempt=number)


def _end(attempt: Attempt, **values: Any) -> bool:
    changed = _mine(attempt).update(ended=timezone.now(), lease=None, **values)
    if changed:
        models.JobPin.objects.filter(job_id=attempt[0]).delete()
    return bool(changed)
