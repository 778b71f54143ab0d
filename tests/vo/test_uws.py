"""The job resources of TAP (UWS 1.1), without a worker: the test says what one would."""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from tests.support.centre import FakeCentre
from tests.support.server import serving
from tests.support.state import empty_state
from tests.support.web import Reply, fetch
from tianku.state import repositories as state
from tianku.state.repositories import JobRecord, JobResult

JOBS = "/vo/tap/async"
QUERY = {"LANG": "ADQL", "QUERY": "SELECT TOP 3 ra FROM sky_dr1.stars", "RUNID": "run <1>"}
UWS = {"u": "http://www.ivoa.net/xml/UWS/v1.0"}
NIL = "{http://www.w3.org/2001/XMLSchema-instance}nil"
HREF = "{http://www.w3.org/1999/xlink}href"
ROWS = b"ra\n1\n2\n3\n"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    root = tmp_path_factory.mktemp("uws")
    limits = {"jobs": {"most_seconds": 100, "most_days": 10, "user_store": "1kB", "active_each": 1000}}
    with empty_state(root), serving(FakeCentre(root, closed=True, site_more=limits)) as (base, _):
        state.create_user("ann")
        state.create_user("bob")
        yield base


@pytest.fixture(scope="module")
def token(site: str) -> Callable[[str], dict[str, str]]:
    made: dict[str, str] = {}

    def header(user: str) -> dict[str, str]:
        made.setdefault(user, state.create_token(user)[0])
        return {"Authorization": f"Bearer {made[user]}"}

    return header


def create(site: str, headers: dict[str, str] | None = None, **params: Any) -> str:
    """Create a job and return its path."""
    reply = fetch(site, JOBS, "POST", {**QUERY, **params}, headers)
    assert reply.status == 303 and reply.headers["location"].startswith(f"{site}{JOBS}/")
    return reply.headers["location"].removeprefix(site)


def document(reply: Reply) -> Any:
    assert reply.status == 200 and reply.headers["content-type"].startswith("text/xml"), reply.text
    assert reply.headers["cache-control"] == "private, no-store"
    return etree.fromstring(reply.body)


def text(site: str, path: str, name: str) -> str:
    found: str | None = document(fetch(site, path)).findtext(f"u:{name}", namespaces=UWS)
    return found or ""


def claimed(path: str) -> JobRecord:
    """Take the turn of the job at `path`, which is the only one waiting."""
    one = state.claim_job("test", 60, running=99, running_each=99)
    assert one is not None and one.id == path.rpartition("/")[2]
    return one


def done(root: Path, one: JobRecord) -> None:
    folder = root / "jobs" / one.id / "1"
    folder.mkdir(parents=True)
    (folder / "result.csv").write_bytes(ROWS)
    file = JobResult("result", f"jobs/{one.id}/1/result.csv", len(ROWS), "a" * 64, "text/csv", "result.csv")
    info = {"generation": 7, "versions": {"sky": "sky/dr1"}, "rows": 3, "overflow": True}
    assert state.complete_attempt(
        (one.id, one.attempt), [file], info, account=one.account, quota=10**9, store=10**9
    )


def test_a_new_job_says_all_that_the_schema_wants(site: str, invalid: Callable[[bytes], list[str]]) -> None:
    path = create(site)
    reply = fetch(site, path)
    assert invalid(reply.body) == []
    job = document(reply)
    names = [etree.QName(one).localname for one in job]
    assert names == [
        "jobId", "runId", "ownerId", "phase", "quote", "creationTime", "startTime", "endTime", "executionDuration",
        "destruction", "parameters", "results",
    ]  # fmt: skip
    assert job.get("version") == "1.1"
    nil = {etree.QName(one).localname for one in job if one.get(NIL) == "true"}
    assert nil == {"ownerId", "quote", "startTime", "endTime"}
    assert text(site, path, "runId") == "run <1>" and text(site, path, "phase") == "PENDING"
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", text(site, path, "creationTime"))
    parameters = {p.get("id"): p.text for p in job.iterfind(".//u:parameter", UWS)}
    assert parameters == {"LANG": "ADQL", "QUERY": QUERY["QUERY"]}
    parts = {name: fetch(site, f"{path}/{name}") for name in ("phase", "executionduration", "owner", "quote")}
    assert [one.text for one in parts.values()] == ["PENDING", "100", "", ""]
    for name in ("parameters", "results"):
        assert etree.QName(etree.fromstring(fetch(site, f"{path}/{name}").body)).localname == name
    assert fetch(site, f"{path}/nothing").status == fetch(site, f"{path}/error").status == 404


