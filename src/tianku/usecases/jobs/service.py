"""What owners do with their jobs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from tianku.model.access import Principal
from tianku.model.config.site import Jobs
from tianku.model.errors import (
    FatalError,
    LimitError,
    TiankuError,
    UsageError,
    public_message,
)
from tianku.model.sizes import parse_bytes
from tianku.state import repositories
from tianku.state.repositories import JobRecord
from tianku.storage.failpoints import failpoint
from tianku.storage.files import require_room
from tianku.usecases.jobs.files import remove_job
from tianku.usecases.jobs.operation import Desk
from tianku.usecases.jobs.registry import any_operation, operation
from tianku.usecases.jobs.seen import result_file as result_file
from tianku.usecases.jobs.seen import visible as visible

#: characters of all parameters of a job together
MOST_PARAMETERS = 1 << 20
MOST_RUN_ID = 100


def create(
    desk: Desk,
    kind: str,
    principal: Principal,
    address: str,
    *,
    parameters: Sequence[tuple[str, str]],
    base_url: str,
) -> JobRecord:
    """Make a job of `principal`, PENDING; `address` is where an anonymous one asks from.

    Raises
    ------
    UsageError
        ``job.too_many``, ``job.parameters``.
    TransientError
        ``storage.full``
    """
    limits = desk.site.jobs
    operation(kind)
    _check_size(parameters)
    require_room(desk.data_root)
    job = repositories.create_job(
        kind,
        principal,
        repositories.account_of(principal, address),
        parameters=parameters,
        base_url=base_url,
        duration=min(limits.default_seconds, limits.most_seconds),
        destruction=datetime.now(UTC) + timedelta(days=min(limits.default_days, limits.most_days)),
        most_active=limits.active_each,
    )
    failpoint("jobs.created")
    return job


def _check_size(parameters: Sequence[tuple[str, str]]) -> None:
    if sum(len(name) + len(value) for name, value in parameters) > MOST_PARAMETERS:
        raise LimitError(
            "job.parameters", "The parameters of a job may have {most} characters together.", most=MOST_PARAMETERS
        )


def mine(
    principal: Principal,
    kind: str | None = None,
    *,
    phases: Sequence[str] = (),
    after: datetime | None = None,
    last: int | None = None,
) -> list[JobRecord]:
    """Return the jobs of a user, the newest first; nobody in particular has none that could be listed."""
    if principal.user is None:
        return []
    return repositories.jobs_of(principal.user, kind, phases=phases, after=after, last=last)


def set_parameters(job: JobRecord, parameters: Sequence[tuple[str, str]]) -> None:
    """Set parameters of a PENDING job: each name given replaces the values it had."""
    named = {name.upper() for name, _ in parameters}
    kept = [pair for pair in job.parameters if pair[0].upper() not in named]
    _check_size([*kept, *parameters])
    repositories.set_job_parameters(job.id, [*kept, *parameters])


def set_run_id(job: JobRecord, run_id: str) -> None:
    """Set what the creator of a PENDING job calls it."""
    repositories.set_job_run_id(job.id, run_id[:MOST_RUN_ID])


def set_duration(limits: Jobs, job: JobRecord, seconds: int) -> None:
    """Set how long a PENDING job may run; 0, and what is beyond the limit, mean the limit (UWS 1.1, 2.2.3.4)."""
    repositories.set_job_duration(job.id, min(seconds or limits.most_seconds, limits.most_seconds))


def set_destruction(limits: Jobs, job: JobRecord, instant: datetime) -> None:
    """Set when a job is destroyed, within the limit."""
    latest = datetime.now(UTC) + timedelta(days=limits.most_days)
    repositories.set_job_destruction(job.id, min(instant, latest))


def start(desk: Desk, job: JobRecord, principal: Principal, arguments: Callable[[], Mapping[str, Any]]) -> None:
    """Hand a PENDING job to the workers; what cannot be run ends in phase ERROR at once.

    `arguments` makes the operation's arguments from the job's parameters, as its protocol does.
    `principal` is only asked for what may be known already: the job runs as its owner.

    Raises
    ------
    UsageError
        ``job.not_pending``
    LimitError
        ``job.quota``: old results fill the account's store.
    TransientError
        ``storage.full``
    """
    if job.phase != "PENDING":
        raise repositories.not_pending(job.phase)
    require_room(desk.data_root)
    check_quota(desk.site.jobs, job.account)
    kind = operation(job.kind)
    try:
        checked = checked_arguments(job.kind, arguments())
        prepared = kind.prepare(desk, principal, checked, job.base_url)
    except UsageError as error:
        repositories.refuse_job(job.id, stated(error))
        return
    quote = _quote(desk.site.jobs, prepared.seconds)
    repositories.queue_job(job.id, checked.model_dump(mode="json"), quote)
    failpoint("jobs.queued")


@contextmanager
def forgotten_unless_done(data_root: Path, job: JobRecord) -> Iterator[None]:
    """Forget a job just made when what is done with it at once fails: nobody has been told its id."""
    try:
        yield
    except BaseException:
        delete(data_root, job)
        raise


def checked_arguments(kind: str, arguments: Mapping[str, Any]) -> Any:
    """Return the arguments as the operation's model, or raise `UsageError` ``job.arguments``."""
    try:
        return any_operation(kind).arguments.model_validate(dict(arguments))
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise UsageError("job.arguments", "{where}: {reason}", where=where, reason=first["msg"]) from None


def _quote(limits: Jobs, seconds: float) -> datetime:
    """Return when a job that is queued now may be done: after those before it when all places are taken."""
    now = datetime.now(UTC)
    count, last = repositories.last_quote()
    begin = max(now, last) if last is not None and count >= limits.running else now
    return begin + timedelta(seconds=seconds)


def check_quota(limits: Jobs, account: str) -> int:
    """Return the bytes of results that an account may still have.

    Raises
    ------
    LimitError
        ``job.quota``: none.
    """
    quota = quota_of(limits, account)
    left = min(
        quota - repositories.job_use(account).bytes, parse_bytes(limits.store) - repositories.job_use().bytes
    )
    if left <= 0:
        raise LimitError(
            "job.quota",
            "The results of your jobs fill the {quota} MB you may have, or the store is full; delete old jobs.",
            quota=quota // 1_000_000,
        )
    return left


def quota_of(limits: Jobs, account: str) -> int:
    """Return the bytes of results that an account may have."""
    return parse_bytes(limits.anonymous_store if account.startswith("anonymous:") else limits.user_store)


def abort(job: JobRecord) -> None:
    """Stop a job, or keep it from starting; one that has ended stays as it is."""
    repositories.abort_job(job.id)


def delete(data_root: Path, job: JobRecord) -> None:
    """Forget a job and its results; what runs for it is stopped by its worker."""
    repositories.delete_job(job.id)
    failpoint("jobs.deleted")
    remove_job(data_root, job)


def stated(error: TiankuError) -> dict[str, Any]:
    """Return an error as a job keeps it."""
    params = {"incident": error.incident} if isinstance(error, FatalError) else error.params
    return {
        "code": error.code,
        "kind": error.kind,
        "message": public_message(error),
        "params": {
            name: value if isinstance(value, int | float | bool) else str(value) for name, value in params.items()
        },
    }
