"""Who a password, a session or a token stands for, and until when."""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tianku.model.errors import NotFoundError, UsageError
from tianku.state import repositories as state

PASSWORD = "correct horse battery"


def test_passwords_are_checked_and_disabled_users_cannot_log_in(root: Path) -> None:
    created = state.create_user("li", email="li@Example.org", password=PASSWORD, groups=["lamost"])
    assert state.authenticate("li", PASSWORD) == created
    assert created.groups == {"lamost"}
    assert created.email == "li@example.org"
    assert state.authenticate("li", "wrong") is None
    assert state.authenticate("nobody", PASSWORD) is None
    state.set_active("li", False)
    assert state.authenticate("li", PASSWORD) is None


@pytest.mark.parametrize(
    ("username", "password", "reason"),
    [("li ang", PASSWORD, "valid username"), ("li", "12345", "too short"), ("li", "12345678901", "numeric")],
)
def test_bad_names_and_passwords_say_why(root: Path, username: str, password: str, reason: str) -> None:
    with pytest.raises(UsageError, match=reason) as caught:
        state.create_user(username, password=password)
    assert caught.value.code == "user.invalid"
    assert state.users() == []


def test_a_name_is_taken_once(root: Path) -> None:
    state.create_user("li")
    with pytest.raises(UsageError) as caught:
        state.create_user("li")
    assert caught.value.code == "user.exists"


def test_memberships_show_in_the_principal(root: Path) -> None:
    number = state.create_user("li", operator=True).id
    state.add_member("lamost", "li")
    principal = state.principal_for_user(number)
    assert principal is not None
    assert (principal.user, principal.groups, principal.operator) == ("li", {"lamost"}, True)
    assert state.groups()["lamost"] == {"li"}
    state.remove_member("lamost", "li")
    state.set_operator("li", False)
    principal = state.principal_for_user(number)
    assert principal is not None
    assert (principal.groups, principal.operator) == (frozenset(), False)


def test_tokens_are_kept_as_hashes_and_carry_scopes(root: Path) -> None:
    state.create_user("li")
    secret, record = state.create_token("li", scopes=["query"], label="laptop")
    assert state.tokens("li") == [record]
    principal = state.principal_for_token(secret, "basic")
    assert principal is not None
    assert (principal.user, principal.scopes, principal.method) == ("li", {"query"}, "basic")
    everything = "\n".join(sqlite3.connect(root / "state.sqlite3").iterdump())
    assert record.label in everything
    assert secret not in everything
    assert secret.removeprefix("tianku_") not in everything


def test_tokens_end_by_expiry_revocation_or_disabled_owner(root: Path) -> None:
    state.create_user("li")
    past = datetime.now(UTC) - timedelta(seconds=1)
    expired, _ = state.create_token("li", expires=past)
    assert state.principal_for_token(expired) is None
    secret, record = state.create_token("li")
    assert state.principal_for_token(secret) is not None
    state.set_active("li", False)
    assert state.principal_for_token(secret) is None
    state.set_active("li", True)
    assert state.principal_for_token(secret) is not None
    state.revoke_token("li", record.id)
    assert state.principal_for_token(secret) is None
    with pytest.raises(NotFoundError):
        state.revoke_token("li", record.id)


def test_nobody_revokes_the_token_of_another(root: Path) -> None:
    state.create_user("li")
    state.create_user("wang")
    secret, record = state.create_token("li")
    with pytest.raises(NotFoundError):
        state.revoke_token("wang", record.id)
    assert state.principal_for_token(secret) is not None


def test_the_last_use_of_a_token_is_written_in_batches(root: Path) -> None:
    state.create_user("li")
    secret, record = state.create_token("li")
    assert record.last_used is None
    assert state.principal_for_token(secret) is not None
    state.write_last_use()
    [after] = state.tokens("li")
    assert after.last_used is not None
    assert after.last_used >= record.created
