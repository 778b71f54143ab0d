"""A locked DuckDB instance: what is attached when it opens is all it can ever read."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import duckdb

log = logging.getLogger(__name__)

#: Rows of a batch: small enough to be flat in memory, large enough to be vectorised.
BATCH_ROWS = 65_536


@dataclass(frozen=True, slots=True)
class Settings:
    """Resources of one instance; DuckDB shares them among all its queries."""

    threads: int
    memory_bytes: int
    temp_dir: str
    spill_bytes: int | None = None

    def config(self) -> dict[str, str | bool | int | float | list[str]]:
        """The settings that must be there before the instance exists."""
        return {
            "threads": str(self.threads),
            "memory_limit": f"{self.memory_bytes} bytes",
            "temp_directory": self.temp_dir,
            # else a query could read variables of this process by their name
            "python_enable_replacements": "false",
            "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false",
            "allow_community_extensions": "false",
        }


@dataclass(frozen=True, slots=True)
class Source:
    """One relation's storage: a serving copy (preferred) and the Parquet files it was made from."""

    uid: str
    serving: str | None
    files: tuple[str, ...]


@dataclass(slots=True)
class Instance:
    """An open, locked instance and what it may read."""

    connection: duckdb.DuckDBPyConnection
    attached: set[str] = field(default_factory=set)
    files: set[str] = field(default_factory=set)

    def close(self) -> None:
        """Close it; cursors still streaming keep the storage open until they end."""
        self.connection.close()


def open_instance(settings: Settings, sources: Iterable[Source]) -> Instance:
    """Open an instance that reads `sources` and nothing else.

    A serving copy that cannot be attached is a cache gone bad: it is logged and its Parquet
    files are read instead.
    """
    Path(settings.temp_dir).mkdir(parents=True, exist_ok=True)
    connection = duckdb.connect(":memory:", config=settings.config())
    instance = Instance(connection)
    try:
        for source in sources:
            _admit(instance, source)
        _lock(connection, settings, instance.files)
    except BaseException:
        connection.close()
        raise
    return instance


def warm_up() -> None:
    """Open and close an instance: the first one of a process takes twice as long as those after it."""
    duckdb.connect(":memory:").close()


def _admit(instance: Instance, source: Source) -> None:
    if source.uid in instance.attached:
        return
    if source.serving is not None and _attach(instance.connection, source.uid, source.serving):
        instance.attached.add(source.uid)
    else:
        instance.files.update(source.files)


def _attach(connection: duckdb.DuckDBPyConnection, uid: str, path: str) -> bool:
    name = uid.replace('"', '""')
    try:
        connection.execute(f'ATTACH {_text(path)} AS "{name}" (READ_ONLY)')
    except duckdb.Error as error:
        log.warning("serving copy %s of %s is unusable, reading Parquet: %s", path, uid, error)
        return False
    return True


def _lock(connection: duckdb.DuckDBPyConnection, settings: Settings, files: set[str]) -> None:
    connection.execute("SET TimeZone='UTC'")
    if settings.spill_bytes is not None:
        # given to connect() it would be shown but not kept (DuckDB 2.0)
        connection.execute(f"SET max_temp_directory_size='{settings.spill_bytes} bytes'")
    if files:
        # single files, never allowed_directories: a directory would also admit what is put there later
        connection.execute(f"SET allowed_paths=[{', '.join(map(_text, sorted(files)))}]")
    connection.execute("SET enable_external_access=false")
    connection.execute("SET lock_configuration=true")


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
