"""What can be downloaded of a dataset, as its pages show it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tianku.pages.ports.cards import CollectionCard, DatasetCard, SetCard, TableCard
from tianku.usecases.downloads import Offered


@dataclass(frozen=True, slots=True)
class TableFiles:
    """A table with its whole files."""

    card: TableCard
    files: tuple[Offered, ...]


@dataclass(frozen=True, slots=True)
class FolderView:
    """A product set as a folder of files."""

    set: SetCard
    path: str


@dataclass(frozen=True, slots=True)
class DownloadsView:
    """All there is to download of a dataset."""

    card: DatasetCard
    collection: CollectionCard
    tables: tuple[TableFiles, ...]
    folders: tuple[FolderView, ...]

    @property
    def path(self) -> str:
        """The folder of everything."""
        return f"/sas/{self.card.id}/"


def downloads_view(
    card: DatasetCard, collection: CollectionCard, files: Sequence[Offered], sets: Sequence[SetCard]
) -> DownloadsView:
    """Return what can be downloaded; `sets` are those that have a folder."""
    tables = [TableFiles(table, tuple(f for f in files if f.file.table == table.name)) for table in card.tables]
    folders = [FolderView(one, f"/sas/{card.id}/{one.name}/") for one in sets]
    return DownloadsView(card, collection, tuple(t for t in tables if t.files), tuple(folders))
