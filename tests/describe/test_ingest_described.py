"""Tables are ingested from what `describe` writes, with no line by hand."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tianku.catalogue.ingest import ingest_table
from tianku.catalogue.manifest import TableManifest
from tianku.model.config import LoadedDataset, load_collection
from tianku.usecases.check import check
from tianku.usecases.describe import TableDescription

from .draw import TABLES
from .real import described


def _ingested(source: Path, folder: Path) -> tuple[TableDescription, LoadedDataset, TableManifest]:
    found = described(source)
    (folder / "collection.yaml").write_text(found.collection_yaml())
    (folder / "dataset.yaml").write_text(found.to_yaml())
    _, (loaded,) = load_collection(folder / "collection.yaml")
    loaded = replace(loaded, source_root=found.root)
    (folder / "snapshot").mkdir()
    return found.tables[0], loaded, ingest_table(loaded, found.tables[0].name, folder / "snapshot")


@pytest.mark.parametrize("table", TABLES)
def test_no_line_by_hand_is_needed(test_data: Path, tmp_path: Path, table: str) -> None:
    found, loaded, manifest = _ingested(test_data / table, tmp_path)
    assert [f for f in check(loaded) if f.severity == "error"] == []
    meta = manifest.meta
    assert manifest.rejects.total == 0
    assert meta.nrows == found.rows
    assert meta.id_column == found.id
    assert (meta.main_position is None) == (found.main_position is None)
    for column in found.columns:
        published = meta.column(column.name)
        assert published is not None
        assert (published.unit or "") == (column.unit or "")
        assert published.ucd == column.ucd
        assert manifest.nulled.get(column.name, 0) == sum(column.stats.candidates[n] for n in column.null)
