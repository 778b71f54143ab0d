"""In which order the rows of a table without positions are kept."""

from __future__ import annotations

from tianku.model.config.dataset import DatasetConfig


def clustered_by(config: DatasetConfig, table: str) -> tuple[str, ...]:
    """Return the columns that rows are sorted by: source and time where light curves are made from the table."""
    for products in config.products.values():
        source = products.table_source
        if source is not None and source.table == table:
            time = products.time.column if products.time else None
            return (source.group, time) if time else (source.group,)
    return ()