def test_a_job_from_start_to_result(site: str, invalid: Callable[[bytes], list[str]]) -> None:
    path = create(site)
    assert fetch(site, f"{path}/phase", "POST", {"PHASE": "RUN"}).headers["location"] == site + path
    assert fetch(site, f"{path}/phase").text == "QUEUED" and text(site, path, "quote") > text(
        site, path, "creationTime"
    )
    for name, value in (("PHASE", "RUN"), ("QUERY", "SELECT 2"), ("EXECUTIONDURATION", "5")):
        refused = fetch(site, path, "POST", {name: value})
        assert refused.status == 400 and "PENDING" in refused.text and "VOTABLE" in refused.text
    one = claimed(path)
    assert text(site, path, "phase") == "EXECUTING" and fetch(site, f"{path}/results/result").status == 404
    done(_root(site), one)
    reply = fetch(site, path)
    assert invalid(reply.body) == []
    job = document(reply)
    (result,) = job.iterfind(".//u:result", UWS)
    assert (result.get("id"), result.get("size"), result.get("mime-type")) == ("result", "9", "text/csv")
    assert result.get(HREF) == f"{site}{path}/results/result"
    assert "sky/dr1" in reply.text and 'overflow="true"' in reply.text
    whole = fetch(site, f"{path}/results/result")
    assert whole.body == ROWS and whole.headers["cache-control"] == "private, no-store"
    part = fetch(site, f"{path}/results/result", headers={"Range": "bytes=3-4"})
    assert (part.status, part.body, part.headers["content-range"]) == (206, b"1\n", "bytes 3-4/9")
    assert fetch(site, path, "DELETE").headers["location"] == site + JOBS
    assert fetch(site, path).status == 404 and not (_root(site) / "jobs" / one.id).exists()


def _root(site: str) -> Path:
    from django.db import connection

    return Path(connection.settings_dict["NAME"]).parent


def test_started_with_its_creation_and_ended_with_an_error(site: str) -> None:
    path = create(site, PHASE="RUN", QUERY="SELECT nothing FROM sky_dr1.stars")
    assert text(site, path, "phase") == "ERROR"
    summary = document(fetch(site, path)).find("u:errorSummary", UWS)
    assert (summary.get("type"), summary.get("hasDetail")) == ("fatal", "true")
    assert "no column" in summary.findtext("u:message", namespaces=UWS)
    error = fetch(site, f"{path}/error")
    assert error.status == 200 and 'value="ERROR"' in error.text and "no column" in error.text
    assert text(site, create(site, PHASE="RUN", LANG="OOBLECK"), "phase") == "ERROR"
    assert text(site, create(site, PHASE="RUN", QUERY="SELECT 1 FROM secret_dr1.stars"), "phase") == "ERROR"


def test_parameters_and_limits_before_the_start(site: str) -> None:
    path = create(site, EXECUTIONDURATION=7)
    assert fetch(site, f"{path}/executionduration").text == "7"
    fetch(site, path, "POST", {"query": "SELECT 2", "MAXREC": "5"})
    found = {p.get("id"): p.text for p in document(fetch(site, path)).iterfind(".//u:parameter", UWS)}
    assert found == {"LANG": "ADQL", "QUERY": "SELECT 2", "MAXREC": "5"}
    for asked, given in (("0", "100"), ("1000", "100"), ("9", "9")):
        assert fetch(site, f"{path}/executionduration", "POST", {"EXECUTIONDURATION": asked}).status == 303
        assert fetch(site, f"{path}/executionduration").text == given
    soon = (datetime.now(UTC) + timedelta(days=2)).replace(microsecond=0)
    fetch(site, f"{path}/destruction", "POST", {"DESTRUCTION": soon.isoformat().replace("+00:00", "")})
    assert fetch(site, f"{path}/destruction").text == soon.strftime("%Y-%m-%dT%H:%M:%S.000Z")
    fetch(site, f"{path}/destruction", "POST", {"DESTRUCTION": "2999-01-01T00:00:00Z"})
    latest = datetime.fromisoformat(fetch(site, f"{path}/destruction").text)
    assert abs(latest - datetime.now(UTC) - timedelta(days=10)) < timedelta(minutes=1)
    wrong: list[tuple[str, str, str]] = [
        ("", "PHASE", "GO"), ("", "ACTION", "KILL"), ("/destruction", "DESTRUCTION", "soon"),
        ("/executionduration", "EXECUTIONDURATION", "-1"),
    ]  # fmt: skip
    for part, name, value in wrong:
        assert fetch(site, path + part, "POST", {name: value}).status == 400
    assert fetch(site, f"{path}/quote", "POST", {"QUOTE": "x"}).status == 404
    assert fetch(site, path, "POST", {"ACTION": "DELETE"}).status == 303 and fetch(site, path).status == 404


def test_aborting_at_any_time(site: str) -> None:
    pending = create(site)
    fetch(site, f"{pending}/phase", "POST", {"PHASE": "ABORT"})
    assert text(site, pending, "phase") == "ABORTED"
    running = create(site, PHASE="RUN")
    one = claimed(running)
    fetch(site, f"{running}/phase", "POST", {"PHASE": "ABORT"})
    assert text(site, running, "phase") == "ABORTED" and state.attempts_of("test") == set()
    assert not state.give_back((one.id, one.attempt))
    assert fetch(site, f"{running}/phase", "POST", {"PHASE": "ABORT"}).status == 303


