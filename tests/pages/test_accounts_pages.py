"""Logging in, tokens and passwords, as a browser does them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tianku.state import repositories as state

if TYPE_CHECKING:
    from django.test import Client

    from tests.pages.fake import FakeSource

PASSWORD = "correct horse battery"


@pytest.fixture
def browser(source: FakeSource) -> Client:
    """A browser that sends what its forms hold, as real ones do."""
    from django.core.cache import cache
    from django.test import Client

    cache.clear()
    state.create_user("li", email="li@example.org", password=PASSWORD, display_name="Li", groups=["lamost"])
    return Client(enforce_csrf_checks=True, headers={"origin": "http://testserver"})


def _post(browser: Client, page: str, path: str, **fields: str):
    body = browser.get(page).content.decode()
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', body)[1]
    return browser.post(path, {"csrfmiddlewaretoken": token, **fields})


def _log_in(browser: Client, password: str = PASSWORD, login: str = "li"):
    return _post(browser, "/account/login/", "/account/login/", login=login, password=password)


def test_name_or_address_and_password_log_in(browser: Client) -> None:
    for login in ("li", "li@example.org"):
        response = _log_in(browser, login=login)
        assert (response.status_code, response["Location"]) == (302, "/account/")
        body = browser.get("/zh/account/").content.decode()
        assert "lamost" in body
        assert "令牌" in body
        _post(browser, "/account/", "/account/logout/")
        assert browser.get("/account/").status_code == 302


def test_a_wrong_password_says_so_and_repeating_it_is_slowed(browser: Client) -> None:
    response = _log_in(browser, "wrong password")
    assert response.status_code == 200
    assert "notice--error" in response.content.decode()
    statuses = [_log_in(browser, "wrong password") for _ in range(8)]
    assert any("Too many" in answer.content.decode() or answer.status_code == 429 for answer in statuses)


def test_the_editors_own_login_forms_lead_to_the_guarded_one(browser: Client) -> None:
    for path in ("/admin/cms/login/", "/docs/_util/login/", "/zh/docs/_util/login/"):
        response = browser.get(path, {"next": "/admin/cms/"})
        assert response.status_code == 302
        assert response["Location"].removeprefix("/zh") == "/account/login/?next=%2Fadmin%2Fcms%2F"
        assert browser.post(path, {"username": "li", "password": PASSWORD}).status_code in (403, 405)
    for path in ("/admin/cms/password_reset/", "/admin/cms/password_reset/confirm/1/1/"):
        assert browser.get(path).status_code == 404
    _log_in(browser)
    answers = browser.get("/admin/cms/", follow=True)
    assert [status for _, status in answers.redirect_chain] == [302]
    assert answers.status_code == 403


def test_pages_of_an_account_are_kept_by_no_cache(browser: Client) -> None:
    _log_in(browser)
    for path in ("/account/", "/account/email/", "/account/password/change/", "/account/reauthenticate/"):
        response = browser.get(path)
        assert (response.status_code, "no-store" in response["Cache-Control"]) == (200, True), path
        assert "private" in response["Cache-Control"]


def test_forms_without_their_token_are_refused(browser: Client) -> None:
    response = browser.post("/account/login/", {"login": "li", "password": PASSWORD})
    assert response.status_code == 403
    assert "The form has expired" in response.content.decode()


def test_registering_is_closed_unless_configured(browser: Client) -> None:
    assert "account/signup" not in browser.get("/account/login/").content.decode()
    body = browser.get("/account/signup/").content.decode()
    assert 'name="password1"' not in body


def test_a_token_is_shown_once_and_can_be_revoked(browser: Client) -> None:
    _log_in(browser)
    made = _post(browser, "/account/", "/account/tokens/", label="laptop", days="30")
    secret = re.search(r"<code>(tianku_[\w-]+)</code>", made.content.decode())[1]
    assert "no-store" in made["Cache-Control"]
    assert secret not in browser.get("/account/").content.decode()
    principal = state.principal_for_token(secret)
    assert principal is not None
    assert principal.user == "li"
    [record] = state.tokens("li")
    assert record.label == "laptop"
    assert record.expires is not None
    assert _post(browser, "/account/", f"/account/tokens/{record.id}/revoke").status_code == 302
    assert state.principal_for_token(secret) is None
    assert _post(browser, "/account/", f"/account/tokens/{record.id}/revoke").status_code == 404


def test_the_name_shown_changes(browser: Client) -> None:
    _log_in(browser)
    assert _post(browser, "/account/", "/account/", display_name="Li Ang").status_code == 302
    assert state.user("li").display_name == "Li Ang"


def test_pages_of_a_session_carry_its_csrf_token_for_the_api(browser: Client) -> None:
    assert '"csrf"' not in browser.get("/").content.decode()
    _log_in(browser)
    response = browser.get("/")
    key = browser.cookies[state.SESSION_COOKIE].value
    assert f'"csrf": "{state.csrf_token(key)}"' in response.content.decode()
    assert response["Cache-Control"] == "private, no-store"
    assert {"Authorization", "Cookie"} <= {name.strip() for name in response["Vary"].split(",")}


def test_a_password_is_changed_and_reset_by_mail(browser: Client) -> None:
    from django.core import mail

    _log_in(browser)
    changed = _post(
        browser,
        "/account/password/change/",
        "/account/password/change/",
        oldpassword=PASSWORD,
        password1="another long password",
        password2="another long password",
    )
    assert changed.status_code == 302
    assert state.authenticate("li", "another long password") is not None
    _post(browser, "/account/", "/account/logout/")
    _post(browser, "/account/password/reset/", "/account/password/reset/", email="li@example.org")
    assert "http://testserver/account/password/reset/key/" in mail.outbox[0].body


@pytest.mark.parametrize("path", ["/account/password/change/", "/account/email/", "/account/logout/"])
def test_the_account_pages_look_like_the_rest(browser: Client, path: str) -> None:
    _log_in(browser)
    for prefix in ("", "/zh"):
        body = browser.get(prefix + path).content.decode()
        assert 'class="site-header"' in body
        assert 'class="button' in body.partition("<main")[2]


def test_operators_edit_documents_with_drafts(browser: Client) -> None:
    from tianku.pages.models import DocumentPage

    _log_in(browser)
    assert browser.get("/admin/cms/").status_code == 302
    state.set_operator("li", True)
    editor = browser.get("/admin/cms/")
    assert editor.status_code == 200
    root = DocumentPage.objects.get(locale__language_code="en")
    assert browser.get(f"/admin/cms/pages/{root.pk}/edit/").status_code == 200
    page = root.add_child(instance=DocumentPage(title="First light", slug="first-light", live=False))
    page.save_revision()
    assert browser.get("/docs/first-light/").status_code == 404
    page.get_latest_revision().publish()
    assert "First light" in browser.get("/docs/first-light/").content.decode()
    assert "First light" in browser.get("/docs/").content.decode()
    page.title = "First light again"
    page.save_revision()
    assert page.revisions.count() == 2
    assert "again" not in browser.get("/docs/first-light/").content.decode()
