"""The segments of a table as one: its rows sorted and partitioned anew, from what is stored."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from tianku.catalogue.assemble import Resources, Segment, assemble
from tianku.catalogue.ingest import path_of
from tianku.catalogue.layout import Layout, layout_of
from tianku.catalogue.manifest import RejectSummary, TableManifest
from tianku.catalogue.partition import SkyCounts
from tianku.catalogue.progress import Meter, Report
from tianku.catalogue.source_files import SKETCHES, SOURCES, read_sources, write_sketches, write_sources
from tianku.catalogue.statistics import Statistics
from tianku.model.config.dataset import DatasetConfig
from tianku.model.metadata import HEALPIX_COLUMN
from tianku.sky import moc as mocs
from tianku.storage.files import require_room

_ROWS = 1 << 16


@dataclass(slots=True)
class _StoredRows:
    """The rows of Parquet files, counted as they pass."""

    files: list[Path]
    statistics: Statistics
    meter: Meter
    sky: SkyCounts
    error: BaseException | None = None

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        for path in self.files:
            with pq.ParquetFile(path) as file:
                for batch in file.iter_batches(_ROWS):
                    self.statistics.first(batch)
                    if HEALPIX_COLUMN in batch.schema.names:
                        index = batch[HEALPIX_COLUMN]
                        self.sky.add(index.drop_null().to_numpy(), index.null_count)
                    self.meter.advance(len(batch))
                    yield batch.replace_schema_metadata(None)


def compact_table(
    config: DatasetConfig,
    table: str,
    base: TableManifest,
    folder: Path,
    out_dir: Path,
    *,
    resources: Resources | None = None,
    progress: Report | None = None,
) -> TableManifest:
    """Write all segments of a table of the snapshot in `folder` as one base below ``out_dir/tables/<table>/``.

    Raises
    ------
    TransientError
        ``storage.full``, ``ingest.memory``.
    """
    require_room(out_dir)
    meter = Meter(progress)
    files = [folder / entry.path for entry in base.files]
    schema = pq.read_schema(files[0]).remove_metadata()
    statistics = Statistics(schema)
    rows = _StoredRows(files, statistics, meter, SkyCounts())
    layout = layout_of(config, table, schema, base.meta.positions, out_dir, out_dir / "tables" / table)
    segment = assemble(rows, layout, resources or Resources(), meter, base.meta.nrows)
    _beside(segment, layout, base, folder, statistics)
    meter.finish()
    unique = [c for c in layout.unique if c in segment.ids and segment.ids[c].remark() is None]
    return base.model_copy(
        update={
            "meta": base.meta.model_copy(update={"unique": tuple(unique)}),
            "files": tuple(segment.files),
            "deltas": (),
            "beside": tuple(segment.beside),
            "sources": path_of(segment.beside, SOURCES),
            "sketches": path_of(segment.beside, SKETCHES),
            "id_tables": {column: made.entry.path for column, made in segment.ids.items()},
            "statistics": statistics.result({name: one.nans for name, one in base.statistics.items()}),
            "moc": mocs.to_ascii(segment.coverage) if segment.coverage is not None else None,
            "rejects": _rejects(base, folder, layout),
            "warnings": tuple(dict.fromkeys([*base.warnings, *segment.remarks])),
        }
    )


def _beside(segment: Segment, layout: Layout, base: TableManifest, folder: Path, statistics: Statistics) -> None:
    sources = read_sources(folder, base)
    if sources is not None:
        entry = write_sources(layout.folder / SOURCES, sources.digests, sources.schema, layout.root)
        segment.beside.append(entry)
    segment.beside.append(write_sketches(layout.folder / SKETCHES, statistics.sketches(), layout.root))


def _rejects(base: TableManifest, folder: Path, layout: Layout) -> RejectSummary:
    if base.rejects.report is None:
        return base.rejects
    report = layout.folder / "rejects.csv"
    shutil.copyfile(folder / base.rejects.report, report)
    return base.rejects.model_copy(update={"report": str(report.relative_to(layout.root))})
