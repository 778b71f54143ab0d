"""Credentials make a principal; their absence costs nothing."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.state import empty_state
from tianku.http import identity
from tianku.http.identity import identify
from tianku.model.access import ANONYMOUS
from tianku.model.errors import AuthError, CredentialsError
from tianku.state import repositories as state

if TYPE_CHECKING:
    from django.test import Client

PASSWORD = "correct horse battery"


@pytest.fixture
def browser(tmp_path: Path) -> Iterator[Client]:
    """A browser logged in as `li`."""
    with empty_state(tmp_path):
        from django.test import Client

        state.create_user("li", password=PASSWORD, groups=["lamost"])
        browser = Client()
        assert browser.login(username="li", password=PASSWORD)
        yield browser


def _cookie(browser: Client) -> dict[str, str]:
    value = browser.cookies[identity.SESSION_COOKIE].value
    return {"host": "vault.org", "cookie": f"a=b; {identity.SESSION_COOKIE}={value}; c"}


def _basic(name: str, secret: str) -> dict[str, str]:
    return {"authorization": "Basic " + base64.b64encode(f"{name}:{secret}".encode()).decode()}


def test_nothing_makes_the_anonymous_principal_without_a_query(browser: Client) -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    with CaptureQueriesContext(connection) as queries:
        assert identify({"host": "vault.org", "cookie": "theme=dark"}) is ANONYMOUS
    assert queries.captured_queries == []


def test_a_token_works_as_bearer_basic_password_and_parameter(browser: Client) -> None:
    secret, _ = state.create_token("li", scopes=["query"])
    for headers, token, method in (
        ({"authorization": f"Bearer {secret}"}, None, "bearer"),
        ({"authorization": f"bearer  {secret} "}, None, "bearer"),
        (_basic("li", secret), None, "basic"),
        (_basic("token", secret), None, "basic"),
        (_basic("", secret), None, "basic"),
        ({}, secret, "bearer"),
    ):
        found = identify(headers, "POST", token=token, csrf=True)
        assert (found.user, found.groups, found.scopes, found.method) == ("li", {"lamost"}, {"query"}, method)


def test_wrong_credentials_are_refused_not_ignored(browser: Client) -> None:
    secret, _ = state.create_token("li")
    for headers in (
        {"authorization": "Bearer nothing"},
        {"authorization": "Bearer"},
        _basic("li", PASSWORD),
        _basic("wang", secret),
        {"authorization": "Basic not-base64!"},
        {"authorization": "Negotiate abc"},
    ):
        with pytest.raises(CredentialsError) as caught:
            identify(headers)
        assert caught.value.status == 401
        assert secret not in str(caught.value)


@given(st.text(max_size=60))
def test_no_authorization_header_is_a_fault_of_ours(value: str) -> None:
    with pytest.raises(CredentialsError):
        identity._from_authorization("Basic " + base64.b64encode(value.encode()).decode()[:-1] + "\x00")


def test_a_session_acts_until_logout(browser: Client) -> None:
    headers = _cookie(browser)
    assert identify(headers).user == "li"
    assert identify(headers).method == "session"
    browser.logout()
    state.forget_principals()
    assert identify(headers) is ANONYMOUS


def test_a_changed_password_or_a_disabled_user_ends_sessions(browser: Client) -> None:
    headers = _cookie(browser)
    state.set_active("li", False)
    assert identify(headers) is ANONYMOUS
    state.set_active("li", True)
    assert identify(headers).user == "li"
    state.set_password("li", "another long password")
    assert identify(headers) is ANONYMOUS


def test_principals_are_remembered_for_less_than_a_second() -> None:
    from tianku.state import accounts

    assert accounts.REMEMBERED < 1.0


@pytest.mark.parametrize(
    ("source", "user"),
    [
        ({"origin": "https://vault.org"}, "li"),
        ({"origin": "http://vault.org:80"}, "li"),
        ({"referer": "https://vault.org/sql?x=1"}, "li"),
        ({"origin": "https://public.example"}, "li"),
        ({"origin": "https://evil.org"}, None),
        ({"origin": "https://vault.org.evil.org"}, None),
        ({"origin": "http://vault.org:8080"}, None),
        ({"origin": "http://vault.org:port"}, None),
        ({"origin": "null", "referer": "https://vault.org/"}, None),
        ({"referer": "https://evil.org/?vault.org"}, None),
        ({}, None),
    ],
)
def test_a_cookie_counts_on_unsafe_methods_from_our_pages_only(
    browser: Client, source: dict[str, str], user: str | None
) -> None:
    headers = {**_cookie(browser), **source}
    assert identify(headers, "GET").user == "li"
    assert identify(headers, "POST", origins=frozenset({"public.example"})).user == user


def test_the_api_wants_the_sessions_csrf_token_too(browser: Client) -> None:
    headers = {**_cookie(browser), "origin": "https://vault.org"}
    key = identity.session_key(headers)
    assert key is not None
    with pytest.raises(AuthError, match="X-CSRF-Token") as caught:
        identify(headers, "POST", csrf=True)
    assert caught.value.status == 403
    with pytest.raises(AuthError):
        identify({**headers, "x-csrf-token": state.csrf_token("another session")}, "POST", csrf=True)
    assert identify({**headers, "x-csrf-token": state.csrf_token(key)}, "POST", csrf=True).user == "li"
    assert identify(headers, "GET", csrf=True).user == "li"


def test_an_invented_session_is_nobody(browser: Client) -> None:
    assert identify({"cookie": f"{identity.SESSION_COOKIE}=invented"}) is ANONYMOUS
    assert identify({"cookie": f"{identity.SESSION_COOKIE}="}) is ANONYMOUS
    assert identify({"cookie": f'{identity.SESSION_COOKIE}="; bad[]=1'}) is ANONYMOUS
