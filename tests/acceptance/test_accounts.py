"""Sessions and tokens on two workers: what makes a principal, and what ends one within a second."""

from __future__ import annotations

import base64
import re
import time
from collections.abc import Iterator
from itertools import count

import pytest

from tests.acceptance.conftest import Site
from tests.support.archive import CLOSED, GROUP, state_of
from tests.support.forms import Browser
from tests.support.serving import wait_until
from tests.support.slow import tap
from tianku.state import repositories as state
from tianku.usecases.accounts import disable_user, revoke_token

PASSWORD, NEW = "a first long pass phrase", "a second long pass phrase"
ROWS = tap("SELECT COUNT(*) AS n FROM secret_dr1.stars")
ENDS_SECONDS = 1.0
_numbers = count()


@pytest.fixture
def person(two_workers: Site) -> str:
    """A member of the group who is nobody else's."""
    name = f"person{next(_numbers)}"
    hasher = ["django.contrib.auth.hashers.PBKDF2PasswordHasher"]
    with state_of(two_workers.archive):
        from django.test import override_settings

        with override_settings(PASSWORD_HASHERS=hasher):
            state.create_user(name, password=PASSWORD, groups=(GROUP,))
    return name


@pytest.fixture
def browser(two_workers: Site, person: str) -> Iterator[Browser]:
    """Their browser, logged in."""
    made = Browser(two_workers.address)
    made.log_in(person, PASSWORD)
    yield made
    made.close()


def answers(site: Site, headers: dict[str, str]) -> list[int]:
    """What each worker answers to a query of closed rows."""
    return [worker.get(ROWS, headers).status for worker in site.served.workers]


def session(browser: Browser) -> dict[str, str]:
    return {"Cookie": f"tianku_session={browser.cookies['tianku_session']}"}


def ends(site: Site, headers: dict[str, str], status: int = 401) -> bool:
    """Whether both workers refuse within a second from now."""
    began = time.monotonic()
    every = [status] * len(site.served.workers)
    return wait_until(lambda: answers(site, headers) == every, ENDS_SECONDS - (time.monotonic() - began))


def basic(name: str, secret: str) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"{name}:{secret}".encode()).decode()}


def test_a_session_and_its_end_hold_on_both_workers(two_workers: Site, browser: Browser) -> None:
    mine = session(browser)
    assert answers(two_workers, mine) == [200, 200]
    assert browser.submit("/account/", "/account/logout/").status == 302
    assert ends(two_workers, mine)


def test_a_changed_password_ends_other_sessions_and_keeps_this_one(
    two_workers: Site, browser: Browser, person: str
) -> None:
    other = Browser(two_workers.address)
    other.log_in(person, PASSWORD)
    before = session(other)
    assert answers(two_workers, before) == [200, 200]
    page = "/account/password/change/"
    said = {"oldpassword": PASSWORD, "password1": NEW, "password2": NEW}
    assert browser.submit(page, page, **said).status == 302
    assert ends(two_workers, before)
    assert answers(two_workers, session(browser)) == [200, 200]
    assert other.get("/account/").status == 302
    assert other.submit("/account/login/", "/account/login/", login=person, password=PASSWORD).status == 200
    other.log_in(person, NEW)
    other.close()


def test_a_disabled_account_ends_with_its_sessions_and_tokens(
    two_workers: Site, browser: Browser, person: str
) -> None:
    with state_of(two_workers.archive):
        secret, _ = state.create_token(person)
    ways = [session(browser), {"Authorization": f"Bearer {secret}"}, basic(person, secret), basic("token", secret)]
    assert [answers(two_workers, way) for way in ways] == [[200, 200]] * 4
    disable_user(two_workers.archive.root, person)
    assert all(ends(two_workers, way) for way in ways)
    assert browser.get("/account/").status == 302


def test_a_token_made_and_revoked_on_the_account_page(two_workers: Site, browser: Browser, person: str) -> None:
    made = browser.submit("/account/", "/account/tokens/", label="script", days="30")
    secret = re.search(r"<code>(tianku_[\w-]+)</code>", made.text)
    assert secret is not None and "no-store" in made.headers["cache-control"]
    mine = {"Authorization": f"Bearer {secret[1]}"}
    assert answers(two_workers, mine) == [200, 200]
    with state_of(two_workers.archive):
        (record,) = state.tokens(person)
    assert browser.submit("/account/", f"/account/tokens/{record.id}/revoke").status == 302
    assert ends(two_workers, mine)


def test_a_token_revoked_from_the_command_line(two_workers: Site, person: str) -> None:
    with state_of(two_workers.archive):
        secret, record = state.create_token(person)
    assert answers(two_workers, basic(person, secret)) == [200, 200]
    revoke_token(two_workers.archive.root, person, record.id)
    assert ends(two_workers, basic(person, secret))


def test_who_leaves_the_group_is_an_outsider(two_workers: Site, browser: Browser, person: str) -> None:
    assert answers(two_workers, session(browser)) == [200, 200]
    with state_of(two_workers.archive):
        state.remove_member(GROUP, person)
    assert ends(two_workers, session(browser), 403)
    assert CLOSED in browser.get("/data/").text


@pytest.mark.parametrize(
    "headers",
    [
        {"Authorization": "Bearer tianku_nonsense"},
        {"Authorization": "Basic !!!"},
        {"Authorization": "Digest a=b"},
        basic("member", "member has a long pass phrase"),
        basic("outsider", "tianku_nonsense"),
    ],
)
def test_wrong_credentials_are_refused_even_for_what_is_public(two_workers: Site, headers: dict[str, str]) -> None:
    for worker in two_workers.served.workers:
        for path in ("/vo/tap/tables?detail=min", "/api/v1/datasets", "/data/"):
            reply = worker.get(path, headers)
            assert (reply.status, reply.headers["www-authenticate"][:6]) == (401, "Bearer"), path


def test_a_session_counts_on_an_unsafe_method_from_our_own_pages_only(two_workers: Site, browser: Browser) -> None:
    body = '{"adql": "SELECT COUNT(*) AS n FROM secret_dr1.stars"}'
    assert browser.request("POST", "/api/v1/query", body).status == 403  # without the page's token
    cookie = browser.cookies.pop("tianku_session")
    assert browser.request("POST", "/api/v1/query", body).status == 401
    browser.cookies["tianku_session"] = cookie
    origin, browser.address = browser.address, "http://elsewhere.example"
    form = ROWS.partition("?")[2]
    assert browser.request("POST", "/vo/tap/sync", form).status == 401
    browser.address = origin
    assert browser.request("POST", "/vo/tap/sync", form).status == 200
