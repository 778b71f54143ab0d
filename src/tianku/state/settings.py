"""Configuring Django for the state database, in two profiles."""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal
from urllib.parse import parse_qsl, unquote, urlsplit

from tianku.model.errors import FatalError, UsageError

Profile = Literal["worker", "web"]

#: Seconds a writer waits for another one (SQLite).
BUSY_TIMEOUT = 20
SQLITE_NAME = "state.sqlite3"
SECRET_NAME = "secret.key"  # noqa: S105 - a file name
SESSION_COOKIE = "tianku_session"

_APPS = [
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "django.contrib.sessions",
    "tianku.state",
]


def setup(
    data_root: Path,
    database: str | None = None,
    profile: Profile = "worker",
    options: Mapping[str, Any] | None = None,
) -> None:
    """Configure Django once for this process, or point a configured one at another data root.

    Parameters
    ----------
    data_root
        Folder of the installation; created when absent. Holds the SQLite database and the
        secret key (mode 0600, made of random bytes when absent).
    database
        ``postgresql://user:password@host:port/name?option=value``; None or ``sqlite`` for the
        embedded database.
    profile
        ``worker`` has the tables of this layer only (0.2 s to start); ``web`` adds the pages.
    options
        For ``web``: see `tianku.state.web_settings.web_settings`.

    Raises
    ------
    UsageError
        ``state.database_url``: the address of the database is not understood.
    FatalError
        ``state.profile``: this process was set up as ``worker`` and cannot become ``web``.
    """
    import django
    from django.conf import settings

    data_root.mkdir(parents=True, exist_ok=True)
    databases = {"default": _database(data_root, database)}
    if settings.configured:
        _repoint(data_root, databases, profile)
        return
    base = _base_settings(data_root, databases)
    if profile == "web":
        from tianku.state.web_settings import web_settings

        base |= web_settings(data_root, _APPS, options or {})
    settings.configure(**base, TIANKU_PROFILE=profile)
    django.setup()


def _base_settings(data_root: Path, databases: dict[str, Any]) -> dict[str, Any]:
    return {
        "SECRET_KEY": _secret_key(data_root / SECRET_NAME),
        "INSTALLED_APPS": list(_APPS),
        "DATABASES": databases,
        "AUTH_USER_MODEL": "state.User",
        "DEFAULT_AUTO_FIELD": "django.db.models.BigAutoField",
        "USE_TZ": True,
        "TIME_ZONE": "UTC",
        "LANGUAGE_CODE": "en",
        "SESSION_COOKIE_NAME": SESSION_COOKIE,
        "SESSION_COOKIE_AGE": 14 * 86400,
        "SESSION_COOKIE_SAMESITE": "Lax",
        "AUTH_PASSWORD_VALIDATORS": [
            {"NAME": f"django.contrib.auth.password_validation.{name}"}
            for name in (
                "UserAttributeSimilarityValidator",
                "MinimumLengthValidator",
                "CommonPasswordValidator",
                "NumericPasswordValidator",
            )
        ],
        # Logging belongs to the process that hosts us.
        "LOGGING_CONFIG": None,
    }


def _database(data_root: Path, address: str | None) -> dict[str, Any]:
    if address in (None, "", "sqlite"):
        return {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": str(data_root / SQLITE_NAME),
            "CONN_MAX_AGE": 60,
            # A transaction that reads first and writes later cannot wait for another writer:
            # Django's default answers "database is locked" at once.
            "OPTIONS": {"transaction_mode": "IMMEDIATE", "timeout": BUSY_TIMEOUT},
        }
    return _postgresql(str(address))


def _postgresql(address: str) -> dict[str, Any]:
    parts = urlsplit(address)
    name = unquote(parts.path.lstrip("/"))
    if parts.scheme not in ("postgresql", "postgres") or not name:
        raise UsageError(
            "state.database_url",
            "`database` is neither `sqlite` nor `postgresql://user:password@host:port/name`"
            " (its scheme is {scheme!r}, its database name {name!r})",
            scheme=parts.scheme,
            name=name,
        )
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": name,
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": unquote(parts.hostname or ""),
        "PORT": str(parts.port or ""),
        "CONN_MAX_AGE": 60,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": dict(parse_qsl(parts.query)),
    }


def _repoint(data_root: Path, databases: dict[str, Any], profile: Profile) -> None:
    """Use another database in a process that Django was configured in before."""
    from django.conf import settings
    from django.db import connections

    from tianku.state.accounts import forget_principals

    if profile == "web" and settings.TIANKU_PROFILE != "web":
        raise FatalError("state.profile", "this process was set up as a worker and cannot serve pages")
    current = connections.databases["default"]
    if all(current.get(key) == value for key, value in databases["default"].items()):
        return
    settings.SECRET_KEY = _secret_key(data_root / SECRET_NAME)
    connections.close_all()
    connections.settings = connections.configure_settings(databases)
    if hasattr(connections._connections, "default"):
        del connections["default"]
    forget_principals()


def _secret_key(path: Path) -> str:
    """Return the installation's key; several processes starting at once agree on one."""
    if not path.exists():
        draft = path.with_name(f"{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
        handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w") as file:
            file.write(secrets.token_urlsafe(48))
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(draft, path)
        except FileExistsError:  # another process was first: its key counts
            pass
        finally:
            draft.unlink()
    return path.read_text().strip()
