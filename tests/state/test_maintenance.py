"""Schema versions, backup and restore."""

from __future__ import annotations

import os
import sqlite3
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from tianku.model.errors import FatalError, UsageError
from tianku.state import repositories as state


def _apply_future_migration(database: Path) -> None:
    with sqlite3.connect(database) as connection:
        connection.execute(
            "INSERT INTO django_migrations (app, name, applied) VALUES ('state', '9999_future', '2099-01-01')"
        )
    connection.close()


def test_a_newer_schema_is_refused_by_name(root: Path) -> None:
    state.check_schema()
    _apply_future_migration(root / "state.sqlite3")
    for work in (state.check_schema, state.migrate):
        with pytest.raises(FatalError, match=r"newer Tianku.*state\.9999_future") as caught:
            work()
        assert caught.value.code == "state.newer"


def test_a_database_without_tables_asks_for_migrate(tmp_path: Path, root: Path) -> None:
    state.setup(tmp_path / "other")
    with pytest.raises(UsageError, match="tianku migrate") as caught:
        state.check_schema()
    assert caught.value.code == "state.older"
    assert state.schema_version().current is None


def test_models_and_migrations_agree(root: Path) -> None:
    from django.core.management import call_command

    call_command("makemigrations", "state", check=True, dry_run=True, verbosity=0)


def test_backup_and_restore_bring_the_same_rows_back_and_tell_servers(root: Path, tmp_path: Path) -> None:
    state.create_user("li", password="correct horse battery")
    state.record_built("hip", 1, "hip/1")
    state.flip("hip", 1)
    copy = tmp_path / "backups" / "state.sqlite3"
    state.backup(copy)
    state.withdraw("hip")
    state.create_user("wang")
    number = state.generation()
    state.restore(copy)
    assert [user.username for user in state.users()] == ["li"]
    assert [p.state for p in state.publications()] == ["published"]
    assert state.generation() > number
    assert sorted(path.name for path in copy.parent.iterdir()) == ["state.sqlite3"]


def test_what_is_no_backup_is_refused_and_changes_nothing(root: Path, tmp_path: Path) -> None:
    state.create_user("li")
    text = tmp_path / "notes.txt"
    text.write_text("not a database, whatever its name says " * 100)
    empty = tmp_path / "empty.sqlite3"
    sqlite3.connect(empty).close()
    for wrong in (text, empty, tmp_path / "absent.sqlite3"):
        with pytest.raises(UsageError) as caught:
            state.restore(wrong)
        assert caught.value.code == "state.backup_invalid"
    assert [user.username for user in state.users()] == ["li"]


def test_a_backup_of_a_newer_schema_is_refused(root: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy.sqlite3"
    state.backup(copy)
    _apply_future_migration(copy)
    with pytest.raises(FatalError) as caught:
        state.restore(copy)
    assert caught.value.code == "state.newer"


def test_secrets_are_readable_by_their_owner_only(root: Path) -> None:
    for name in ("secret.key", "state.sqlite3"):
        assert stat.S_IMODE(os.stat(root / name).st_mode) == 0o600


def test_processes_starting_at_once_agree_on_one_key(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from tianku.state import repositories as s;"
        "s.setup(Path(sys.argv[1])); from django.conf import settings; print(settings.SECRET_KEY)"
    )
    starts = [
        subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    keys = {start.communicate(timeout=60)[0] for start in starts}
    assert len(keys) == 1
    assert len(keys.pop().strip()) >= 64


@pytest.mark.parametrize("address", ["mysql://db/tianku", "postgresql://host", "state.sqlite3"])
def test_unknown_database_addresses_are_refused(tmp_path: Path, address: str) -> None:
    with pytest.raises(UsageError, match="postgresql://user"):
        state.setup(tmp_path, address)
