"""Files written by path (Parquet, copies) that appear whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tianku.storage.files import fsync_directory, fsync_file, full_disk


@contextmanager
def durable(target: Path) -> Iterator[Path]:
    """Give a temporary path beside `target`; on success it becomes `target`, on error it is removed.

    Raises
    ------
    TransientError
        ``storage.full`` when the disk is.
    """
    partial = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        yield partial
        fsync_file(partial)
        partial.replace(target)
        fsync_directory(target.parent)
    except OSError as error:
        raise full_disk(error, target) from error
    finally:
        partial.unlink(missing_ok=True)
