"""New source files of a table as a segment of their own: what is there already is linked, not written again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow.parquet as pq

import tianku
from tianku.catalogue.assemble import Resources, Segment
from tianku.catalogue.clustering import clustered_by
from tianku.catalogue.engine import working_engine
from tianku.catalogue.ingest import Earlier, TableWork, path_of, unique_columns
from tianku.catalogue.manifest import MOST_DELTAS, Delta, RejectSummary, TableManifest
from tianku.catalogue.plan import Evaluate
from tianku.catalogue.progress import Meter, Report
from tianku.catalogue.source_files import SKETCHES, SOURCES, SourceFiles, file_digests, read_sketches, read_sources
from tianku.catalogue.sources import configuration_digest, label, table_digest, table_files
from tianku.catalogue.statistics import Before
from tianku.catalogue.table_meta import build_meta
from tianku.catalogue.writing import MAX_MOC_RUNS, bounded_runs
from tianku.model.config.load import LoadedDataset
from tianku.model.errors import UsageError
from tianku.sky import moc as mocs
from tianku.storage.files import link_tree, require_room


@dataclass(frozen=True, slots=True)
class Added:
    """The files that a table has more than it had, and what is known of the others."""

    files: tuple[Path, ...]
    sources: SourceFiles


def added_files(dataset: LoadedDataset, table: str, base: TableManifest, folder: Path) -> Added:
    """Return the source files that are new since `base`, a table of the snapshot in `folder`.

    Raises
    ------
    UsageError
        ``append.*``: rows cannot only be added.
    """
    if base.columns or clustered_by(dataset.config, table):
        raise _refused(table, "its rows are served in place, or kept together by source")
    if base.configured != configuration_digest(dataset, table):
        raise _refused(table, "its configuration changed")
    sources = read_sources(folder, base)
    if sources is None or base.sketches is None:
        raise _refused(table, "its rows do not come from files, or its snapshot was made before files were noted")
    files = table_files(dataset, table)
    known = {label(path, dataset.source_root): path for path in files}
    gone = [name for name in sources.digests if name not in known]
    if gone:
        raise _refused(table, f"the file {gone[0]} is gone")
    before = [path for name, path in known.items() if name in sources.digests]
    changed = [name for name, digest in file_digests(dataset, before).items() if sources.digests[name] != digest]
    if changed:
        raise _refused(table, f"the file {changed[0]} changed")
    return Added(tuple(path for name, path in known.items() if name not in sources.digests), sources)


def _refused(table: str, reason: str) -> UsageError:
    return UsageError(
        "append.refused",
        "table {table}: nothing can be added to it: {reason}; ingest it again without --append",
        table=table,
        reason=reason,
    )


def append_table(
    dataset: LoadedDataset,
    table: str,
    base: TableManifest,
    folder: Path,
    out_dir: Path,
    *,
    resources: Resources | None = None,
    progress: Report | None = None,
    evaluate: Evaluate | None = None,
) -> TableManifest:
    """Link a table of the snapshot in `folder` into `out_dir`, and write its new source files as one more segment.

    Raises
    ------
    UsageError
        ``append.refused``, ``append.columns``, ``append.full``, and as `ingest_table`.
    TransientError
        ``storage.full``, ``ingest.memory``.
    """
    require_room(out_dir)
    digest = table_digest(dataset, table, tianku.__version__)
    added = added_files(dataset, table, base, folder)
    link_tree(folder / "tables" / table, out_dir / "tables" / table)
    if not added.files:
        return base.model_copy(update={"digest": digest})
    if len(base.deltas) >= MOST_DELTAS:
        raise UsageError(
            "append.full",
            "table {table} has {count} added segments already; `tianku optimise {dataset}` makes them one",
            table=table,
            count=len(base.deltas),
            dataset=dataset.config.dataset,
        )
    addition = _Addition(dataset, table, base, added, out_dir, resources or Resources(), progress, evaluate)
    return addition.run().model_copy(update={"digest": digest})


class _Addition:
    def __init__(
        self,
        dataset: LoadedDataset,
        table: str,
        base: TableManifest,
        added: Added,
        root: Path,
        resources: Resources,
        progress: Report | None,
        evaluate: Evaluate | None,
    ) -> None:
        self.dataset, self.table, self.base, self.root = dataset, table, base, root
        self.resources, self.meter = resources, Meter(progress)
        self.folder = root / "tables" / table / "deltas" / f"{len(base.deltas) + 1:04d}"
        before = Before(base.meta.nrows or 0, base.statistics, read_sketches(root / (base.sketches or "")))
        earlier = Earlier(before, added.sources)
        self.work = TableWork(
            dataset, table, added.files, root, self.folder, self.meter, self.resources, evaluate, earlier
        )

    def run(self) -> TableManifest:
        """Write the segment and return the manifest of all."""
        segment = self.work.write()
        statistics = self.work.statistics
        if stale := statistics.stale():
            self.meter.stage("histograms", self.base.meta.nrows)
            statistics.look_again(pq.ParquetFile(self.root / f.path).read(columns=stale) for f in self.base.files)
        repeats = self._repeats(segment)
        self.meter.finish()
        return self._manifest(segment, repeats)

    def _repeats(self, segment: Segment) -> dict[str, str]:
        """Return a remark for each unique column whose new values are there already."""
        remarks = {}
        wanted = unique_columns(self.dataset, self.table, self.work.plan)
        with working_engine(self.folder / ".scratch", self.resources.memory_bytes // 2, 2) as con:
            for column in (c for c in wanted if c in segment.ids and c in self.base.id_tables):
                there = [str(self.root / path) for path in self.base.id_files()[column]]
                found = con.execute(
                    "SELECT count(*), min(value)::VARCHAR FROM (SELECT DISTINCT value FROM read_parquet($new)) new"
                    " SEMI JOIN read_parquet($there) USING (value)",
                    {"new": str(self.root / segment.ids[column].entry.path), "there": there},
                ).fetchall()
                count, example = found[0]
                if count:
                    remarks[column] = (
                        f"{column} is configured as unique, but {count:,} of the added values are there already"
                        f" (such as {example}); both rows are kept, and it is not offered as a key"
                    )
        return remarks

    def _manifest(self, segment: Segment, repeats: dict[str, str]) -> TableManifest:
        work, base = self.work, self.base
        nans = {name: one.nans + work.rows.counts.nans.get(name, 0) for name, one in base.statistics.items()}
        statistics = work.statistics.result(nans)
        unique = tuple(
            name for name in base.meta.unique if name not in repeats and segment.ids[name].remark() is None
        )
        nulled = dict(Counter(base.nulled) + Counter(work.nulled()))
        remarks = [*base.warnings, *work.remarks, *repeats.values(), *work.never_public(statistics)]
        delta = Delta(
            folder=str(self.folder.relative_to(self.root)),
            rows=work.statistics.seen,
            id_tables={column: made.entry.path for column, made in segment.ids.items()},
            sources=path_of(segment.beside, SOURCES),
        )
        rows = work.statistics.rows
        return base.model_copy(
            update={
                "meta": build_meta(self.dataset, self.table, work.plan, work.positions, statistics, unique, rows),
                "files": (*base.files, *segment.files),
                "deltas": (*base.deltas, delta),
                "beside": (*base.beside, *segment.beside),
                "sketches": path_of(segment.beside, SKETCHES),
                "statistics": statistics,
                "moc": self._coverage(segment),
                "nulled": nulled,
                "rejects": self._rejects(),
                "warnings": tuple(dict.fromkeys(remarks)),
            }
        )

    def _coverage(self, segment: Segment) -> str | None:
        if segment.coverage is None or self.base.moc is None:
            return self.base.moc
        base, added = mocs.from_ascii(self.base.moc), segment.coverage
        if base.max_order < added.max_order:
            added = added.degrade_to_order(base.max_order)
        return mocs.to_ascii(bounded_runs(base | added, MAX_MOC_RUNS))

    def _rejects(self) -> RejectSummary:
        """All refused rows in one report, those of the added files first."""
        new, old = self.work.rejects.close(self.root), self.base.rejects
        if new.report is None or old.report is None:
            return new if old.report is None else old
        with (self.root / old.report).open("rb") as earlier, (self.root / new.report).open("ab") as report:
            earlier.readline()
            while block := earlier.read(1 << 20):
                report.write(block)
        reasons: Sequence[tuple[str, int]] = (Counter(new.reasons) + Counter(old.reasons)).most_common()
        return RejectSummary(total=new.total + old.total, reasons=dict(reasons), report=new.report)
