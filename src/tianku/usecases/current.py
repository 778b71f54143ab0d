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
from tianku.usecases.storage import stored_tables


@dataclass(frozen=True, slots=True)
class Current:
    """A picture, and where the rows of its tables are, by qualified name."""

    picture: Picture
    stored: Mapping[str, Stored]
    cones: ConePlans = field(default_factory=ConePlans)
    #: largest field of view among the products of some sets, by what they are
    widest: Recent[tuple[str | int, ...], float] = field(default_factory=lambda: Recent(1000))

    def storage(self, table: TableMeta) -> Stored:
        """Return where the rows of `table` are."""
        return self.stored[table.qualified_name]


class Shown:
    """The picture of the newest generation that `refresh` took up."""

    def __init__(self, data_root: Path) -> None:
        self.source = PictureSource(data_root)
        self._data_root = data_root
        self._now = self._load()

    def current(self) -> Current:
        """Return the picture together with where its rows are."""
        return self._now

    def changed(self) -> Current | None:
        """Return a newer picture if there is one; `take_up` makes it the current one."""
        with repositories.session():
            if repositories.generation() == self._now.picture.generation:
                return None
            return self._load()

    def take_up(self, fresh: Current) -> None:
        """Show `fresh` from now on."""
        self._now = fresh

    def _load(self) -> Current:
        loaded = self.source.load()
        return Current(loaded.picture, {**stored_tables(loaded.picture, self._data_root), **loaded.system})
