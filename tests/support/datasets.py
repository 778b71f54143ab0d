"""Small configured data sets for tests."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import yaml

from tianku.model.config.load import LoadedDataset, load_collection
from tianku.model.types import DataType, arrow_to_datatype
from tianku.products import expressions


def configured(root: Path, tables: dict, collection: dict | None = None, **dataset) -> LoadedDataset:
    """Write collection.yaml and dataset.yaml of data set ``demo/v1`` into `root` and load them."""
    root.mkdir(parents=True, exist_ok=True)
    said = {"collection": "demo", "title": "Demo", **(collection or {})}
    (root / "collection.yaml").write_text(yaml.safe_dump(said), encoding="utf-8")
    text = yaml.safe_dump({"dataset": "demo/v1", "tables": tables, **dataset}, sort_keys=False)
    (root / "dataset.yaml").write_text(text, encoding="utf-8")
    return load_collection(root / "collection.yaml")[1][0]


def evaluate(wanted: dict[str, tuple[str, DataType]], table: pa.Table) -> pa.Table:
    """Evaluate expression columns as the use case does."""
    table = table.rename_columns([expressions.canonical(n) for n in table.column_names])
    names = {f.name: arrow_to_datatype(f.type)[0] for f in table.schema}
    return expressions.evaluate({n: (expressions.check(t, names), k) for n, (t, k) in wanted.items()}, table)
