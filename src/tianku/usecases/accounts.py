"""Accounts and tokens, for the command line."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from tianku.state import repositories
from tianku.state.repositories import TokenRecord, UserRecord
from tianku.usecases.installation import connect


def add_user(
    root: Path,
    username: str,
    password: str,
    *,
    email: str = "",
    groups: tuple[str, ...] = (),
    operator: bool = False,
) -> UserRecord:
    """Create an account in `groups`; an operator sees and does everything."""
    connect(root)
    with repositories.session():
        return repositories.create_user(username, password=password, email=email, operator=operator, groups=groups)


def list_users(root: Path) -> list[UserRecord]:
    """Return every account."""
    connect(root)
    with repositories.session():
        return repositories.users()


def disable_user(root: Path, username: str) -> None:
    """Stop an account: its sessions and tokens are refused within a second."""
    connect(root)
    with repositories.session():
        repositories.set_active(username, False)


def create_token(root: Path, username: str, *, label: str, lifetime: timedelta) -> tuple[str, TokenRecord]:
    """Return the secret (never shown again) and the record of a new token."""
    connect(root)
    with repositories.session():
        return repositories.create_token(username, label=label, expires=datetime.now(UTC) + lifetime)


def revoke_token(root: Path, username: str, token: int) -> None:
    """Revoke one token of an account."""
    connect(root)
    with repositories.session():
        repositories.revoke_token(username, token)
