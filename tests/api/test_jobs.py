"""Jobs through the JSON API, and their pages."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.centre import FakeCentre
from tests.support.server import serving
from tests.support.state import empty_state
from tests.support.web import Reply, fetch
from tianku.state import repositories as state

ADQL = "SELECT TOP 3 ra FROM sky_dr1.stars"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    root = tmp_path_factory.mktemp("jobs")
    with empty_state(root), serving(FakeCentre(root)) as (base, _):
        state.create_user("ann")
        yield base


def post(site: str, path: str, body: Any, headers: dict[str, str] | None = None) -> Reply:
    sent = {"Content-Type": "application/json"} | (headers or {})
    return fetch(site, path, "POST", headers=sent, body=json.dumps(body).encode())


def multipart(
    site: str, path: str, asked: Any, files: dict[str, bytes], headers: dict[str, str] | None = None
) -> Reply:
    parts = [b'--e\r\nContent-Disposition: form-data; name="request"\r\n\r\n%b' % json.dumps(asked).encode()]
    for name, content in files.items():
        head = f'--e\r\nContent-Disposition: form-data; name="{name}"; filename="x"\r\n\r\n'
        parts.append(head.encode() + content)
    sent = {"Content-Type": "multipart/form-data; boundary=e"} | (headers or {})
    return fetch(site, path, "POST", headers=sent, body=b"\r\n".join([*parts, b"--e--\r\n"]))


def test_a_job_is_started_followed_stopped_and_forgotten(site: str) -> None:
    reply = post(
        site, "/api/v1/jobs", {"arguments": {"adql": ADQL, "format": "csv", "maxrec": 2}, "run_id": "mine"}
    )
    made = reply.json
    assert (reply.status, made["phase"], made["kind"], made["run_id"]) == (200, "QUEUED", "tap", "mine")
    words = {"LANG": "ADQL", "QUERY": ADQL, "RESPONSEFORMAT": "csv", "MAXREC": "2"}
    assert made["parameters"] == words and made["page"] == f"{site}/jobs/{made['id']}"
    path = f"/api/v1/jobs/{made['id']}"
    assert fetch(site, f"{path}?wait=20&phase=PENDING").json["phase"] == "QUEUED"
    assert f"<uws:jobId>{made['id']}" in fetch(site, f"/vo/tap/async/{made['id']}").text
    assert post(site, f"{path}/abort", {}).json["phase"] == "ABORTED"
    assert fetch(site, path, "DELETE").status == 204 and fetch(site, path).status == 404


def test_what_cannot_run_says_why(site: str) -> None:
    failed = post(site, "/api/v1/jobs", {"arguments": {"adql": "SELECT nothing FROM sky_dr1.stars"}}).json
    assert failed["phase"] == "ERROR" and failed["error"]["code"] == "adql.unknown_column"
    wrong: list[tuple[Any, str]] = [
        ({"arguments": {"adql": ""}}, "job.arguments"), ({"arguments": {"adql": ADQL, "x": 1}}, "job.arguments"),
        ({"kind": "no", "arguments": {}}, "job.kind"), ({}, "api.body"),
    ]  # fmt: skip
    for body, code in wrong:
        reply = post(site, "/api/v1/jobs", body)
        assert (reply.status, reply.json["error"]["code"]) == (400, code)


def test_lists_are_of_those_who_are_known(site: str) -> None:
    ann = {"Authorization": f"Bearer {state.create_token('ann')[0]}"}
    mine = post(site, "/api/v1/jobs", {"arguments": {"adql": ADQL}}, ann).json
    assert mine["owner"] == "ann" and fetch(site, f"/api/v1/jobs/{mine['id']}").status == 401
    assert [one["id"] for one in fetch(site, "/api/v1/jobs?phase=queued&last=5", headers=ann).json["jobs"]] == [
        mine["id"]
    ]
    assert fetch(site, "/api/v1/jobs").json == {"jobs": []}


def test_a_match_with_the_table_that_was_sent(site: str) -> None:
    asked = {"right": {"table": "sky_dr1.stars", "columns": ["mag"]}, "radius": 3, "format": "csv"}
    made = multipart(site, "/api/v1/crossmatch/jobs", asked, {"left": b"ra,dec\n1,2\n"}).json
    assert (made["kind"], made["phase"]) == ("crossmatch", "QUEUED")
    assert made["parameters"] == {
        "left.file": "…", "right.table": "sky_dr1.stars", "right.columns": "mag", "radius": "3.0", "format": "csv",
    }  # fmt: skip
    again = asked | {"left": {"upload": made["id"]}}
    assert post(site, "/api/v1/jobs", {"kind": "crossmatch", "arguments": again}).json["phase"] == "QUEUED"
    assert post(site, "/api/v1/crossmatch", again).text.splitlines() == ["ra,dec,mag,separation,position_angle"]
    path = f"/api/v1/jobs/{made['id']}"
    assert fetch(site, path, "DELETE").status == 204
    assert post(site, "/api/v1/crossmatch", again).json["error"]["code"] == "job.unknown"
    none = asked | {"left": {"job": "0" * 32}}
    assert post(site, "/api/v1/crossmatch/jobs", none).json["error"]["code"] == "job.unknown"


def test_files_and_results_of_others_cannot_be_matched(site: str) -> None:
    ann = {"Authorization": f"Bearer {state.create_token('ann')[0]}"}
    asked = {"right": {"table": "sky_dr1.stars"}, "radius": 3, "format": "csv"}
    hers = multipart(site, "/api/v1/crossmatch/jobs", asked, {"left": b"ra,dec\n1,2\n"}, ann).json
    for way in ("upload", "job"):
        reply = post(site, "/api/v1/crossmatch", asked | {"left": {way: hers["id"]}})
        assert (reply.status, reply.json["error"]["code"]) == (401, "job.closed")
    assert post(site, "/api/v1/crossmatch", asked | {"left": {"upload": hers["id"]}}, ann).status == 200
