"""Ingest of one table: files in, a sorted, partitioned, described HATS catalogue out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pyarrow as pa

import tianku
from tianku.catalogue.clustering import clustered_by
from tianku.catalogue.elements import ElementRows, element_rows, origin
from tianku.catalogue.engine import working_engine
from tianku.catalogue.hats import write_hats_files
from tianku.catalogue.id_tables import IdTable, build_id_table, check_unique
from tianku.catalogue.in_place import publish_in_place
from tianku.catalogue.manifest import ColumnStatistics, FileEntry, TableManifest
from tianku.catalogue.margin import write_margin
from tianku.catalogue.normalise import Counts, Normaliser
from tianku.catalogue.parquet_files import MAX_BYTES, MAX_ROWS, ROW_GROUP, SMALL_ROW_GROUP
from tianku.catalogue.partition import Partition, SkyCounts
from tianku.catalogue.plan import Evaluate, TablePlan, plan_table
from tianku.catalogue.positions import plan_positions
from tianku.catalogue.progress import Meter, Report
from tianku.catalogue.rejects import Rejects
from tianku.catalogue.rows import Rows
from tianku.catalogue.sources import OpenFile, common_schema, open_files, table_digest, table_files
from tianku.catalogue.statistics import Statistics
from tianku.catalogue.table_meta import build_meta
from tianku.catalogue.writing import MAX_MOC_RUNS, Writer, bounded_moc, cut_by_count, cut_by_sky
from tianku.model.config.load import LoadedDataset
from tianku.model.errors import UsageError
from tianku.model.metadata import HEALPIX_COLUMN, PUBLIC_FROM_COLUMN
from tianku.sky import moc as mocs
from tianku.storage.failpoints import failpoint
from tianku.storage.files import require_room


@dataclass(frozen=True, slots=True)
class Resources:
    """What an ingest may use."""

    memory_bytes: int = 2 << 30
    threads: int = 2
    max_rows: int = MAX_ROWS


def ingest_table(
    dataset: LoadedDataset,
    table: str,
    out_dir: Path,
    *,
    resources: Resources | None = None,
    progress: Report | None = None,
    evaluate: Evaluate | None = None,
) -> TableManifest:
    """Read the files of a table and write it below ``out_dir/tables/<table>/``.

    Parameters
    ----------
    out_dir
        Snapshot folder under construction; the manifest's paths are relative to it.
    progress
        Called about twice a second and at the end of each stage.
    evaluate
        Evaluator of `expression` columns.

    Returns
    -------
    TableManifest
        Without a serving copy (`tianku.catalogue.serving.build_serving_copy` makes it later).

    Raises
    ------
    UsageError
        Nothing readable, or a configuration that does not fit the source.
    TransientError
        ``storage.full``, ``ingest.memory``.
    """
    resources = resources or Resources()
    require_room(out_dir)
    source = dataset.config.tables[table].from_
    if source is not None and source.hats:
        digest = table_digest(dataset, table, tianku.__version__)
        memory, threads = resources.memory_bytes, resources.threads
        return publish_in_place(dataset, table, out_dir, digest, memory, threads, Meter(progress))
    return _Job(dataset, table, out_dir, resources, Meter(progress), evaluate).run()


class _Job:
    def __init__(
        self,
        dataset: LoadedDataset,
        table: str,
        out_dir: Path,
        resources: Resources,
        meter: Meter,
        evaluate: Evaluate | None,
    ) -> None:
        self.dataset, self.table, self.root = dataset, table, out_dir
        self.resources, self.meter = resources, meter
        self.folder = out_dir / "tables" / table
        self.rejects = Rejects(self.folder / "rejects.csv")
        paths = table_files(dataset, table)
        # before anything is read: what changes meanwhile is noticed next time
        self.digest = table_digest(dataset, table, tianku.__version__)
        meter.stage("open")
        source = origin(dataset, table)
        self.files = open_files(dataset, source, paths, self.rejects)
        schema, remarks = common_schema(self.files)
        plan = plan_table(dataset, source, schema)
        self.remarks = [*remarks, *plan.warnings]
        self.positions = plan_positions(
            dataset.config.tables[source].positions, [c.meta.name for c in plan.columns]
        )
        self.normaliser: Normaliser | ElementRows = Normaliser(plan, self.positions, evaluate)
        if source != table:
            self.normaliser, self.positions = element_rows(dataset, table, self.normaliser), ()
        self.plan: TablePlan = self.normaliser.plan
        self.schema = self.normaliser.schema
        self.statistics = Statistics(self.schema)
        self.rows = Rows(
            self.files,
            self.normaliser,
            self.rejects,
            meter,
            resources.threads,
            self.statistics,
            SkyCounts(),
            Counts(),
        )
        rows = SMALL_ROW_GROUP if clustered_by(dataset, table) else ROW_GROUP
        self.writer = Writer(out_dir, self.schema, self.statistics, resources.threads, rows)

    def run(self) -> TableManifest:
        placed = HEALPIX_COLUMN in self.schema.names
        scratch, share = self.folder / ".scratch", self.resources.memory_bytes // 2
        with working_engine(scratch, share, self.resources.threads) as con:
            self.meter.stage("read and sort" if placed else "read and write", _expected(self.files))
            entries = self._write_sorted(con) if placed else self._write_unplaced(con)
            failpoint("ingest.after_write")
            if not self.statistics.rows:
                raise self._nothing_left()
            data = [self.root / entry.path for entry in entries]
            self.meter.stage("ids", self.statistics.rows)
            ids = self._id_tables(con, data) if placed else self._check_ids(con, data)
            arcsec = self.dataset.config.tables[self.table].margin
            if arcsec and not placed:
                self.remarks.append("`margin:` is not written: the table has no positions")
            elif arcsec:
                name = f"{self.dataset.config.schema_name}.{self.table}"
                main = next(p for p in self.positions if p.main).meta()
                write_margin(con, self.folder, name, data, self.partitions, main, arcsec)
        coverage = self._coverage() if placed else None
        failpoint("ingest.before_manifest")
        self.meter.finish()
        return self._manifest(entries, ids, coverage)

    def _write_sorted(self, con: duckdb.DuckDBPyConnection) -> list[FileEntry]:
        with self._ordered(con, self._order()) as rows:
            parts = cut_by_sky(self._sorted(rows), self._partitions, self.folder)
            return self.writer.write_all(parts, self.meter.advance)

    def _write_unplaced(self, con: duckdb.DuckDBPyConnection) -> list[FileEntry]:
        """Rows without positions stay as they come, but those of a light curve stand together."""
        columns = [self.plan.published(name) for name in clustered_by(self.dataset, self.table)]
        if not columns:
            return self._write_in_order(self.rows, lambda _: None)
        order = ", ".join(f'"{name}" NULLS LAST' for name in columns)
        with self._ordered(con, order) as rows:
            return self._write_in_order(self._sorted(rows), self.meter.advance)

    def _write_in_order(self, rows: Iterable[pa.RecordBatch], written: Callable[[int], None]) -> list[FileEntry]:
        parts = cut_by_count(rows, self.resources.max_rows, MAX_BYTES, self.folder)
        return self.writer.write_all(parts, written)

    @contextmanager
    def _ordered(self, con: duckdb.DuckDBPyConnection, order: str) -> Iterator[pa.RecordBatchReader]:
        """All rows of the table, sorted by the engine; what fails while they are read is told by its own name."""
        incoming = pa.RecordBatchReader.from_batches(self.schema, iter(self.rows))
        con.register("incoming", incoming)
        try:
            yield con.sql(f"SELECT * FROM incoming ORDER BY {order}").to_arrow_reader(131_072)
        except (duckdb.Error, pa.ArrowException):
            if self.rows.error is not None:
                raise self.rows.error from None
            raise
        finally:
            con.unregister("incoming")

    def _order(self) -> str:
        """The sky; where rows open one by one also when and which, so that hidden rows move no others."""
        order = [f'"{HEALPIX_COLUMN}" NULLS LAST']
        if self.plan.public_from is not None:
            order += [f'"{c}" NULLS LAST' for c in (PUBLIC_FROM_COLUMN, *self._unique_columns())]
        return ", ".join(order)

    def _sorted(self, batches: pa.RecordBatchReader) -> Iterator[pa.RecordBatch]:
        for number, batch in enumerate(batches):
            if number == 0:
                self.meter.stage("write", self.statistics.rows)
            yield batch

    def _partitions(self) -> list[Partition]:
        width = max(1, self.statistics.bytes // max(1, self.statistics.rows))
        self.max_rows = max(1000, min(self.resources.max_rows, MAX_BYTES // width))
        self.partitions = self.rows.sky.partitions(self.max_rows)
        return self.partitions

    def _unique_columns(self) -> list[str]:
        said = self.dataset.config.tables[self.table]
        wanted = dict.fromkeys([*([said.id] if said.id else []), *said.unique])
        return [c.meta.name for name in wanted if (c := self.plan.column(name)) is not None]

    def _id_tables(self, con: duckdb.DuckDBPyConnection, data: list[Path]) -> dict[str, IdTable]:
        made = {}
        unique = self._unique_columns()
        for column in dict.fromkeys([*unique, *self._identity_columns()]):
            target = self.folder / "ids" / f"{column}.parquet"
            made[column] = build_id_table(con, column, data, target, self.root)
            made[column].nulls = self.statistics.nulls(column)
            if column in unique and (remark := made[column].remark()):
                self.remarks.append(remark)
        return made

    def _identity_columns(self) -> list[str]:
        """The column that is equal for all observations of one source is looked up like an id."""
        identity = self.dataset.config.identity
        plan = self.plan.column(identity.uid) if identity else None
        return [plan.meta.name] if plan is not None else []

    def _check_ids(self, con: duckdb.DuckDBPyConnection, data: list[Path]) -> dict[str, IdTable]:
        for column in self._unique_columns():
            if remark := check_unique(con, column, data):
                self.remarks.append(remark)
        return {}

    def _coverage(self) -> str:
        coverage = bounded_moc(self.writer.covered(), MAX_MOC_RUNS)
        main = next(p for p in self.positions if p.main)
        name = f"{self.dataset.config.schema_name}.{self.table}"
        fraction = float(coverage.sky_fraction)
        write_hats_files(self.folder, name, self.schema, self.partitions, main.meta(), self.max_rows, fraction)
        return mocs.to_ascii(coverage)

    def _nothing_left(self) -> UsageError:
        reasons = self.rejects.close(self.root).reasons
        said = "; ".join(f"{count} × {reason}" for reason, count in list(reasons.items())[:3])
        return UsageError(
            "ingest.no_rows",
            "table {table}: its files hold no row that can be published ({reasons})",
            table=self.table,
            reasons=said or "they are empty",
        )

    def _never_public(self, statistics: dict[str, ColumnStatistics]) -> list[str]:
        never = statistics[PUBLIC_FROM_COLUMN].nulls if self.plan.public_from is not None else 0
        return [f"{never:,} rows have no date from which they are public and stay closed"] if never else []

    def _manifest(self, entries: list[FileEntry], ids: dict[str, IdTable], coverage: str | None) -> TableManifest:
        nulled = self.rows.counts.nulled
        sources = {c.source: c.meta.name for c in self.plan.columns if c.source is not None}
        for file in self.files:
            for source, count in file.source.nulled.items():
                nulled[sources.get(source, source)] += count
        statistics = self.statistics.result(self.rows.counts.nans)
        wanted = self._unique_columns()
        unique = tuple(c for c, made in ids.items() if c in wanted and made.remark() is None)
        return TableManifest(
            meta=build_meta(
                self.dataset, self.table, self.plan, self.positions, statistics, unique, self.statistics.rows
            ),
            files=tuple(entries),
            id_tables={column: made.entry.path for column, made in ids.items()},
            statistics=statistics,
            moc=coverage,
            nulled={name: count for name, count in nulled.items() if name in statistics},
            rejects=self.rejects.close(self.root),
            warnings=tuple(dict.fromkeys([*self.remarks, *self._never_public(statistics)])),
            by_row=self.plan.public_from is not None,
            digest=self.digest,
        )


def _expected(files: list[OpenFile]) -> int | None:
    totals = [f.reader.total for f in files]
    return sum(t for t in totals if t is not None) if all(t is not None for t in totals) else None
