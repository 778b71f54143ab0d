"""Ingest of one table: files in, a sorted, partitioned, described HATS catalogue out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import tianku
from tianku.catalogue.assemble import Resources, Segment, assemble
from tianku.catalogue.clustering import clustered_by
from tianku.catalogue.elements import ElementRows, element_rows, origin
from tianku.catalogue.in_place import publish_in_place
from tianku.catalogue.layout import layout_of
from tianku.catalogue.manifest import ColumnStatistics, FileEntry, TableManifest
from tianku.catalogue.normalise import Counts, Normaliser
from tianku.catalogue.partition import SkyCounts
from tianku.catalogue.plan import Evaluate, TablePlan, plan_table
from tianku.catalogue.positions import plan_positions
from tianku.catalogue.progress import Meter, Report
from tianku.catalogue.rejects import Rejects
from tianku.catalogue.rows import Rows
from tianku.catalogue.source_files import (
    SKETCHES,
    SOURCES,
    SourceFiles,
    file_digests,
    write_sketches,
    write_sources,
)
from tianku.catalogue.sources import (
    OpenFile,
    common_schema,
    configuration_digest,
    open_files,
    table_digest,
    table_files,
    wider,
)
from tianku.catalogue.statistics import Before, Statistics
from tianku.catalogue.table_meta import build_meta
from tianku.model.config.load import LoadedDataset
from tianku.model.errors import UsageError
from tianku.model.metadata import PUBLIC_FROM_COLUMN
from tianku.sky import moc as mocs
from tianku.storage.failpoints import failpoint
from tianku.storage.files import require_room


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
    # before anything is read: what changes meanwhile is noticed next time
    digest = table_digest(dataset, table, tianku.__version__)
    files = table_files(dataset, table)
    folder = out_dir / "tables" / table
    work = TableWork(dataset, table, files, out_dir, folder, Meter(progress), resources, evaluate)
    manifest = work.run()
    return manifest.model_copy(update={"digest": digest})


@dataclass(frozen=True, slots=True)
class Earlier:
    """The segments that rows are added to."""

    statistics: Before
    sources: SourceFiles


class TableWork:
    """Reading source files to one segment of a table, written below `folder`."""

    def __init__(
        self,
        dataset: LoadedDataset,
        table: str,
        paths: Sequence[Path],
        root: Path,
        folder: Path,
        meter: Meter,
        resources: Resources,
        evaluate: Evaluate | None,
        earlier: Earlier | None = None,
    ) -> None:
        self.dataset, self.table, self.root, self.folder = dataset, table, root, folder
        self.resources, self.meter = resources, meter
        self.rejects = Rejects(folder / "rejects.csv")
        self.digests = file_digests(dataset, paths)
        meter.stage("open")
        source = origin(dataset, table)
        known = earlier.sources.types if earlier else None
        self.files = open_files(dataset, source, paths, self.rejects, known=known)
        schema, remarks = common_schema(self.files)
        if earlier is not None:
            _check_fit(table, self.files, earlier.sources)
            schema = earlier.sources.schema
        self.source_schema = schema
        plan = plan_table(dataset, source, schema)
        self.remarks = [*remarks, *plan.warnings]
        self.positions = plan_positions(
            dataset.config.tables[source].positions, [c.meta.name for c in plan.columns]
        )
        self.normaliser: Normaliser | ElementRows = Normaliser(plan, self.positions, evaluate)
        if source != table:
            self.normaliser, self.positions = element_rows(dataset, table, self.normaliser), ()
        self.plan: TablePlan = self.normaliser.plan
        for name in clustered_by(dataset.config, table):
            self.plan.published(name)
        self.schema = self.normaliser.schema
        self.statistics = Statistics(self.schema, earlier.statistics if earlier else None)
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

    def run(self) -> TableManifest:
        """Write the segment as the base of a table."""
        segment = self.write()
        self.meter.finish()
        return self._manifest(segment)

    def write(self) -> Segment:
        """Write the segment with what later additions need to know.

        Raises
        ------
        UsageError
            ``ingest.no_rows``
        """
        positions = [p.meta() for p in self.positions]
        layout = layout_of(self.dataset.config, self.table, self.schema, positions, self.root, self.folder)
        segment = assemble(self.rows, layout, self.resources, self.meter, _expected(self.files))
        if not segment.files:
            raise self._nothing_left()
        failpoint("ingest.before_manifest")
        self.remarks += segment.remarks
        if self.digests:  # a database has no files
            sources = write_sources(self.folder / SOURCES, self.digests, self.source_schema, self.root)
            segment.beside.append(sources)
        segment.beside.append(write_sketches(self.folder / SKETCHES, self.statistics.sketches(), self.root))
        return segment

    def nulled(self) -> dict[str, int]:
        """Return how many values of each column were made null because they stand for it."""
        counts = self.rows.counts.nulled
        sources = {c.source: c.meta.name for c in self.plan.columns if c.source is not None}
        for file in self.files:
            for source, count in file.source.nulled.items():
                counts[sources.get(source, source)] += count
        return {name: count for name, count in counts.items() if name in self.schema.names}

    def _nothing_left(self) -> UsageError:
        reasons = self.rejects.close(self.root).reasons
        said = "; ".join(f"{count} × {reason}" for reason, count in list(reasons.items())[:3])
        return UsageError(
            "ingest.no_rows",
            "table {table}: its files hold no row that can be published ({reasons})",
            table=self.table,
            reasons=said or "they are empty",
        )

    def never_public(self, statistics: dict[str, ColumnStatistics]) -> list[str]:
        """Remark rows that never open by themselves."""
        never = statistics[PUBLIC_FROM_COLUMN].nulls if self.plan.public_from is not None else 0
        return [f"{never:,} rows have no date from which they are public and stay closed"] if never else []

    def _manifest(self, segment: Segment) -> TableManifest:
        statistics = self.statistics.result(self.rows.counts.nans)
        unique = tuple(
            c
            for c in unique_columns(self.dataset, self.table, self.plan)
            if c in segment.ids and segment.ids[c].remark() is None
        )
        return TableManifest(
            meta=build_meta(
                self.dataset, self.table, self.plan, self.positions, statistics, unique, self.statistics.rows
            ),
            files=tuple(segment.files),
            id_tables={column: made.entry.path for column, made in segment.ids.items()},
            beside=tuple(segment.beside),
            sources=path_of(segment.beside, SOURCES),
            sketches=path_of(segment.beside, SKETCHES),
            statistics=statistics,
            moc=mocs.to_ascii(segment.coverage) if segment.coverage is not None else None,
            nulled=self.nulled(),
            rejects=self.rejects.close(self.root),
            warnings=tuple(dict.fromkeys([*self.remarks, *self.never_public(statistics)])),
            by_row=self.plan.public_from is not None,
            configured=configuration_digest(self.dataset, self.table),
        )


def unique_columns(dataset: LoadedDataset, table: str, plan: TablePlan) -> list[str]:
    """Return the columns that are said to be unique, in their published spelling."""
    said = dataset.config.tables[table]
    wanted = dict.fromkeys([*([said.id] if said.id else []), *said.unique])
    return [c.meta.name for name in wanted if (c := plan.column(name)) is not None]


def path_of(entries: Sequence[FileEntry], name: str) -> str | None:
    """Return the path of the entry whose file is called `name`."""
    return next((e.path for e in entries if e.path.endswith(f"/{name}")), None)


def _check_fit(table: str, files: Sequence[OpenFile], earlier: SourceFiles) -> None:
    """Added files may lack columns, but bring no new ones and none of a wider type."""
    for file in files:
        for found in file.reader.schema:
            place = earlier.schema.get_field_index(found.name)
            kind = earlier.schema.field(place).type if place >= 0 else None
            if kind is None or wider(kind, found.type) != kind:
                raise UsageError(
                    "append.columns",
                    "table {table}: {file} has the column {column} ({type}), which does not fit the rows that are"
                    " there; ingest the whole table again, without --append",
                    table=table,
                    file=file.label,
                    column=found.name,
                    type=str(found.type),
                )


def _expected(files: list[OpenFile]) -> int | None:
    totals = [f.reader.total for f in files]
    return sum(t for t in totals if t is not None) if all(t is not None for t in totals) else None
