"""How the rows of a table are kept: their order, the columns that are looked up, where their files are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from tianku.catalogue.clustering import clustered_by
from tianku.catalogue.parquet_files import ROW_GROUP, SMALL_ROW_GROUP
from tianku.model.config.dataset import DatasetConfig
from tianku.model.metadata import HEALPIX_COLUMN, PUBLIC_FROM_COLUMN, Position


@dataclass(frozen=True, slots=True)
class Layout:
    """How one segment is written.

    Attributes
    ----------
    root
        Folder that the paths of entries are relative to.
    folder
        Where this segment's files go.
    name
        What the HATS catalogue calls itself.
    order
        Columns that rows are sorted by, null last; none keeps them as they come.
    unique, looked_up
        Columns said to be unique, and all that get a side table.
    margin
        Arcsec around each partition, None for no margin.
    """

    root: Path
    folder: Path
    name: str
    schema: pa.Schema
    order: tuple[str, ...]
    unique: tuple[str, ...]
    looked_up: tuple[str, ...]
    position: Position | None
    margin: float | None
    row_group: int


def layout_of(
    config: DatasetConfig, table: str, schema: pa.Schema, positions: Sequence[Position], root: Path, folder: Path
) -> Layout:
    """Return how a segment of `table` with the physical columns of `schema` is written below `folder`."""
    said = config.tables[table]
    names = {name.lower(): name for name in schema.names}
    wanted = [*([said.id] if said.id else []), *said.unique]
    unique = tuple(dict.fromkeys(names[w.lower()] for w in wanted if w.lower() in names))
    # what is equal for all observations of one source is looked up like an id
    uid = names.get(config.identity.uid.lower()) if config.identity else None
    placed = HEALPIX_COLUMN in schema.names
    clustered = tuple(names[c.lower()] for c in clustered_by(config, table))
    order = clustered if not placed else (HEALPIX_COLUMN,)
    if placed and PUBLIC_FROM_COLUMN in schema.names:
        order = (*order, PUBLIC_FROM_COLUMN, *unique)  # so that hidden rows move no others
    return Layout(
        root=root,
        folder=folder,
        name=f"{config.schema_name}.{table}",
        schema=schema,
        order=order,
        unique=unique,
        looked_up=tuple(dict.fromkeys([*unique, *([uid] if uid else [])])),
        position=next((p for p in positions if p.main), None) if placed else None,
        margin=said.margin,
        row_group=SMALL_ROW_GROUP if clustered else ROW_GROUP,
    )
