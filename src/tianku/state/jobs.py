"""Jobs as their owners see and change them; what workers do to them is in `claims`."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, cast

from django.db import transaction
from django.db.models import Count, F, Max, Q, Sum
from django.utils import timezone
from django.utils.crypto import salted_hmac

from tianku.model.access import Principal
from tianku.model.errors import NotFoundError, UsageError
from tianku.state.lazy import LazyModule
from tianku.state.records import FINAL, JobPhase, JobRecord, JobResult, JobUse

models = LazyModule("tianku.state.models")

_UNFINISHED = ("PENDING", "QUEUED", "EXECUTING")
#: identifiers in one statement; SQLite takes 999 and more
_MOST_NAMED = 500


def account_of(principal: Principal, address: str) -> str:
    """Return whose quotas count: the user's, or those of whoever asks from `address` (kept as a keyed digest)."""
    if principal.user is not None:
        return f"user:{principal.user}"
    return "anonymous:" + str(salted_hmac("tianku.state.jobs", address, algorithm="sha256").hexdigest()[:32])


def create_job(
    kind: str,
    principal: Principal,
    account: str,
    *,
    parameters: Sequence[tuple[str, str]],
    base_url: str,
    duration: int,
    destruction: datetime,
    most_active: int,
) -> JobRecord:
    """Store a job in phase PENDING; its id is 128 random bits.

    Raises
    ------
    UsageError
        ``job.too_many``: the account has `most_active` jobs that have not ended.
    """
    with transaction.atomic():
        take_turn()
        active = models.Job.objects.filter(account=account, phase__in=_UNFINISHED).count()
        if active >= most_active:
            raise UsageError(
                "job.too_many",
                "You have {count} jobs that have not ended, and may have {most}; wait for one, or delete one.",
                count=active,
                most=most_active,
            )
        owner = models.User.objects.get(username=principal.user) if principal.user is not None else None
        row = models.Job.objects.create(
            id=secrets.token_hex(16),
            kind=kind,
            owner=owner,
            account=account,
            parameters=[list(pair) for pair in parameters],
            base_url=base_url,
            created=_now(),
            destruction=destruction,
            duration=duration,
        )
    return record(row)


def take_turn() -> None:
    """Wait for every other transaction that decides by counting jobs (SQLite has one writer anyhow)."""
    models.JobTurn.objects.filter(pk=1).update(claims=F("claims") + 1)


def job(job_id: str) -> JobRecord:
    """Return a job, or raise `NotFoundError` ``job.unknown``."""
    row = models.Job.objects.select_related("owner").filter(pk=job_id).first()
    if row is None:
        raise unknown(job_id)
    return record(row)


def jobs_of(
    user: str,
    kind: str | None = None,
    *,
    phases: Iterable[str] = (),
    after: datetime | None = None,
    last: int | None = None,
) -> list[JobRecord]:
    """Return the jobs of a user, the newest first; `last` of them at most."""
    rows = models.Job.objects.select_related("owner").filter(owner__username=user)
    wanted = list(phases)
    if kind is not None:
        rows = rows.filter(kind=kind)
    if wanted:
        rows = rows.filter(phase__in=wanted)
    if after is not None:
        rows = rows.filter(created__gt=after)
    rows = rows.order_by("-created", "-id")
    return [record(row) for row in (rows if last is None else rows[:last])]


def job_phases(ids: Sequence[str]) -> dict[str, JobPhase]:
    """Return the phase of each of the jobs that exist."""
    found: dict[str, JobPhase] = {}
    for begin in range(0, len(ids), _MOST_NAMED):
        rows = models.Job.objects.filter(pk__in=ids[begin : begin + _MOST_NAMED])
        found.update(rows.values_list("id", "phase"))
    return found


def job_counts() -> dict[str, int]:
    """Return the number of jobs in each phase that a job is in."""
    rows = models.Job.objects.order_by().values_list("phase").annotate(Count("id"))
    return dict(rows)


def job_use(account: str | None = None) -> JobUse:
    """Return what an account has in the job store, or all accounts together."""
    rows = models.Job.objects.all() if account is None else models.Job.objects.filter(account=account)
    found = rows.aggregate(bytes=Sum("result_bytes"), active=Count("id", filter=Q(phase__in=_UNFINISHED)))
    return JobUse(int(found["active"]), int(found["bytes"] or 0))


