"""``SHA256SUMS``: checksums of every file of a snapshot, its manifest too, as ``sha256sum -c`` reads them."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterator
from pathlib import Path

from tianku.catalogue.manifest import FileEntry, SnapshotManifest
from tianku.storage.files import atomic_write, sha256_file

SUMS = "SHA256SUMS"
_LINE = re.compile(r"([0-9a-f]{64})  ([^\n]+)\n")


def own_entries(manifest: SnapshotManifest) -> Iterator[FileEntry]:
    """Yield the entries of the files that are in the snapshot's own folder, and are ours."""
    for table in manifest.tables.values():
        if table.shared is None:
            yield from (entry for entry in (*table.files, *table.beside) if entry.mtime_ns is None)
    for one in manifest.products.values():
        if one.shared is None:
            yield from one.entries()
        elif one.obscore is not None:
            yield one.obscore


def files_below(folder: Path) -> Iterator[str]:
    """Yield the paths of all files below `folder`, relative to it; links to files of others are none."""
    for place, _, names in os.walk(folder):
        for name in names:
            path = Path(place, name)
            if not path.is_symlink():
                yield path.relative_to(folder).as_posix()


def write_sums(folder: Path, manifest: SnapshotManifest, written: bytes, name: str) -> None:
    """Write the checksums of all files below `folder`, and of the manifest that will be written as `name`."""
    known = {entry.path: entry.sha256 for entry in own_entries(manifest)}
    paths = sorted(files_below(folder))
    lines = [f"{known.get(path) or sha256_file(folder / path)}  {path}\n" for path in paths]
    lines.append(f"{hashlib.sha256(written).hexdigest()}  {name}\n")
    with atomic_write(folder / SUMS) as file:
        file.write("".join(lines).encode())


def read_sums(folder: Path) -> dict[str, str] | None:
    """Return the checksums by path; None in snapshots made before there were any.

    Raises
    ------
    ValueError
        A line is not one of a checksum.
    """
    try:
        text = (folder / SUMS).read_bytes().decode()
    except FileNotFoundError:
        return None
    found = list(_LINE.finditer(text))
    if sum(match.end() - match.start() for match in found) != len(text):
        raise ValueError("a line is not a checksum, two blanks and a path")
    return {match[2]: match[1] for match in found}
