"""Serving copies as a cache: which are wanted, within which room, and which go when it is full."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, cast

from tianku.catalogue.manifest import SnapshotManifest, TableManifest
from tianku.catalogue.serving import build_serving_copy, sum_of
from tianku.model.config.site import SiteConfig
from tianku.model.errors import TransientError, UsageError
from tianku.model.sizes import parse_bytes
from tianku.storage.files import require_room
from tianku.usecases.pictures import serving_copy, serving_root
from tianku.usecases.progress import Progress, Step, silent

log = logging.getLogger(__name__)

Mode = Literal["auto", "always", "never"]
#: makes all copies `never` (or what else it says), whatever is configured
VARIABLE = "TIANKU_SERVING"
_STAMP = "built"


@dataclass(frozen=True, slots=True)
class Copy:
    """A copy that exists: its size, and when it was last used (POSIX)."""

    path: Path
    bytes: int
    used: float


def mode(site: SiteConfig, configured: str, environment: Mapping[str, str] = os.environ) -> Mode:
    """Return whether a data set's tables get copies; a data set's own word counts where the site allows any.

    Raises
    ------
    UsageError
        ``serving.mode``: the environment says something else.
    """
    forced = environment.get(VARIABLE)
    if forced is not None and forced not in ("auto", "always", "never"):
        raise UsageError(
            "serving.mode", "{variable} is {said}; use auto, always or never", variable=VARIABLE, said=forced
        )
    chosen = forced or site.serving.copies
    if chosen == "never" or configured == "auto" or forced is not None:
        return cast(Mode, chosen)
    return cast(Mode, configured)


def wanted(site: SiteConfig, configured: str, table: TableManifest) -> bool:
    """Return whether a table gets a copy; where rows were added only `always` copies all again for them."""
    chosen = mode(site, configured)
    in_place = table.shared is not None or bool(table.columns)
    return not in_place and (chosen == "always" or (chosen == "auto" and not table.deltas))


def copies(data_root: Path) -> list[Copy]:
    """Return the copies there are, the least recently used first."""
    found = []
    for path in serving_root(data_root).rglob("*.duckdb"):
        if not path.name.startswith("."):
            facts = path.stat()
            found.append(Copy(path, facts.st_size, facts.st_mtime))
    return sorted(found, key=lambda copy: copy.used)


def note_use(paths: Iterable[str]) -> None:
    """Stamp copies as used now."""
    for path in paths:
        try:
            os.utime(path)
        except FileNotFoundError:  # it went: Parquet is read
            continue


def stamp(data_root: Path) -> int:
    """Return a number that changes when a copy was built: servers then take it up."""
    try:
        return (serving_root(data_root) / _STAMP).stat().st_mtime_ns
    except FileNotFoundError:
        return 0


@dataclass(frozen=True, slots=True)
class Shelf:
    """The room for copies: `bytes` of them together, None for as many as the disk holds."""

    data_root: Path
    bytes: int | None

    @classmethod
    def of(cls, data_root: Path, site: SiteConfig, configured: str) -> Shelf:
        """Return the room that a data set's copies may take."""
        always = mode(site, configured) == "always"
        return cls(data_root, None if always else parse_bytes(site.serving.room))

    def make_room(self, needed: int) -> bool:
        """Delete the least recently used copies until there are `needed` bytes; False when there can never be."""
        if self.bytes is None:
            return True
        if needed > self.bytes:
            return False
        there = copies(self.data_root)
        taken = sum(one.bytes for one in there)
        for one in there:
            if taken + needed <= self.bytes:
                break
            delete(one.path)
            taken -= one.bytes
        return True

    def build(self, folder: Path, table: TableManifest, target: Path, memory_bytes: int, threads: int) -> int:
        """Build a copy, others making room for it; return its bytes, 0 when it does not fit.

        Raises
        ------
        TransientError
            ``storage.full``, ``ingest.memory``.
        """
        size = sum(file.bytes for file in table.files)
        if not self.make_room(size):
            log.warning(
                "no serving copy of %s: it does not fit into `serving: {room:}`", table.meta.qualified_name
            )
            return 0
        require_room(folder, 2 * size)  # as much again while it is made
        build_serving_copy(folder, table, target, memory_bytes=memory_bytes, threads=threads)
        (serving_root(self.data_root) / _STAMP).touch()
        return target.stat().st_size


def delete(path: Path) -> None:
    """Delete a copy; servers that have it open keep it until they take up another generation."""
    path.unlink(missing_ok=True)
    sum_of(path).unlink(missing_ok=True)


def missing(
    data_root: Path, site: SiteConfig, manifest: SnapshotManifest
) -> Iterator[tuple[str, TableManifest, Path]]:
    """Yield the tables of a snapshot that should have a copy and have none, with the place for it."""
    configured = str(manifest.configuration["dataset"]["serving"])
    for name, table in manifest.tables.items():
        target = serving_copy(data_root, manifest.dataset, manifest.revision, name)
        if wanted(site, configured, table) and not target.is_file():
            yield name, table, target


def build_serving_copies(
    data_root: Path, site: SiteConfig, manifest: SnapshotManifest, folder: Path, progress: Progress = silent
) -> None:
    """Build the copies that a snapshot lacks; a failure only means that Parquet is read instead."""
    shelf = Shelf.of(data_root, site, str(manifest.configuration["dataset"]["serving"]))
    for name, table, target in missing(data_root, site, manifest):
        progress(Step(f"table {name}: serving copy", 0, table.meta.nrows))
        try:
            shelf.build(folder, table, target, parse_bytes(site.memory), os.cpu_count() or 1)
        except (TransientError, OSError) as error:
            log.warning("no serving copy of %s.%s: %s", manifest.dataset, name, error)
        progress(Step(f"table {name}: serving copy", table.meta.nrows or 0, table.meta.nrows))
