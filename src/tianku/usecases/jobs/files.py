"""The folder of jobs: ``jobs/<id>/<attempt>/``, each written by one attempt alone."""

from __future__ import annotations

import hashlib
import shutil
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import BinaryIO

from tianku.model.errors import LimitError
from tianku.state.repositories import JobRecord, JobResult
from tianku.storage.failpoints import failpoint
from tianku.storage.files import atomic_write
from tianku.usecases.jobs.operation import ResultFile

#: seconds for which a folder that no job has may be that of a job just created or deleted
YOUNG_SECONDS = 60.0


def jobs_root(data_root: Path) -> Path:
    """Return the folder of all jobs."""
    return data_root / "jobs"


def attempt_folder(data_root: Path, job_id: str, attempt: int) -> Path:
    """Return the folder of one attempt at a job."""
    return jobs_root(data_root) / job_id / str(attempt)


def upload_path(data_root: Path, job_id: str, name: str) -> Path:
    """Return where a file that was sent with a job is kept, which is gone with the job."""
    return jobs_root(data_root) / job_id / "uploads" / name


def keep_upload(data_root: Path, job_id: str, name: str, stream: BinaryIO) -> None:
    """Keep a file that was sent with a job."""
    path = upload_path(data_root, job_id, name)
    path.parent.mkdir(parents=True, exist_ok=True)
    with atomic_write(path) as file:
        shutil.copyfileobj(stream, file, 1 << 20)


def write_result(
    path: Path, pieces: Iterable[bytes], most_bytes: int, *, result: str, media_type: str
) -> ResultFile:
    """Write a result, durable once it is there.

    Raises
    ------
    LimitError
        ``job.result_too_large``
    """
    digest, size = hashlib.sha256(), 0
    with atomic_write(path) as file:
        for piece in pieces:
            size += len(piece)
            if size > most_bytes:
                raise too_large(most_bytes)
            digest.update(piece)
            file.write(piece)
            failpoint("jobs.mid_result")
    failpoint("jobs.after_result")
    return ResultFile(result, path.name, size, digest.hexdigest(), media_type)


def too_large(most_bytes: int) -> LimitError:
    """Return the error of a result for which there is no room in the job store."""
    return LimitError(
        "job.result_too_large",
        "The result is larger than the {most} MB left of your job store; delete old jobs, or ask for less.",
        most=most_bytes // 1_000_000,
    )


def as_results(data_root: Path, folder: Path, files: Sequence[ResultFile]) -> list[JobResult]:
    """Return the files of an attempt as the job lists them."""
    place = folder.relative_to(data_root)
    return [
        JobResult(one.id, str(place / one.name), one.size, one.sha256, one.media_type, one.name) for one in files
    ]


def remove_job(data_root: Path, job: JobRecord | str) -> None:
    """Delete all files of a job."""
    job_id = job if isinstance(job, str) else job.id
    shutil.rmtree(jobs_root(data_root) / job_id, ignore_errors=True)


def remove_others(attempt: Path) -> None:
    """Delete the folders of a job's other attempts."""
    for other in attempt.parent.iterdir():
        if other.name != attempt.name and other.name.isdigit():
            shutil.rmtree(other, ignore_errors=True)


def sweep(data_root: Path, newest: Callable[[Sequence[str]], Mapping[str, int]]) -> int:
    """Delete the folders of jobs that are gone and of attempts that were overtaken; return how many."""
    old = stale(data_root, newest)
    for one in old:
        shutil.rmtree(one, ignore_errors=True)
    return len(old)


def stale(data_root: Path, newest: Callable[[Sequence[str]], Mapping[str, int]]) -> list[Path]:
    """Return the folders of jobs that are gone and of attempts that were overtaken.

    `newest` says the newest attempt of each of the jobs that exist. A young folder stays: its job
    may be newer than the answer.
    """
    root = jobs_root(data_root)
    if not root.is_dir():
        return []
    folders = [folder for folder in root.iterdir() if folder.is_dir()]
    attempts = [(folder, one) for folder in folders for one in folder.iterdir()]
    shown = newest([folder.name for folder in folders])
    found = [folder for folder in folders if folder.name not in shown]
    found += [one for folder, one in attempts if one.name.isdigit() and int(one.name) < shown.get(folder.name, 0)]
    return [one for one in found if _age(one) > YOUNG_SECONDS]


def _age(folder: Path) -> float:
    try:
        return time.time() - folder.stat().st_mtime
    except FileNotFoundError:
        return 0.0
