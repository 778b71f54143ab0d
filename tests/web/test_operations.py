"""Health, security headers, CORS, static files and the way down."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.support.asgi import get
from tests.support.centre import FakeCentre
from tests.support.server import serving
from tests.support.state import empty_state
from tests.support.web import fetch
from tianku.model.access import ANONYMOUS
from tianku.state import repositories as state
from tianku.web.app import create_app


def test_health(address: str) -> None:
    assert fetch(address, "/healthz").text == "ok\n" and fetch(address, "/readyz").status == 200
    assert "Disallow: /vo/" in fetch(address, "/robots.txt").text


def test_every_answer_has_security_headers(address: str) -> None:
    for path in ("/healthz", "/vo/tap/availability", "/api/v1/datasets", "/nothing", "/vo/nothing"):
        headers = fetch(address, path).headers
        assert headers["x-content-type-options"] == "nosniff" and headers["x-frame-options"] == "SAMEORIGIN"
        assert headers["server"] == "Tianku"


@pytest.mark.parametrize(
    ("path", "allowed"),
    [
        ("/vo/tap/sync", True),
        ("/api/v1/datasets", True),
        ("/download/a/b/c", True),
        ("/account", False),
        ("/healthz", False),
    ],
)
def test_other_origins_may_read_services_only(address: str, path: str, allowed: bool) -> None:
    answer = fetch(address, path, headers={"Origin": "https://else.where", "Cookie": "x=y"})
    assert answer.headers.get("access-control-allow-origin") == ("*" if allowed else None)
    assert "access-control-allow-credentials" not in answer.headers
    asked = {"Origin": "https://else.where", "Access-Control-Request-Method": "POST"}
    preflight = fetch(address, path, "OPTIONS", headers=asked)
    assert (preflight.status == 204) is allowed
    if path.startswith("/api"):
        assert "POST" not in preflight.headers["access-control-allow-methods"]


def test_metrics_count_jobs_by_phase(tmp_path: Path) -> None:
    with empty_state(tmp_path):
        app = create_app(FakeCentre(tmp_path), cores=1)  # type: ignore[arg-type]
        account = state.account_of(ANONYMOUS, "10.0.0.1")
        state.create_job(
            "tap", ANONYMOUS, account, parameters=[], base_url="http://here", duration=1, most_active=9,
            destruction=datetime.now(UTC),
        )  # fmt: skip
        text = get(app, "/metrics").body.decode()
    counts = dict(re.findall(r'^tianku_jobs\{phase="(\w+)"\} (\d+)$', text, re.M))
    assert counts["PENDING"] == "1" and counts["EXECUTING"] == "0" and len(counts) == 6


def test_metrics_are_not_for_strangers(tmp_path: Path) -> None:
    app = create_app(FakeCentre(tmp_path), cores=1)  # type: ignore[arg-type]
    assert get(app, "/metrics").status == 200
    assert get(app, "/metrics", client="192.0.2.1").status == 401
    assert get(app, "/metrics", headers={"x-forwarded-for": "192.0.2.1"}).status == 401


def test_hashed_files_are_kept_for_ever(address: str) -> None:
    import json

    from tianku.web.static import FOLDER

    manifest = FOLDER / "manifest.json"
    if not manifest.is_file():
        pytest.skip("front end not built: run `make assets`")
    hashed = json.loads(manifest.read_text())["site.css"]
    assert "immutable" in fetch(address, f"/static/{hashed}").headers["cache-control"]
    assert "immutable" not in fetch(address, "/static/manifest.json").headers["cache-control"]
    assert fetch(address, "/static/../app.py").status == 404


def test_a_stopping_server_is_not_ready_and_refuses_new_queries(tmp_path: Path) -> None:
    with serving(FakeCentre(tmp_path)) as (address, application):
        application.context.gate.close()
        ready = fetch(address, "/readyz")
        assert ready.status == 503 and ready.headers["retry-after"]
        for path in ("/vo/tap/sync?LANG=ADQL&QUERY=x", "/vo/sky/dr1/stars/scs?RA=1&DEC=1&SR=1", "/download/a/b/c"):
            refused = fetch(address, path)
            assert refused.status == 503 and refused.headers["retry-after"] == "30", path
        assert "<vosi:available>false" in fetch(address, "/vo/tap/availability").text


def test_stopping_closes_the_centre_and_its_threads(tmp_path: Path) -> None:
    import threading

    before = set(threading.enumerate())
    centre = FakeCentre(tmp_path)
    with serving(centre) as (address, _):
        assert fetch(address, "/vo/sky/dr1/stars/scs?RA=10&DEC=20&SR=1").status == 200
    left = [t for t in set(threading.enumerate()) - before if t.is_alive() and "tianku" in t.name]
    for thread in left:
        thread.join(2)
    assert not [t for t in left if t.is_alive()]
    assert not list((tmp_path / "tmp").iterdir())


def test_pools_at_rest_have_nothing_pending(address: str) -> None:
    pending = re.findall(r'^tianku_pool_pending\{.*pool="(\w+)"\} (-?\d+)$', fetch(address, "/metrics").text, re.M)
    assert {name: int(value) for name, value in pending} == dict.fromkeys(
        ("engine", "long", "files", "state", "closing"), 0
    )
