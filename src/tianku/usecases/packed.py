"""Packed files for readers that open files by their paths: taken out of their shards into a bounded cache."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from tianku.products.durable import durable
from tianku.products.index import IndexEntry

if TYPE_CHECKING:
    from tianku.usecases.centre import Centre

#: what is kept; half of it, the longest unused, goes when there is more
_MOST_FILES, _MOST_BYTES = 2000, 1 << 30
_PIECE = 1 << 20


def plain_file(centre: Centre, entry: IndexEntry) -> Path:
    """Return a file that holds the bytes of an entry and nothing else."""
    stored = entry.file(centre.originals)
    if entry.shard is None:
        return stored
    cache = centre.data_root / "cache" / "unpacked"
    target = cache / entry.sha256 / Path(entry.path).name
    if target.exists():
        os.utime(target.parent)
        return target
    with durable(target) as partial, stored.open("rb") as shard, partial.open("wb") as file:
        shard.seek(entry.offset or 0)
        left = entry.size
        while left and (piece := shard.read(min(_PIECE, left))):
            file.write(piece)
            left -= len(piece)
        if left:
            raise OSError(f"{stored} ends {left} bytes before the end of {entry.path}")
    _trim(cache)
    return target


def _trim(cache: Path) -> None:
    kept = []
    for folder in os.scandir(cache):
        try:
            size = sum(one.stat().st_size for one in os.scandir(folder))
            kept.append((folder.stat().st_mtime, size, folder.path))
        except FileNotFoundError:  # another process trims too
            continue
    total = sum(size for _, size, _ in kept)
    if len(kept) <= _MOST_FILES and total <= _MOST_BYTES:
        return
    for number, (_, size, folder_path) in enumerate(sorted(kept), 1):
        shutil.rmtree(folder_path, ignore_errors=True)
        total -= size
        if len(kept) - number <= _MOST_FILES // 2 and total <= _MOST_BYTES // 2:
            return
