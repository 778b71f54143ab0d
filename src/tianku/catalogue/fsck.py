"""Whether a snapshot is what its maker wrote: every byte, and what the bytes have to say together."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from tianku.catalogue.checksums import SUMS, files_below, own_entries, read_sums
from tianku.catalogue.fsck_table import check_table
from tianku.catalogue.manifest import SnapshotManifest
from tianku.catalogue.store import MANIFEST, SnapshotStore
from tianku.model.errors import TiankuError
from tianku.storage.files import sha256_file


@dataclass(frozen=True, slots=True)
class Finding:
    """Something wrong: with which file, what, and what mends it."""

    file: Path
    what: str
    fix: str


@dataclass(frozen=True, slots=True)
class Checked:
    """A snapshot whose bytes were compared with their checksums.

    Attributes
    ----------
    manifest
        None when it cannot be read.
    damaged
        Paths, relative to the snapshot, that are not to be opened.
    """

    folder: Path
    manifest: SnapshotManifest | None
    findings: tuple[Finding, ...]
    damaged: frozenset[str]


def check_bytes(store: SnapshotStore, dataset: str, revision: int) -> Checked:
    """Compare every file of a snapshot with its checksum."""
    folder = store.path(dataset, revision)
    fix = f"restore it from a backup, or build it again with `tianku ingest {dataset} --force` and publish that"
    wrong: dict[str, str] = {}
    manifest: SnapshotManifest | None = None
    try:
        sums = read_sums(folder)
    except (ValueError, OSError) as error:
        sums = None
        wrong[SUMS] = f"it cannot be read: {error}"
    try:
        manifest = store.load(dataset, revision)
    except (TiankuError, ValidationError, ValueError, OSError) as error:
        wrong[MANIFEST] = f"it cannot be read: {str(error).splitlines()[0]}"
    if sums is None and SUMS not in wrong and manifest is not None:  # made before all files had checksums
        sums = {entry.path: entry.sha256 for entry in own_entries(manifest)}
    elif sums is not None:
        present = set(files_below(folder)) - {SUMS}
        wrong |= dict.fromkeys(present - sums.keys(), "no checksum names it")
    for path, sha256 in (sums or {}).items():
        wrong |= _compare(folder, path, sha256)
    if manifest is not None and sums is not None:
        wrong |= _unlike(folder, manifest, sums, wrong)
    findings = tuple(Finding(folder / path, what, fix) for path, what in sorted(wrong.items()))
    return Checked(folder, manifest, findings, frozenset(wrong))


def _compare(folder: Path, path: str, sha256: str) -> dict[str, str]:
    try:
        found = sha256_file(folder / path)
    except FileNotFoundError:
        return {path: "it is missing"}
    except OSError as error:
        return {path: f"it cannot be read: {error.strerror}"}
    return {} if found == sha256 else {path: "its bytes are not those that were written (sha256)"}


def _unlike(
    folder: Path, manifest: SnapshotManifest, sums: dict[str, str], known: dict[str, str]
) -> dict[str, str]:
    """Entries of the manifest that the list of checksums contradicts."""
    found = {}
    for entry in own_entries(manifest):
        if entry.path in known:
            continue
        if sums.get(entry.path) != entry.sha256:
            found[entry.path] = "manifest and list of checksums disagree on its sha256"
        elif (size := (folder / entry.path).stat().st_size) != entry.bytes:
            found[entry.path] = f"it has {size:,} bytes, the manifest says {entry.bytes:,}"
    return found


def check_tables(checked: Checked, *, deep: bool) -> Iterator[Finding]:
    """Look into the tables of a snapshot: counts, order, borders, statistics, side tables, HATS."""
    if checked.manifest is None:
        return
    dataset = checked.manifest.dataset
    fix = f"build it again with `tianku ingest {dataset} --force`; if that is no better, report it"
    for name, table in checked.manifest.tables.items():
        parts = {e.path for e in (*table.files, *table.beside)}
        if table.shared is not None or parts & checked.damaged:
            continue
        for path, what in check_table(checked.folder, name, table, deep=deep):
            yield Finding(checked.folder / path, what, fix)
