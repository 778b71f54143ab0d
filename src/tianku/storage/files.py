"""Durable local files: written beside their place, synced, then renamed into it."""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, BinaryIO

from tianku.model.errors import TransientError

#: share of a file system that new work leaves free (the state database may use it)
RESERVE = 0.05
_BLOCK = 1 << 20


def fsync_directory(path: Path) -> None:
    """Make renames and new names in a directory durable."""
    handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def fsync_file(path: Path) -> None:
    """Make the bytes of an already written file durable."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def fsync_tree(root: Path) -> None:
    """Make every file and directory below `root`, and `root`, durable."""
    for folder, _, files in os.walk(root, topdown=False):
        for name in files:
            if not Path(folder, name).is_symlink():  # what it points to is not ours
                fsync_file(Path(folder, name))
        fsync_directory(Path(folder))


@contextmanager
def atomic_write(path: Path) -> Iterator[BinaryIO]:
    """Open a file that appears under `path` only when the block ends well, complete and durable.

    The temporary file is in the same directory (one file system) and is removed on any error.

    Raises
    ------
    TransientError
        ``storage.full`` when the disk is.
    """
    temporary = path.with_name(f".{path.name}.{uuid.uuid4().hex[:8]}.tmp")
    try:
        with temporary.open("xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError as error:
        raise full_disk(error, path) from error
    finally:
        temporary.unlink(missing_ok=True)
    fsync_directory(path.parent)


def link_tree(source: Path, target: Path) -> None:
    """Give all files below `source` a second name below `target`: no byte is written, and either may be deleted.

    Symbolic links are made again; what exists is left alone.
    """
    for folder, _, files in os.walk(source):
        place = target / Path(folder).relative_to(source)
        place.mkdir(parents=True, exist_ok=True)
        for name in files:
            if not (place / name).is_symlink() and not (place / name).exists():
                os.link(Path(folder, name), place / name, follow_symlinks=False)


def full_disk(error: OSError, path: Path) -> Exception:
    """Return ``storage.full`` for errors of a full disk or quota, else `error` itself."""
    if error.errno not in (errno.ENOSPC, errno.EDQUOT):
        return error
    return TransientError(
        "storage.full",
        "no room left where {place} is to be written; free some space, then run this again",
        retry_after=600,
        place=path.name,
    )


def copy_hashed(source: IO[bytes], target: IO[bytes], limit: int | None = None) -> tuple[int, str]:
    """Copy a stream and return (bytes, SHA-256 in hexadecimal), reading at most `limit` bytes."""
    digest, total = hashlib.sha256(), 0
    while block := source.read(_BLOCK if limit is None else min(_BLOCK, limit - total)):
        digest.update(block)
        target.write(block)
        total += len(block)
    return total, digest.hexdigest()


def sha256_file(path: Path) -> str:
    """Return the SHA-256 of a file in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def free_room(path: Path, *, reserve: float = RESERVE) -> int:
    """Return the bytes that may be written to the disk that holds `path` before its reserve begins."""
    room = shutil.disk_usage(path)
    return max(0, room.free - int(room.total * reserve))


def require_room(
    path: Path,
    needed: int = 0,
    *,
    reserve: float = RESERVE,
    usage: Callable[[Path], shutil._ntuple_diskusage] = shutil.disk_usage,
) -> None:
    """Refuse new work when writing `needed` bytes would enter the reserve of the disk that holds `path`.

    Raises
    ------
    TransientError
        ``storage.full``, with free and required bytes.
    """
    room = usage(path)
    required = needed + int(room.total * reserve)
    if room.free < required:
        raise TransientError(
            "storage.full",
            "the disk of {place} has {free} MB free, {required} MB are required ({percent} % stay in reserve); "
            "free some space, then run this again",
            retry_after=600,
            place=path.name,
            free=room.free // 1_000_000,
            required=required // 1_000_000,
            percent=round(100 * reserve),
        )
