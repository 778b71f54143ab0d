"""The documents of UWS 1.1 (its schema, and section 2.2)."""

from __future__ import annotations

from collections.abc import Iterable

from tianku.state.repositories import JobRecord
from tianku.vo.xml import render


def job_document(job: JobRecord, address: str) -> bytes:
    """Return the whole description of a job that is at `address`."""
    return render("uws", "job.xml", job=job, address=address, alone=False)


def parameters_document(job: JobRecord) -> bytes:
    """Return the parameters alone."""
    return render("uws", "parameters.xml", job=job, alone=True)


def results_document(job: JobRecord, address: str) -> bytes:
    """Return the list of results alone."""
    return render("uws", "results.xml", job=job, address=address, alone=True)


def jobs_document(jobs: Iterable[JobRecord], address: str) -> bytes:
    """Return the list of the jobs of the service at `address`."""
    return render("uws", "jobs.xml", jobs=list(jobs), address=address)
