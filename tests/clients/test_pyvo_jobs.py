"""pyVO's asynchronous TAP against a server and the worker it starts."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
import pyvo

QUERY = "SELECT hip, hpmag FROM hipparcos.main WHERE hpmag < 1 ORDER BY hpmag"


@pytest.fixture
def service(demo_site: str) -> pyvo.dal.TAPService:
    return pyvo.dal.TAPService(f"{demo_site}/vo/tap")


def test_run_async_gives_what_run_sync_gives(service: pyvo.dal.TAPService) -> None:
    quick, slow = service.run_sync(QUERY), service.run_async(QUERY)
    assert len(slow) > 5 and list(slow["hip"]) == list(quick["hip"]) and slow["hip"][0] == 32349


def test_a_job_step_by_step(service: pyvo.dal.TAPService) -> None:
    job = service.submit_job(QUERY, maxrec=3)
    assert (job.phase, job.execution_duration.sec, job.owner) == ("PENDING", 3600, None)
    job.execution_duration = 50
    until = datetime.now() + timedelta(days=1)
    job.destruction = until
    assert job.execution_duration.sec == 50 and abs(job.destruction.datetime - until) < timedelta(seconds=2)
    job.run().wait(timeout=30)
    job.raise_if_error()
    assert job.phase == "COMPLETED" and job.result_uri.endswith("/results/result")
    found = job.fetch_result()
    assert len(found) == 3 and found.status[0] == "OVERFLOW"
    job.delete()
    with pytest.raises(pyvo.dal.DALServiceError):
        job.phase  # noqa: B018 - asks the server


def test_errors_are_those_of_the_query(service: pyvo.dal.TAPService) -> None:
    with pytest.raises(pyvo.dal.DALQueryError, match="no column `nothing`"):
        service.run_async("SELECT nothing FROM hipparcos.main")


def test_jobs_of_nobody_are_not_listed(service: pyvo.dal.TAPService) -> None:
    service.submit_job(QUERY)
    assert service.get_job_list(last=5) == []
