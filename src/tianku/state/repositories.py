"""The only door to the state database; importable before `setup`, usable after it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from tianku.state.accounts import (
    add_member,
    authenticate,
    create_token,
    create_user,
    csrf_token,
    csrf_token_matches,
    forget_principals,
    groups,
    principal_for_session,
    principal_for_token,
    principal_for_user,
    remove_member,
    revoke_token,
    set_active,
    set_display_name,
    set_operator,
    set_password,
    tokens,
    user,
    users,
    write_last_use,
)
from tianku.state.maintenance import backup, check_schema, migrate, restore, schema_version
from tianku.state.publications import (
    flip,
    generation,
    policy_overrides,
    publication,
    publications,
    record_built,
    remove,
    set_policy,
    snapshot,
    withdraw,
)
from tianku.state.records import PublicationRecord, PublicationState, SchemaVersion, TokenRecord, UserRecord
from tianku.state.settings import SESSION_COOKIE, Profile, setup

__all__ = [
    "SESSION_COOKIE",
    "Profile",
    "PublicationRecord",
    "PublicationState",
    "SchemaVersion",
    "TokenRecord",
    "UserRecord",
    "add_member",
    "authenticate",
    "backup",
    "check_schema",
    "create_token",
    "create_user",
    "csrf_token",
    "csrf_token_matches",
    "flip",
    "forget_principals",
    "generation",
    "groups",
    "migrate",
    "policy_overrides",
    "principal_for_session",
    "principal_for_token",
    "principal_for_user",
    "publication",
    "publications",
    "record_built",
    "remove",
    "remove_member",
    "restore",
    "revoke_token",
    "schema_version",
    "session",
    "set_active",
    "set_display_name",
    "set_operator",
    "set_password",
    "set_policy",
    "setup",
    "snapshot",
    "tokens",
    "user",
    "users",
    "withdraw",
    "write_last_use",
]


@contextmanager
def session() -> Iterator[None]:
    """Wrap work of one thread that may touch the database: stale connections close around it."""
    from django.db import close_old_connections

    close_old_connections()
    try:
        yield
    finally:
        close_old_connections()
