"""The metadata that a freshly ingested table publishes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tianku.catalogue.manifest import ColumnStatistics
from tianku.catalogue.plan import TablePlan
from tianku.catalogue.positions import PositionPlan
from tianku.model.config.load import LoadedDataset
from tianku.model.metadata import Column, ForeignKey, TableMeta


def build_meta(
    dataset: LoadedDataset,
    table: str,
    plan: TablePlan,
    positions: Sequence[PositionPlan],
    statistics: Mapping[str, ColumnStatistics],
    unique: Sequence[str],
    rows: int,
) -> TableMeta:
    """Combine configuration, plan and statistics to what queries see."""
    said = dataset.config.tables[table]
    main = next((p for p in positions if p.main), None)
    indexed = {*unique, *((main.ra, main.dec) if main else ())}
    columns = [c.meta for c in plan.columns] + [c for p in positions for c in p.added]
    if plan.public_from is not None:  # what is measured over all rows would tell of those still closed
        statistics = {name: ColumnStatistics(ascii=False, nulls=1) for name in statistics}
    identifier = plan.column(said.id) if said.id else None
    return TableMeta(
        schema_name=dataset.config.schema_name,
        name=table,
        kind=said.kind,
        title=said.title,
        description=said.description,
        columns=tuple(_completed(c, statistics[c.name], c.name in indexed) for c in columns),
        positions=tuple(p.meta() for p in positions),
        id_column=identifier.meta.name if identifier else None,
        unique=tuple(unique),
        foreign_keys=_foreign_keys(dataset, table),
        nrows=rows,
    )


def _completed(column: Column, found: ColumnStatistics, indexed: bool) -> Column:
    measured = {
        "max_bytes": found.max_bytes,
        "ascii": found.ascii,
        "nullable": found.nulls > 0,
        "indexed": column.indexed or indexed,
    }
    return column.model_copy(update=measured)


def _foreign_keys(dataset: LoadedDataset, table: str) -> tuple[ForeignKey, ...]:
    return tuple(
        ForeignKey(columns=(r.source_column,), target=r.target_table, target_columns=(r.target_column,))
        for r in dataset.config.relations
        if r.source_table == table
    )
