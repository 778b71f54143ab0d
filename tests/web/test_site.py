"""The whole server over a real installation: pages, tokens, policy changes, crowds at the login form."""

from __future__ import annotations

import re
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests

from tests.support.installation import DATASET, small_installation
from tests.support.server import serving
from tests.support.web import fetch
from tianku.model.access import Level, Rule
from tianku.state import repositories as state
from tianku.usecases.publish import publish, withdraw

TAP = "/vo/tap/sync?LANG=ADQL&FORMAT=csv&QUERY=SELECT+COUNT(*)+AS+n+FROM+sim_dr1.catalogue"


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("site")


@pytest.fixture(scope="module")
def address(root: Path) -> Iterator[str]:
    with small_installation(root) as centre:
        from tianku.pages.source import CentreSource
        from tianku.pages.wsgi import application_for

        with serving(centre, application_for(CentreSource(centre))) as (base, _):
            yield base


@pytest.mark.parametrize(
    "path", ["/", "/zh/", "/data/", f"/data/{DATASET}/", "/search", "/sql", "/account/login/"]
)
def test_pages_are_served_with_their_language_and_policy(address: str, path: str) -> None:
    reply = fetch(address, path)
    assert reply.status == 200 and reply.headers["content-type"].startswith("text/html")
    assert f'lang="{"zh" if path.startswith("/zh") else "en"}"' in reply.text
    assert (
        "script-src" in reply.headers["content-security-policy"]
        or "default-src" in reply.headers["content-security-policy"]
    )


def bearer(name: str, *groups: str, operator: bool = False) -> dict[str, str]:
    """Make an account and return the header of a token of it."""
    with state.session():
        state.create_user(name, operator=operator, groups=groups)
        return {"Authorization": f"Bearer {state.create_token(name)[0]}"}


def eventually(address: str, status: int, headers: dict[str, str] | None = None) -> bool:
    """Whether the query is answered with `status` within two seconds."""
    deadline = time.monotonic() + 2
    while fetch(address, TAP, headers=headers).status != status:
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def test_a_token_makes_a_principal_and_a_wrong_one_is_refused(address: str) -> None:
    mine = bearer("ada")
    for path in (TAP, "/api/v1/datasets", "/vo/tap/tables?detail=min"):
        assert fetch(address, path, headers=mine).status == 200, path
        wrong = fetch(address, path, headers={"Authorization": "Bearer nonsense"})
        assert wrong.status == 401 and wrong.headers["www-authenticate"].startswith("Bearer"), path


def test_the_plain_form_of_a_list_works_for_who_is_logged_in(address: str) -> None:
    with state.session():
        state.create_user("lin", password="between stars 9")
    browser = requests.Session()
    origin = {"Origin": address}

    def hidden(path: str, action: str) -> dict[str, str]:
        page = browser.get(address + path).text
        form = re.search(rf'<form[^>]*action="{re.escape(action)}".*?</form>', page, re.S)
        assert form is not None, path
        return dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', form[0]))

    fields = hidden("/account/login/", "/account/login/") | {"login": "lin", "password": "between stars 9"}
    assert browser.post(f"{address}/account/login/", fields, headers=origin).status_code == 200
    action = f"/api/v1/datasets/{DATASET}/tables/catalogue/positions"
    given = {"positions": "10 20", "format": "csv", "limit": "5", "unmatched": "true"}
    sent = {**given, **hidden(f"/data/{DATASET}/tables/catalogue/query", action)}
    reply = browser.post(address + action, sent, headers=origin)
    assert (reply.status_code, reply.text.count("\n")) == (200, 2), reply.text
    assert browser.post(address + action, given, headers=origin).status_code == 403
    wrong = {**sent, "csrf_token": "0" * 64}
    assert browser.post(address + action, wrong, headers=origin).status_code == 403


def test_a_change_of_policy_is_seen_by_each_as_it_concerns_them(address: str) -> None:
    member, outsider, boss = bearer("mei", "sim"), bearer("otto"), bearer("bo", operator=True)
    closed = {level: frozenset({"group:sim"}) for level in (Level.METADATA, Level.DATA)}
    with state.session():
        state.set_policy(DATASET, Rule(who={Level.EXISTENCE: frozenset({"public"}), **closed}))
    try:
        assert eventually(address, 401)
        for headers, status in ((member, 200), (outsider, 403), (boss, 200)):
            reply = fetch(address, TAP, headers=headers)
            assert reply.status == status and reply.headers["cache-control"] == "private, no-store"
            assert "Authorization" in reply.headers["vary"]
        assert fetch(address, "/metrics", headers=outsider | {"X-Forwarded-For": "1.2.3.4"}).status == 403
        assert fetch(address, "/metrics", headers=boss | {"X-Forwarded-For": "1.2.3.4"}).status == 200
    finally:
        with state.session():
            state.set_policy(DATASET, None)
    assert eventually(address, 200)


def test_withdrawing_and_publishing_are_seen_within_two_seconds(address: str, root: Path) -> None:
    assert fetch(address, TAP).status == 200
    withdraw(root, DATASET)
    assert eventually(address, 400)
    publish(root, DATASET)
    assert eventually(address, 200)


def test_the_login_page_answers_whatever_others_do(address: str) -> None:
    host, port = urlsplit(address).netloc.split(":")
    form = b"Host: x\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 500\r\n\r\nlogin="
    with ExitStack() as stack:
        for i in range(96):
            target = (b"POST /account/login/", b"POST /vo/tap/sync", b"GET /data/")[i % 3]
            connection = stack.enter_context(socket.create_connection((host, int(port))))
            connection.sendall(target + b" HTTP/1.1\r\n" + form)
        began = time.monotonic()
        assert fetch(address, "/account/login/").status == 200
        assert time.monotonic() - began < 3
