"""State databases for tests: migrated once for given migrations, copied for each test."""

from __future__ import annotations

import fcntl
import hashlib
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from importlib.metadata import version
from pathlib import Path

import tianku
from tianku.state import repositories as state

_CACHE = Path(__file__).resolve().parents[2] / "build" / "test-state"
_PACKAGES = ("django", "wagtail", "django-allauth")


def set_up() -> None:
    """Set this test process up as a server is, whichever test comes first: the profile cannot grow later."""
    _template()


@cache
def _template() -> Path:
    """Return an empty migrated database; making one takes several seconds, so it is kept in ``build/``."""
    copy = _CACHE / f"{_fingerprint()}.sqlite3"
    with tempfile.TemporaryDirectory(prefix="tianku-state-") as folder:
        # The profile of the servers, so that suites can run in one process in any order.
        state.setup(Path(folder), profile="web")
        _hash_fast()
        _CACHE.mkdir(parents=True, exist_ok=True)
        with (_CACHE / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not copy.exists():
                state.migrate()
                state.backup(copy)
    return copy


def _fingerprint() -> str:
    digest = hashlib.sha256(" ".join(version(name) for name in _PACKAGES).encode())
    package = Path(tianku.__file__).parent
    for path in sorted([*package.glob("*/migrations/*.py"), *package.glob("state/*settings.py")]):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def _hash_fast() -> None:
    from django.conf import settings

    # A real hash takes half a second by design.
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@contextmanager
def empty_state(root: Path) -> Iterator[Path]:
    """Give `root` an empty migrated state database and point this process at it."""
    template = _template()
    copy = Path(shutil.copy(template, root / "state.sqlite3"))
    copy.chmod(0o600)
    state.setup(root, profile="web")
    yield root
    from django.db import connections

    connections.close_all()
