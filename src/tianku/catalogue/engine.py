"""DuckDB as ingest uses it: bounded memory, its spill beside the output, nothing fetched from outside."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from tianku.model.errors import TiankuError, TransientError
from tianku.storage.files import free_room


@contextmanager
def working_engine(
    scratch: Path, memory_bytes: int, threads: int, database: str = ":memory:"
) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open a DuckDB with limits; `scratch` holds its spill and is removed at the end.

    It may spill until the disk's reserve begins.
    """
    scratch.mkdir(parents=True, exist_ok=True)
    con = duckdb.connect(
        database,
        config={
            "memory_limit": f"{max(memory_bytes, 128 << 20) // (1 << 20)}MiB",
            "threads": max(1, threads),
            "temp_directory": str(scratch),
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
        },
    )
    try:
        con.execute(f"SET max_temp_directory_size='{free_room(scratch)} bytes'")
        yield con
    except duckdb.Error as error:
        raise _translated(error) from error
    finally:
        con.close()
        shutil.rmtree(scratch, ignore_errors=True)


def _translated(error: duckdb.Error) -> Exception:
    """Errors of our own inside a stream arrive wrapped; a full disk gets its name; others stay."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, TiankuError):
            return cause
        cause = cause.__cause__ or cause.__context__
    text = str(error).lower()
    if "max_temp_directory_size" in text or "no space left" in text or "disk full" in text or "enospc" in text:
        return TransientError(
            "storage.full", "no room left for sorting; free some space, then run this again", retry_after=600
        )
    if "out of memory" in text:
        return TransientError(
            "ingest.memory", "sorting needs more memory than it was given; raise the memory limit", retry_after=60
        )
    return error
