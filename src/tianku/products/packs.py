"""Packs: many small files kept as members of few large ones, which are ordinary tar archives (shards)."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import BinaryIO

from tianku.formats import tar
from tianku.model.errors import UsageError
from tianku.products.index import PACK
from tianku.products.readers.source import SourceFile
from tianku.storage.failpoints import failpoint
from tianku.storage.files import fsync_directory, full_disk

_PIECE = 1 << 20
_PARTIAL = ".part"


class Shard:
    """A shard in the making; named by its checksum once it is whole, so that none is ever changed.

    Parameters
    ----------
    folder
        Where shards of the set are; what a killed process left there is written over.
    label
        Of this shard alone among those that are being written.
    """

    def __init__(self, folder: Path, label: str) -> None:
        self._partial = folder / f".{label}{_PARTIAL}"
        self._digest = hashlib.sha256()
        self._at = 0
        self._places: dict[Path, int] = {}
        self._file: BinaryIO | None = None

    def add(self, file: SourceFile, name: str) -> int:
        """Append a file under `name` and return where its first byte is; a file that is there is not added again.

        Raises
        ------
        UsageError
            ``file.changed`` while it was read.
        TransientError
            ``storage.full``
        """
        if file.path not in self._places:
            self._write(tar.head(name, file.size, file.mtime))
            self._places[file.path] = self._at
            self._copy(file)
            self._write(tar.padding(file.size))
        return self._places[file.path]

    def finish(self) -> str | None:
        """Make the shard durable and return its name; None when nothing was added."""
        if self._file is None:
            return None
        self._write(tar.END)
        name = f"{self._digest.hexdigest()}.tar"
        try:
            self._file.flush()
            os.fsync(self._file.fileno())
            self._file.close()
            failpoint("packs.before_rename")
            self._partial.replace(self._partial.with_name(name))
            fsync_directory(self._partial.parent)
        except OSError as error:
            raise full_disk(error, self._partial) from error
        failpoint("packs.after_rename")
        return name

    def abandon(self) -> None:
        """Remove what is not finished."""
        if self._file is not None and not self._file.closed:
            self._file.close()
            self._partial.unlink(missing_ok=True)

    def _copy(self, file: SourceFile) -> None:
        digest, size = hashlib.sha256(), 0
        with file.path.open("rb") as stream:
            while piece := stream.read(_PIECE):
                digest.update(piece)
                size += len(piece)
                self._write(piece)
        if size != file.size or digest.hexdigest() != file.sha256:
            raise UsageError("file.changed", "{file} changed while it was read", file=file.path.name)

    def _write(self, data: bytes) -> None:
        try:
            if self._file is None:
                self._partial.parent.mkdir(parents=True, exist_ok=True)
                self._file = self._partial.open("wb")
            self._file.write(data)
        except OSError as error:
            raise full_disk(error, self._partial) from error
        self._digest.update(data)
        self._at += len(data)


def packable(size: int) -> bool:
    """Return whether a file may be a member of a shard."""
    return size <= tar.MOST_SIZE


__all__ = ["PACK", "Shard", "packable"]
