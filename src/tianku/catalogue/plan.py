"""Decide, once per table, what each published column is made of."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import pyarrow as pa

from tianku.catalogue.names import published_names
from tianku.catalogue.units import Conversion, convert_unit
from tianku.model.config.load import LoadedDataset
from tianku.model.config.rights import public_from
from tianku.model.config.table import ColumnConfig, PositionConfig, TableConfig
from tianku.model.errors import UsageError
from tianku.model.metadata import HEALPIX_COLUMN, PUBLIC_FROM_COLUMN, Bit, Column
from tianku.model.text import Text
from tianku.model.types import DataType, arrow_to_datatype
from tianku.model.vocabulary import ucd_problem

#: columns that a HATS or hive-partitioned source adds; they are made anew or left out
_INTERNAL = frozenset({HEALPIX_COLUMN, PUBLIC_FROM_COLUMN, "Norder", "Dir", "Npix"})
Sentinels = tuple[float | int | str, ...]


@dataclass(frozen=True, slots=True)
class ColumnPlan:
    """How one published column is made: from a source column or an expression."""

    meta: Column
    source: str | None = None
    expression: str | None = None
    factor: float = 1.0
    nulls: Sentinels = ()
    split: str | None = None


@dataclass(frozen=True, slots=True)
class TablePlan:
    """All columns of a table, in published order, and remarks for the report."""

    columns: tuple[ColumnPlan, ...]
    warnings: tuple[str, ...] = ()
    #: sentinels of source columns that only expressions read
    nulls: Sentinels = ()
    #: SQL over the published columns: when each row becomes public
    public_from: str | None = None

    def column(self, name: str) -> ColumnPlan | None:
        """The plan of the published column `name`, compared without case."""
        return next((c for c in self.columns if c.meta.name.lower() == name.lower()), None)

    def published(self, name: str) -> str:
        """The spelling of a published column (``ingest.no_column`` where there is none)."""
        return _find(name, [c.meta.name for c in self.columns], "column")

    @property
    def expressions(self) -> dict[str, tuple[str, DataType]]:
        """Published name -> (SQL expression, type)."""
        return {c.meta.name: (c.expression, c.meta.type) for c in self.columns if c.expression is not None}


def source_types(dataset: LoadedDataset, table: str) -> dict[str, DataType]:
    """Declared types by source column name, for readers of text."""
    config = dataset.config.tables[table]
    split = set(config.lists)
    shared = {n: c for n, c in dataset.dictionary.items() if c.type is not None}
    types = {c.name: c.type for c in shared.values() if c.name not in split}
    for own in config.columns:
        column = dataset.column(table, own.name)
        if column.type is not None and column.expression is None:
            is_list = column.split is not None or own.name in split
            types[column.source or column.name] = DataType.STRING if is_list else column.type
    return {name: kind for name, kind in types.items() if kind is not None}


def null_texts(dataset: LoadedDataset, table: str) -> tuple[frozenset[str], dict[str, frozenset[str]]]:
    """Texts that mean null before a text file is typed: of all columns, and of single source columns."""
    everywhere = frozenset(str(n) for n in dataset.nulls(table) if isinstance(n, str))
    single = {}
    for own in dataset.config.tables[table].columns:
        said = dataset.column(table, own.name)
        if said.null is not None:
            single[said.source or said.name] = frozenset(str(n) for n in said.null if isinstance(n, str))
    return everywhere, single


def plan_table(dataset: LoadedDataset, table: str, schema: pa.Schema) -> TablePlan:
    """Combine what the source says with what the configuration says.

    Raises
    ------
    UsageError
        ``ingest.no_column`` when the configuration names a column that the source lacks.
    """
    config = dataset.config.tables[table]
    warnings: list[str] = []
    plans = [
        _plan_source(dataset, table, schema.field(source), name, config, warnings)
        for source, name in _selected(config, schema)
    ]
    plan = TablePlan(
        tuple(_in_order(config, plans, dataset, table)),
        tuple(warnings),
        dataset.nulls(table),
        public_from(dataset.config, dataset.collection, config),
    )
    _check_names(config, plan)
    return plan


def _in_order(
    config: TableConfig, plans: Sequence[ColumnPlan], dataset: LoadedDataset, table: str
) -> list[ColumnPlan]:
    """Add expression columns: in the place of a source column of their name, else at the end.

    With ``only`` the configuration's order holds.
    """
    made = {c.name: _plan_expression(dataset, table, c) for c in config.columns if c.expression is not None}
    if config.only:
        named = {p.meta.name: p for p in plans} | made
        return [named[c.name] for c in config.columns]
    instead = {name.lower(): plan for name, plan in made.items()}
    ordered = [instead.pop(p.meta.name.lower(), p) for p in plans]
    return ordered + list(instead.values())


def _selected(config: TableConfig, schema: pa.Schema) -> Iterator[tuple[str, str]]:
    """Yield (source name, published name) of the columns that are published, in source order."""
    declared = {}
    for column in config.columns:
        if column.expression is None:
            declared[_find(column.source or column.name, schema.names, "column")] = column.name
    left_out = {name.lower() for name in config.exclude}
    automatic = published_names(n for n in schema.names if n not in declared and n not in _INTERNAL)
    for source in schema.names:
        if source in declared:
            yield source, declared[source]
        elif source in automatic and not config.only and source.lower() not in left_out:
            yield source, automatic[source]


def _find(name: str, names: Sequence[str], what: str) -> str:
    folded = {n.lower(): n for n in reversed(names)}
    if name in names:
        return name
    if name.lower() in folded:
        return folded[name.lower()]
    near = difflib.get_close_matches(name.lower(), folded, n=1)
    hint = f"; did you mean {folded[near[0]]}?" if near else ""
    raise UsageError(
        "ingest.no_column",
        "the configuration names the {what} {name!r}, the source has no such column{hint} (it has {known})",
        what=what,
        name=name,
        hint=hint,
        known=", ".join(list(names)[:40]),
    )


def _plan_source(
    dataset: LoadedDataset, table: str, field: pa.Field, name: str, config: TableConfig, warnings: list[str]
) -> ColumnPlan:
    said = dataset.column(table, name)
    facts = {k.decode(): v.decode() for k, v in (field.metadata or {}).items()}
    kind, size = arrow_to_datatype(field.type)
    splitter = said.split or config.lists.get(name, {}).get("split")
    if splitter:
        element = config.lists.get(name, {}).get("type")
        kind, size = said.type or (DataType(element) if element else DataType.STRING), "*"
    unit = _unit(said, facts.get("unit"), name, config, warnings)
    if said.type is not None:
        kind = said.type
    elif unit.factor != 1.0 and kind not in (DataType.FLOAT32, DataType.FLOAT64):
        kind = DataType.FLOAT64
    meta = _meta(dataset, said, name, kind, said.arraysize if splitter is None and size else size, unit)
    if not meta.ucd and facts.get("ucd") and ucd_problem(facts["ucd"]) is None:
        meta = meta.model_copy(update={"ucd": facts["ucd"]})
    stated = {key: facts[key] for key in ("utype", "xtype") if facts.get(key) and not getattr(meta, key)}
    meta = meta.model_copy(update=stated) if stated else meta
    if not meta.description and facts.get("description"):
        meta = meta.model_copy(update={"description": Text(en=facts["description"])})
    if size is not None and meta.arraysize is None:
        meta = meta.model_copy(update={"arraysize": size})
    nulls = said.null if said.null is not None else dataset.nulls(table)
    return ColumnPlan(meta, source=field.name, factor=unit.factor, nulls=nulls, split=splitter)


def _unit(
    said: ColumnConfig, source: str | None, name: str, config: TableConfig, warnings: list[str]
) -> Conversion:
    wanted = said.unit
    if wanted is None and _is_angle(name, config.positions) and (said.source_unit or source):
        wanted = "deg"  # positions are published in degrees whatever the source uses
    conversion = convert_unit(said.source_unit or source, wanted)
    if conversion.problem:
        warnings.append(f"{name}: {conversion.problem}")
    return conversion


def _is_angle(name: str, positions: Sequence[PositionConfig]) -> bool:
    return any(name.lower() in (p.ra.lower(), p.dec.lower()) for p in positions if p.format == "degrees")


def _plan_expression(dataset: LoadedDataset, table: str, own: ColumnConfig) -> ColumnPlan:
    said = dataset.column(table, own.name)
    meta = _meta(dataset, said, own.name, said.type or DataType.FLOAT64, None, Conversion(said.unit))
    nulls = said.null if said.null is not None else ()
    return ColumnPlan(meta, expression=said.expression, nulls=nulls)


def _meta(
    dataset: LoadedDataset, said: ColumnConfig, name: str, kind: DataType, size: str | None, unit: Conversion
) -> Column:
    bits: Mapping[str, tuple[Bit, ...]] = dataset.collection.bits
    return Column(
        name=name,
        type=kind,
        arraysize=size,
        unit=unit.unit,
        original_unit=unit.original,
        ucd=said.ucd,
        utype=said.utype,
        xtype=said.xtype,
        description=said.description,
        bits=bits.get(said.bits, ()) if said.bits else (),
        principal=said.principal,
    )


def _check_names(config: TableConfig, plan: TablePlan) -> None:
    names = [c.meta.name for c in plan.columns]
    wanted = [(config.id, "id")] if config.id else []
    wanted += [(u, "unique column") for u in config.unique]
    for position in config.positions:
        for role in ("ra", "dec", "pm_ra", "pm_dec", "parallax", "radial_velocity"):
            if (column := getattr(position, role)) is not None:
                wanted.append((column, f"{role} of position {position.name}"))
        if isinstance(position.epoch, str):
            wanted.append((position.epoch, f"epoch of position {position.name}"))
    for name, what in wanted:
        _find(name, names, what)


#: evaluates expression columns: ({name: (SQL, type)}, source columns) -> table of these columns
Evaluate = Callable[[Mapping[str, tuple[str, DataType]], pa.Table], pa.Table]