def test_waiting_ends_with_a_change_of_phase_or_with_time(site: str) -> None:
    path = create(site)
    began = time.monotonic()
    assert text(site, f"{path}?WAIT=1", "phase") == "PENDING" and 1 <= time.monotonic() - began < 3
    replies: list[Reply] = []
    waiting = [
        threading.Thread(target=lambda: replies.append(fetch(site, f"{path}?WAIT=-1&PHASE=PENDING")))
        for _ in range(20)
    ]
    for one in waiting:
        one.start()
    state.queue_job(path.rpartition("/")[2], {}, None)
    for one in waiting:
        one.join(5)
    assert len(replies) == 20 and all(b"QUEUED" in one.body for one in replies)
    began = time.monotonic()
    assert text(site, f"{path}?WAIT=30&PHASE=EXECUTING", "phase") == "QUEUED"
    state.abort_job(path.rpartition("/")[2])
    assert text(site, f"{path}?WAIT=30", "phase") == "ABORTED" and time.monotonic() - began < 3
    assert fetch(site, f"{path}?WAIT=x").status == 400


def test_jobs_of_somebody_are_theirs_and_jobs_of_nobody_are_not_listed(
    site: str, token: Callable[[str], dict[str, str]], invalid: Callable[[bytes], list[str]]
) -> None:
    ann, bob = token("ann"), token("bob")
    mine = [create(site, ann) for _ in range(3)]
    assert fetch(site, mine[0]).status == 401 and fetch(site, mine[0], headers=bob).status == 403
    assert fetch(site, mine[0], "DELETE", headers=bob).status == 403
    assert fetch(site, f"{mine[0]}/phase", "POST", {"PHASE": "ABORT"}).status == 401
    assert document(fetch(site, mine[0], headers=ann)).findtext("u:ownerId", namespaces=UWS) == "ann"
    create(site)
    assert list(document(fetch(site, JOBS))) == [] and list(document(fetch(site, JOBS, headers=bob))) == []
    reply = fetch(site, JOBS, headers=ann)
    assert invalid(reply.body) == []

    def listed(query: str) -> list[str]:
        return [one.get(HREF).removeprefix(site) for one in document(fetch(site, f"{JOBS}?{query}", headers=ann))]

    assert listed("") == mine[::-1] and listed("LAST=2") == mine[:0:-1]
    second = document(fetch(site, mine[1], headers=ann)).findtext("u:creationTime", namespaces=UWS)
    assert listed(f"AFTER={second}") == mine[2:]
    fetch(site, f"{mine[0]}/phase", "POST", {"PHASE": "ABORT"}, ann)
    assert listed("PHASE=ABORTED") == mine[:1] and listed("PHASE=ABORTED&PHASE=PENDING&LAST=9") == mine[::-1]
    assert listed("PHASE=ARCHIVED") == []
    for query in ("LAST=0", "PHASE=x", "AFTER=y"):
        assert fetch(site, f"{JOBS}?{query}", headers=ann).status == 400


def test_a_full_store_starts_nothing(site: str, token: Callable[[str], dict[str, str]]) -> None:
    bob = token("bob")
    first = create(site, bob, PHASE="RUN")
    one = claimed(first)
    file = JobResult("result", "jobs/none", 1000, "a" * 64, "text/csv", "result.csv")
    assert state.complete_attempt((one.id, 1), [file], {}, account=one.account, quota=1000, store=10**9)
    second = create(site, bob)
    refused = fetch(site, f"{second}/phase", "POST", {"PHASE": "RUN"}, bob)
    assert refused.status == 413 and "1" in refused.text
    assert fetch(site, f"{second}/phase", headers=bob).text == "PENDING"
    # a job that is refused as it is made is not there: its id was never told
    before = fetch(site, JOBS, headers=bob).text
    assert fetch(site, JOBS, "POST", {**QUERY, "PHASE": "RUN"}, bob).status == 413
    body = json.dumps({"arguments": {"adql": QUERY["QUERY"]}}).encode()
    headers = {**bob, "Content-Type": "application/json"}
    assert fetch(site, "/api/v1/jobs", "POST", body=body, headers=headers).status == 413
    assert fetch(site, JOBS, headers=bob).text == before
    fetch(site, first, "DELETE", headers=bob)
    assert fetch(site, f"{second}/phase", "POST", {"PHASE": "RUN"}, bob).status == 303
    fetch(site, second, "DELETE", headers=bob)


def test_unknown_jobs_and_results(site: str) -> None:
    for path in ("nothing", "0" * 32, "../x"):
        assert fetch(site, f"{JOBS}/{path}").status == 404
    assert fetch(site, f"{create(site)}/results/other").status == 404
