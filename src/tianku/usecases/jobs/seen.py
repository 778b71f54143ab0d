"""Whose jobs are whose: the policy of jobs and of their results."""

from __future__ import annotations

from pathlib import Path

from tianku.model.access import Principal
from tianku.model.errors import AuthError, NotFoundError
from tianku.state import repositories
from tianku.state.repositories import JobRecord, JobResult
from tianku.usecases.products import FileToSend


def visible(principal: Principal, job_id: str, kind: str | None = None) -> JobRecord:
    """Return a job that `principal` may see and change.

    A job of nobody is that of everybody who knows its id; one of a user is hers, and the operators'.

    Raises
    ------
    NotFoundError
        ``job.unknown``
    AuthError
        ``job.closed``
    """
    job = repositories.job(job_id)
    if kind is not None and job.kind != kind:
        raise NotFoundError("job.unknown", "There is no job {id}; it may have been destroyed.", id=job_id[:40])
    if job.owner is not None and job.owner != principal.user and not principal.operator:
        raise AuthError(
            "job.closed", "Job {id} belongs to somebody else, or you have to log in.", id=job_id,
            login=principal.anonymous,
        )  # fmt: skip
    return job


def result_file(data_root: Path, job: JobRecord, result: str) -> FileToSend:
    """Return a result as a file, or raise `NotFoundError` ``job.no_result``."""
    found: JobResult | None = next((one for one in job.results if one.id == result), None)
    if found is None or job.ended is None:
        raise NotFoundError(
            "job.no_result",
            "Job {id} ({phase}) has no result {result}.",
            id=job.id,
            phase=job.phase,
            result=result[:40],
        )
    return FileToSend(
        path=data_root / found.path,
        size=found.size,
        mtime=job.ended.timestamp(),
        sha256=found.sha256,
        media_type=found.media_type,
        filename=found.filename,
        public=False,
    )
