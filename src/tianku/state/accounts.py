"""Users, groups and tokens, and the principal each of them makes."""

from __future__ import annotations

import hashlib
import secrets
import threading
import time
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.crypto import constant_time_compare, salted_hmac

from tianku.model.access import Principal
from tianku.model.errors import NotFoundError, UsageError
from tianku.state.lazy import LazyModule
from tianku.state.records import TokenRecord, UserRecord

models = LazyModule("tianku.state.models")
auth_models = LazyModule("django.contrib.auth.models")

#: Seconds for which a principal may be remembered: how long a revoked one may still act.
REMEMBERED = 0.8
#: Seconds between writes of the tokens' last use.
STAMP_EVERY = 10.0
_MOST_REMEMBERED = 4096
#: Starts every token, so that scanners of leaked secrets know it.
TOKEN_PREFIX = "tianku_"  # noqa: S105 - not a secret


class _Remembered:
    """Principals of the last second, by a key that is never the secret itself."""

    def __init__(self) -> None:
        self._entries: dict[str, tuple[float, Principal | None]] = {}
        self._lock = threading.Lock()

    def get(self, key: str, find: Callable[[], Principal | None]) -> Principal | None:
        now = time.monotonic()
        entry = self._entries.get(key)
        if entry is not None and entry[0] > now:
            return entry[1]
        found = find()
        with self._lock:
            if len(self._entries) >= _MOST_REMEMBERED:
                self._entries.clear()
            self._entries[key] = (now + REMEMBERED, found)
        return found

    def clear(self) -> None:
        with self._lock:
            self._entries.clear()


class _LastUse:
    """Collects when tokens were used and writes it in batches."""

    def __init__(self) -> None:
        self._seen: dict[int, datetime] = {}
        self._written = 0.0
        self._lock = threading.Lock()

    def note(self, token: int) -> None:
        with self._lock:
            self._seen[token] = timezone.now()
            due = time.monotonic() - self._written >= STAMP_EVERY
        if due:
            self.write()

    def write(self) -> None:
        with self._lock:
            seen, self._seen = self._seen, {}
            self._written = time.monotonic()
        if not seen:
            return
        with transaction.atomic():
            for token, instant in seen.items():
                models.Token.objects.filter(pk=token).update(last_used=instant)


_remembered = _Remembered()
_last_use = _LastUse()


def forget_principals() -> None:
    """Look every principal up again from now on (after a change made by this process)."""
    _remembered.clear()


def write_last_use() -> None:
    """Write the tokens' last use that is still in memory (at shutdown)."""
    _last_use.write()


# Users ------------------------------------------------------------------------------------------


def create_user(
    username: str,
    *,
    email: str = "",
    password: str | None = None,
    display_name: str = "",
    operator: bool = False,
    groups: Iterable[str] = (),
) -> UserRecord:
    """Create an account; without a password only tokens can use it.

    Raises
    ------
    UsageError
        ``user.exists``; ``user.invalid`` with what the name, address or password lacks.
    """
    if models.User.objects.filter(username=models.User.normalize_username(username)).exists():
        raise UsageError("user.exists", "there is already a user {username}", username=username)
    draft = models.User(username=username, email=email, display_name=display_name, is_superuser=operator)
    _validate(draft, password)
    with transaction.atomic():
        draft.clean()  # normalises name and address
        draft.set_password(password)
        draft.save()
        draft.groups.set(_group(name) for name in groups)
    return _user_record(draft)


def _validate(user: Any, password: str | None) -> None:
    from django.contrib.auth.password_validation import validate_password
    from django.core.exceptions import ValidationError

    try:
        user.clean_fields(exclude=["password"])
        if password is not None:
            validate_password(password, user)
    except ValidationError as error:
        raise UsageError(
            "user.invalid",
            "the account {username} cannot be saved: {reason}",
            username=user.username,
            reason=" ".join(error.messages),
        ) from error


def user(username: str) -> UserRecord:
    """Return one user.

    Raises
    ------
    NotFoundError
        ``user.unknown``
    """
    return _user_record(_user(username))


def users() -> list[UserRecord]:
    """Return all users by name."""
    return [_user_record(row) for row in models.User.objects.prefetch_related("groups").order_by("username")]


def set_password(username: str, password: str) -> None:
    """Change a password; every session of the user ends."""
    row = _user(username)
    _validate(row, password)
    row.set_password(password)
    row.save(update_fields=["password"])
    forget_principals()


def set_display_name(username: str, name: str) -> None:
    """Change the name shown for a user."""
    row = _user(username)
    row.display_name = name.strip()[:200]
    row.save(update_fields=["display_name"])


def set_active(username: str, active: bool) -> None:
    """Disable a user (sessions and tokens stop within a second) or enable one again."""
    _user(username)
    models.User.objects.filter(username=username).update(is_active=active)
    forget_principals()


def set_operator(username: str, operator: bool) -> None:
    """Make a user an operator, or no longer."""
    _user(username)
    models.User.objects.filter(username=username).update(is_superuser=operator)
    forget_principals()


def authenticate(username: str, password: str) -> UserRecord | None:
    """Return the active user with this name and password, else None; equally slow for both."""
    row = models.User.objects.filter(username=models.User.normalize_username(username)).first()
    if row is None:
        models.User().set_password(password)  # so that a stopwatch does not tell which names exist
        return None
    return _user_record(row) if row.check_password(password) and row.is_active else None


