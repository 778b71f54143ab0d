"""What is published now, for as long as a process lives: the picture, and where its rows are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tianku.model.metadata import TableMeta
from tianku.model.recent import Recent
from tianku.planner.cones import ConePlans
from tianku.planner.stored import Stored
from tianku.state import repositories
from tianku.usecases.picture import Picture
from tianku.usecases.pictures import PictureSource
from tianku.usecases.serving import note_use, stamp
from tianku.usecases.storage import stored_tables


@dataclass(frozen=True, slots=True)
class Current:
    """A picture, and where the rows of its tables are, by qualified name."""

    picture: Picture
    stored: Mapping[str, Stored]
    cones: ConePlans = field(default_factory=ConePlans)
    #: largest field of view among the products of some sets, by what they are
    widest: Recent[tuple[str | int, ...], float] = field(default_factory=lambda: Recent(1000))

    #: serving copies that were asked for
    used: set[str] = field(default_factory=set)

    def storage(self, table: TableMeta) -> Stored:
        """Return where the rows of `table` are."""
        found = self.stored[table.qualified_name]
        if found.serving is not None:
            self.used.add(found.serving)
        return found

    def note_use(self) -> None:
        """Stamp the copies that were asked for since the last call."""
        note_use(self.used.pop() for _ in range(len(self.used)))


class Shown:
    """The picture of the newest generation that `refresh` took up."""

    def __init__(self, data_root: Path) -> None:
        self.source = PictureSource(data_root)
        self._data_root = data_root
        self._stamp = stamp(data_root)
        self._now = self._load()

    def current(self) -> Current:
        """Return the picture together with where its rows are."""
        return self._now

    def changed(self) -> Current | None:
        """Return a newer picture, or one with new serving copies; None if there is none. `take_up` shows it."""
        copies = stamp(self._data_root)
        with repositories.session():
            if repositories.generation() == self._now.picture.generation and copies == self._stamp:
                return None
            self._stamp = copies
            return self._load()

    def take_up(self, fresh: Current) -> None:
        """Show `fresh` from now on."""
        self._now = fresh

    def _load(self) -> Current:
        loaded = self.source.load()
        return Current(loaded.picture, {**stored_tables(loaded.picture, self._data_root), **loaded.system})
