"""State databases for tests: migrated once in a process, copied for each test."""

from __future__ import annotations

import atexit
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from tianku.state import repositories as state


@cache
def _template() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="tianku-state-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    # The profile of the servers, so that suites can run in one process in any order.
    state.setup(folder, profile="web")
    state.migrate()
    copy = folder / "template.sqlite3"
    state.backup(copy)
    return copy


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
