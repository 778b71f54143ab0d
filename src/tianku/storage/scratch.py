"""Temporary folders that say whether their process still lives: the lock on a folder ends with it."""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
import time
from pathlib import Path

PREFIX = "process-"
#: seconds for which a folder may be of a process that has not locked it yet
_YOUNG = 60.0


class Scratch:
    """A folder of this process's own, until `close`."""

    def __init__(self, parent: Path) -> None:
        parent.mkdir(parents=True, exist_ok=True)
        self.path = Path(tempfile.mkdtemp(prefix=PREFIX, dir=parent))
        self._lock = os.open(self.path, os.O_RDONLY | os.O_DIRECTORY)
        fcntl.flock(self._lock, fcntl.LOCK_SH)

    def close(self) -> None:
        """Delete it."""
        shutil.rmtree(self.path, ignore_errors=True)
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1


def abandoned(parent: Path, *, now: float | None = None) -> list[Path]:
    """Return the folders whose process is gone."""
    now = time.time() if now is None else now
    old = [f for f in parent.glob(f"{PREFIX}*") if f.is_dir() and now - f.stat().st_mtime > _YOUNG]
    return [folder for folder in old if not _held(folder)]


def _held(folder: Path) -> bool:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(handle)
    return False