def last_quote() -> tuple[int, datetime | None]:
    """Return the number of jobs that wait or run, and the latest time at which one of them may be done."""
    rows = models.Job.objects.filter(phase__in=("QUEUED", "EXECUTING"))
    found = rows.aggregate(count=Count("id"), last=Max("quote"))
    return int(found["count"]), found["last"]


def set_job_parameters(job_id: str, parameters: Sequence[tuple[str, str]]) -> None:
    """Replace the parameters of a job that is PENDING."""
    _change_pending(job_id, parameters=[list(pair) for pair in parameters])


def set_job_run_id(job_id: str, run_id: str) -> None:
    """Set what the creator of a job that is PENDING calls it."""
    _change_pending(job_id, run_id=run_id)


def set_job_duration(job_id: str, seconds: int) -> None:
    """Set how long a job that is PENDING may run."""
    _change_pending(job_id, duration=seconds)


def set_job_destruction(job_id: str, instant: datetime) -> None:
    """Set when a job is to be destroyed, whatever its phase."""
    if not models.Job.objects.filter(pk=job_id).update(destruction=instant):
        raise unknown(job_id)


def queue_job(job_id: str, arguments: Mapping[str, Any], quote: datetime | None) -> None:
    """Hand a job that is PENDING to the workers."""
    _change_pending(job_id, phase="QUEUED", queued=timezone.now(), arguments=dict(arguments), quote=quote)


def refuse_job(job_id: str, error: Mapping[str, Any]) -> None:
    """End a job that is PENDING in phase ERROR: what it asks for cannot be run."""
    _change_pending(job_id, phase="ERROR", ended=timezone.now(), error=dict(error))


def abort_job(job_id: str) -> None:
    """End a job that has not ended in phase ABORTED; whatever runs for it is behind the fence from now on."""
    rows = models.Job.objects.filter(pk=job_id, phase__in=_UNFINISHED)
    with transaction.atomic():
        changed = rows.update(phase="ABORTED", ended=timezone.now(), lease=None)
        models.JobPin.objects.filter(job_id=job_id, job__phase__in=list(FINAL)).delete()
    if not changed:
        job(job_id)  # it has ended: nothing to do; or there is none


def delete_job(job_id: str) -> None:
    """Forget a job; its files are the caller's to delete."""
    if not models.Job.objects.filter(pk=job_id).delete()[0]:
        raise unknown(job_id)


def unknown(job_id: str) -> NotFoundError:
    """Return the error of a job that does not exist, or not for the one who asks."""
    return NotFoundError("job.unknown", "There is no job {id}; it may have been destroyed.", id=job_id[:40])


def not_pending(phase: str) -> UsageError:
    """Return the error of a job that is to be changed or started too late."""
    return UsageError(
        "job.not_pending",
        "The job is {phase}: only a PENDING job can be changed or started. Create a new one.",
        phase=phase,
    )


def _now() -> datetime:
    """Return the time as exactly as protocols tell it, so that a filter by what was told leaves its job out."""
    now = timezone.now()
    return now.replace(microsecond=now.microsecond // 1000 * 1000)


def _change_pending(job_id: str, **values: Any) -> None:
    if not models.Job.objects.filter(pk=job_id, phase="PENDING").update(**values):
        raise not_pending(job(job_id).phase)


def record(row: Any) -> JobRecord:
    """Return what a row says."""
    return JobRecord(
        id=row.id,
        kind=row.kind,
        owner=row.owner.username if row.owner is not None else None,
        account=row.account,
        run_id=row.run_id,
        phase=cast(JobPhase, str(row.phase)),
        parameters=tuple((name, value) for name, value in row.parameters),
        arguments=row.arguments,
        base_url=row.base_url,
        created=row.created,
        queued=row.queued,
        started=row.started,
        ended=row.ended,
        destruction=row.destruction,
        quote=row.quote,
        duration=row.duration,
        attempt=row.attempt,
        results=tuple(JobResult(**one) for one in row.results),
        error=row.error,
        info=row.info,
    )
