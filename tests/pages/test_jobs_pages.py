"""The pages of jobs: one's own in a list, one by its address, in both languages."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from tianku.model.access import ANONYMOUS, Principal
from tianku.model.errors import UsageError
from tianku.state import repositories as state
from tianku.state.repositories import JobResult
from tianku.usecases.jobs.service import stated

if TYPE_CHECKING:
    from django.test import Client

LI = Principal(user="li")


def job(who: Principal = ANONYMOUS) -> str:
    made = state.create_job(
        "tap", who, state.account_of(who, "10.0.0.1"), parameters=[("QUERY", "SELECT <1>")], base_url="http://here",
        duration=1, most_active=9, destruction=datetime(2100, 1, 1, tzinfo=UTC),
    )  # fmt: skip
    return made.id


@pytest.fixture
def known(client: Client) -> dict[str, Any]:
    state.create_user("li")
    return {"headers": {"authorization": f"Bearer {state.create_token('li')[0]}"}}


def test_visitors_see_jobs_whose_address_they_know(client: Client) -> None:
    one = job()
    body = client.get(f"/jobs/{one}").content.decode()
    assert "SELECT &lt;1&gt;" in body and f'data-job="{one}"' in body and "not started" in body
    assert one not in client.get("/jobs").content.decode()
    assert client.get(f"/jobs/{'0' * 32}").status_code == 404


def test_a_result_and_an_error_in_both_languages(client: Client) -> None:
    done, failed = job(), job()
    state.queue_job(done, {}, None)
    one = state.claim_job("w", 60, running=9, running_each=9)
    assert one is not None
    file = JobResult("result", "x", 2345, "0" * 64, "text/csv", "result.csv")
    info = {"rows": 12345, "overflow": True, "versions": {"sky": "sky/dr1"}}
    assert state.complete_attempt((done, 1), [file], info, account=one.account, quota=10**6, store=10**6)
    state.refuse_job(failed, stated(UsageError("query.cancelled", "The query was cancelled.")))
    english, chinese = (client.get(f"{root}/jobs/{done}").content.decode() for root in ("", "/zh"))
    assert f"/api/v1/jobs/{done}/results/result" in english and "12,345 rows" in english and "2.35 kB" in english
    assert "MAXREC" in english and "sky/dr1" in english and "12,345 行" in chinese and "已完成" in chinese
    assert "The query was cancelled." in client.get(f"/jobs/{failed}").content.decode()
    assert "查询已取消" in client.get(f"/zh/jobs/{failed}").content.decode()


def test_the_list_is_of_whoever_is_known(client: Client, known: dict[str, Any]) -> None:
    mine = job(LI)
    assert client.get(f"/jobs/{mine}").status_code == 401
    reply = client.get("/jobs", **known)
    assert f"/jobs/{mine}" in reply.content.decode() and "no-store" in reply["Cache-Control"]
    assert client.get(f"/jobs/{mine}", **known).status_code == 200
