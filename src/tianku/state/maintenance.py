"""Schema versions, migration, backup and restore of the state database."""

from __future__ import annotations

import os
import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path

from tianku.model.errors import FatalError, UsageError
from tianku.state.accounts import forget_principals
from tianku.state.records import SchemaVersion

#: The Django applications whose schema is ours to judge.
_OURS = ("state", "pages")


def migrate() -> None:
    """Bring the tables of this process's profile up to date; servers need the ``web`` profile's.

    Raises
    ------
    FatalError
        ``state.newer``: the database was made by a newer Tianku.
    """
    from django.core.management import call_command
    from django.db import connection

    if connection.vendor == "sqlite":
        # Kept in the file: readers and one writer do not wait for each other from now on.
        connection.cursor().execute("PRAGMA journal_mode=WAL")
        Path(connection.settings_dict["NAME"]).chmod(0o600)
    _refuse_newer(schema_version())
    call_command("migrate", interactive=False, verbosity=0)
    forget_principals()


def schema_version() -> SchemaVersion:
    """Compare the migrations applied to the database with those this code knows."""
    from django.db import connection
    from django.db.migrations.loader import MigrationLoader

    loader = MigrationLoader(connection)
    known = set(loader.disk_migrations)
    known |= {name for migration in loader.disk_migrations.values() for name in migration.replaces}
    applied = set(loader.applied_migrations)
    labels = {label for label, _ in known if label in _OURS}
    return SchemaVersion(
        current=max((name for label, name in applied if label == "state"), default=None),
        pending=tuple(sorted(f"{label}.{name}" for label, name in set(loader.disk_migrations) - applied)),
        unknown=tuple(sorted(f"{label}.{name}" for label, name in applied - known if label in labels)),
    )


def check_schema() -> None:
    """Refuse to work on tables that this code does not know.

    Raises
    ------
    FatalError
        ``state.newer``: the database was made by a newer Tianku.
    UsageError
        ``state.older``: `tianku migrate` is due.
    """
    version = schema_version()
    _refuse_newer(version)
    if version.pending:
        raise UsageError(
            "state.older",
            "the state database lacks {count} migrations (the first is {first}): run `tianku migrate`",
            count=len(version.pending),
            first=version.pending[0],
        )


def _refuse_newer(version: SchemaVersion) -> None:
    if version.unknown:
        raise FatalError(
            "state.newer",
            "the state database was made by a newer Tianku: this one does not know {migrations};"
            " install the newer version, or restore a backup made before it",
            migrations=", ".join(version.unknown),
        )


def backup(target: Path) -> None:
    """Write a consistent copy of the SQLite database while it is in use; `target` appears whole.

    Raises
    ------
    UsageError
        ``state.backup_postgresql``: PostgreSQL has its own tools.
    """
    source = _sqlite_path()
    target.parent.mkdir(parents=True, exist_ok=True)
    draft = _draft_beside(target)
    try:
        _copy(source, draft)
        with draft.open("rb") as file:
            os.fsync(file.fileno())
        draft.replace(target)
    finally:
        draft.unlink(missing_ok=True)
    _fsync_folder(target.parent)


def restore(source: Path) -> None:
    """Put a backup in place of the database, in one transaction that running servers see.

    Sessions of the backup are dropped (a logout must not be undone), and the generation
    rises above both databases' numbers, so that every server looks again.

    Raises
    ------
    UsageError
        ``state.backup_invalid``: not a backup of this database.
    FatalError
        ``state.newer``: made by a newer Tianku.
    """
    from django.db import connection

    database = _sqlite_path()
    draft = _draft_beside(database)
    try:
        _require_backup(source)
        _copy(source, draft)
        _prepare_restored(draft, database)
        connection.close()
        _copy(draft, database)
    finally:
        draft.unlink(missing_ok=True)
    forget_principals()


def _prepare_restored(draft: Path, database: Path) -> None:
    with closing(sqlite3.connect(database)) as live:
        tables = {row[0] for row in live.execute("SELECT name FROM sqlite_master")}
        now = (
            live.execute("SELECT max(value) FROM state_generation").fetchone()[0]
            if ("state_generation" in tables)
            else 0
        )
    with closing(sqlite3.connect(draft)) as restored, restored:
        restored.execute("DELETE FROM django_session")
        restored.execute("UPDATE state_generation SET value = max(value, ?) + 1", (now or 0,))


def _require_backup(source: Path) -> None:
    reason = None
    applied: set[str] = set()
    try:
        with closing(sqlite3.connect(f"{source.resolve().as_uri()}?mode=ro", uri=True)) as candidate:
            found = candidate.execute("PRAGMA integrity_check").fetchone()[0]
            reason = None if found == "ok" else str(found)
            rows = candidate.execute("SELECT name FROM django_migrations WHERE app = 'state'")
            applied = {row[0] for row in rows}
    except sqlite3.Error as error:
        reason = str(error)
    if reason is not None or not applied:
        raise UsageError(
            "state.backup_invalid",
            "{path} is not a backup of a Tianku state database: {reason}",
            path=str(source),
            reason=reason or "it holds no tables of ours",
        )
    _refuse_newer(SchemaVersion(None, (), tuple(sorted(applied - _known_to_state()))))


def _known_to_state() -> set[str]:
    from django.db.migrations.loader import MigrationLoader

    return {name for label, name in MigrationLoader(None).disk_migrations if label == "state"}


def _sqlite_path() -> Path:
    from django.db import connection

    if connection.vendor != "sqlite":
        raise UsageError(
            "state.backup_postgresql",
            "the state database is PostgreSQL: use `pg_dump` and `pg_restore`",
        )
    return Path(connection.settings_dict["NAME"])


def _draft_beside(path: Path) -> Path:
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    os.close(handle)
    return Path(name)


def _copy(source: Path, target: Path) -> None:
    """Copy with SQLite's online backup: one transaction, readers of `target` see before or after."""
    with closing(sqlite3.connect(source, timeout=20)) as old, closing(sqlite3.connect(target, timeout=20)) as new:
        old.backup(new)


def _fsync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