# Groups -----------------------------------------------------------------------------------------


def groups() -> dict[str, frozenset[str]]:
    """Return the members' user names by group."""
    rows = auth_models.Group.objects.prefetch_related("user_set").order_by("name")
    return {row.name: frozenset(member.username for member in row.user_set.all()) for row in rows}


def add_member(group: str, username: str) -> None:
    """Put a user into a group, which is made when it does not exist."""
    _user(username).groups.add(_group(group))
    forget_principals()


def remove_member(group: str, username: str) -> None:
    """Take a user out of a group."""
    _user(username).groups.remove(_group(group))
    forget_principals()


def _group(name: str) -> Any:
    return auth_models.Group.objects.get_or_create(name=name)[0]


# Tokens -----------------------------------------------------------------------------------------


def create_token(
    username: str, *, scopes: Iterable[str] = (), expires: datetime | None = None, label: str = ""
) -> tuple[str, TokenRecord]:
    """Create a token and return its secret, which is not kept, with its record."""
    secret = TOKEN_PREFIX + secrets.token_urlsafe(32)
    row = models.Token.objects.create(
        user=_user(username),
        label=label[:100],
        hash=_hash(secret),
        scopes=sorted(set(scopes)),
        expires=expires,
    )
    return secret, _token_record(row)


def tokens(username: str) -> list[TokenRecord]:
    """Return the tokens of a user, newest first."""
    rows = models.Token.objects.filter(user__username=username).select_related("user")
    return [_token_record(row) for row in rows]


def revoke_token(username: str, token: int) -> None:
    """End a token of a user.

    Raises
    ------
    NotFoundError
        ``token.unknown``
    """
    count, _ = models.Token.objects.filter(user__username=username, pk=token).delete()
    if not count:
        raise NotFoundError("token.unknown", "{username} has no token {token}", username=username, token=token)
    forget_principals()


# Principals -------------------------------------------------------------------------------------


def principal_for_user(user_id: int, method: str = "session") -> Principal | None:
    """Return the principal of an active user, else None."""
    return _remembered.get(f"user:{user_id}:{method}", lambda: _find_user(user_id, method))


def principal_named(username: str, method: str = "job") -> Principal | None:
    """Return the principal of an active user as they are now, else None."""
    return _principal(models.User.objects.filter(username=username).first(), method)


def principal_for_session(session_key: str) -> Principal | None:
    """Return the principal of a living session, else None (logged out, expired, password changed)."""
    return _remembered.get("session:" + _hash(session_key), lambda: _find_session(session_key))


def principal_for_token(secret: str, method: str = "bearer") -> Principal | None:
    """Return the principal of a valid token, else None."""
    digest = _hash(secret)
    return _remembered.get(f"token:{method}:{digest}", lambda: _find_token(digest, method))


def csrf_token(session_key: str) -> str:
    """Return the token that the pages of a session send with unsafe requests to the API."""
    return str(salted_hmac("tianku.state.csrf", session_key, algorithm="sha256").hexdigest())


def csrf_token_matches(session_key: str, token: str) -> bool:
    """Whether `token` is that of the session."""
    return constant_time_compare(csrf_token(session_key), token)


def _find_user(user_id: int, method: str) -> Principal | None:
    row = models.User.objects.filter(pk=user_id).first()
    return _principal(row, method)


def _find_session(session_key: str) -> Principal | None:
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
    from django.contrib.sessions.backends.db import SessionStore

    data = SessionStore(session_key).load()
    if SESSION_KEY not in data or BACKEND_SESSION_KEY not in data:
        return None
    row = models.User.objects.filter(pk=data[SESSION_KEY]).first()
    if row is None or not constant_time_compare(data.get(HASH_SESSION_KEY, ""), row.get_session_auth_hash()):
        return None
    return _principal(row, "session")


def _find_token(digest: str, method: str) -> Principal | None:
    row = models.Token.objects.filter(hash=digest).select_related("user").first()
    if row is None or (row.expires is not None and row.expires <= timezone.now()):
        return None
    _last_use.note(row.pk)
    return _principal(row.user, method, frozenset(row.scopes))


def _principal(row: Any, method: str, scopes: frozenset[str] = frozenset()) -> Principal | None:
    if row is None or not row.is_active:
        return None
    return Principal(
        user=row.username,
        groups=frozenset(row.groups.values_list("name", flat=True)),
        operator=row.is_operator,
        scopes=scopes,
        method=method,
    )


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def _user(username: str) -> Any:
    row = models.User.objects.filter(username=models.User.normalize_username(username)).first()
    if row is None:
        raise NotFoundError("user.unknown", "there is no user {username}", username=username)
    return row


def _user_record(row: Any) -> UserRecord:
    return UserRecord(
        id=row.pk,
        username=row.username,
        email=row.email,
        display_name=row.display_name,
        active=row.is_active,
        operator=row.is_operator,
        groups=frozenset(group.name for group in row.groups.all()),
        joined=row.date_joined,
    )


def _token_record(row: Any) -> TokenRecord:
    return TokenRecord(
        id=row.pk,
        user=row.user.username,
        label=row.label,
        scopes=frozenset(row.scopes),
        created=row.created,
        expires=row.expires,
        last_used=row.last_used,
    )
