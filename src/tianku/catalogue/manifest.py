"""What a snapshot is made of: immutable manifests, written last and read first."""

from __future__ import annotations

from typing import Any, Literal

from tianku.model.metadata import Frozen, TableMeta

#: Version of the manifest format; a newer one is refused by name.
FORMAT = 2
#: most segments that a table may have beside its base
MOST_DELTAS = 8


class FileEntry(Frozen):
    """One file of a snapshot; `path` is relative to the snapshot directory."""

    path: str
    bytes: int
    sha256: str
    rows: int | None = None
    #: NESTED order-29 HEALPix range [first, last] of the rows, for pruning before any engine is asked
    healpix: tuple[int, int] | None = None
    #: of a file that is not ours, and may change: then `sha256` is that of its footer
    mtime_ns: int | None = None


class FileColumn(Frozen):
    """How a published column is read from files that are not ours."""

    name: str
    source: str
    #: NaN occurs, and is published as null
    nan: bool = False


class ColumnStatistics(Frozen):
    """Exact over all rows; `minimum` and `maximum` ignore null and NaN."""

    nulls: int = 0
    nans: int = 0
    minimum: float | int | str | None = None
    maximum: float | int | str | None = None
    max_bytes: int | None = None
    ascii: bool | None = None  # texts
    distinct: int | None = None  # approximate
    #: counts in equal bins between minimum and maximum (numbers)
    histogram: tuple[int, ...] = ()


class RejectSummary(Frozen):
    """Rows or files refused at ingest, by reason; the whole list is `report`."""

    total: int = 0
    reasons: dict[str, int] = {}
    report: str | None = None  # CSV: file,row,reason


class SnapshotRef(Frozen):
    """A snapshot of another dataset, whose files a table or set shares: their paths are relative to it."""

    dataset: str
    revision: int


class Delta(Frozen):
    """A segment that was added to a table: rows of new sources, sorted among themselves, a HATS catalogue too."""

    #: relative to the snapshot directory; the entries of its files are those of the table below it
    folder: str
    rows: int
    id_tables: dict[str, str] = {}
    sources: str | None = None


class TableManifest(Frozen):
    """One table of a snapshot: a base, and the segments that were added to it."""

    meta: TableMeta
    #: of the base, then of each delta
    files: tuple[FileEntry, ...]
    deltas: tuple[Delta, ...] = ()
    #: files beside those of rows: side tables, margins, what an addition needs to know
    beside: tuple[FileEntry, ...] = ()
    #: Parquet file of the source files that the base was made from (see `tianku.catalogue.source_files`)
    sources: str | None = None
    #: Parquet file of the least hashes of each column (see `tianku.catalogue.distinct`)
    sketches: str | None = None
    #: of tables that are served in place, from files that are only linked; else empty
    columns: tuple[FileColumn, ...] = ()
    #: DuckDB copy with the same rows in the same order; a cache that may be absent
    serving: str | None = None
    #: column -> Parquet file (value, _healpix_29) sorted by value, for id look-ups; of the base
    id_tables: dict[str, str] = {}
    statistics: dict[str, ColumnStatistics] = {}
    #: spatial coverage, ASCII MOC
    moc: str | None = None
    nulled: dict[str, int] = {}  # column -> sentinels turned to null
    rejects: RejectSummary = RejectSummary()
    #: what the operator should know: columns not read, units not understood, repeated ids
    warnings: tuple[str, ...] = ()
    #: rows carry the instant from which each is public (``_public_from``)
    by_row: bool = False
    #: the snapshot that the files are in, when it is another one
    shared: SnapshotRef | None = None
    #: digest of configuration and sources this was made from; equal digests make ingest a no-op
    digest: str | None = None
    #: digest of the configuration alone: rows may be added while it holds
    configured: str | None = None

    def id_files(self) -> dict[str, tuple[str, ...]]:
        """Return the side tables of each looked-up column, one of each segment."""
        return {
            column: (path, *(delta.id_tables[column] for delta in self.deltas))
            for column, path in self.id_tables.items()
        }


class ProductSetManifest(Frozen):
    """One product set of a snapshot.

    `index` is a Parquet file with one row per file (see `tianku.products.index`), `obscore`
    one with the ObsCore rows (29 mandatory columns and ours) that this set contributes.
    """

    name: str
    type: Literal["spectrum", "image", "timeseries", "dynamic-spectrum", "cube", "other"]
    index: FileEntry
    obscore: FileEntry | None = None
    #: files and folders by place (see `tianku.products.tree`); None in snapshots made before there were any
    tree: tuple[FileEntry, FileEntry] | None = None
    products: int = 0
    parts: int = 0
    files: int = 0
    bytes: int = 0
    rejects: RejectSummary = RejectSummary()
    skipped: int = 0  # files that belong to another set by `where`
    moc: str | None = None
    #: products carry the instant from which each is public (``_public_from``); how many have none
    by_row: bool = False
    never_public: int = 0
    #: the snapshot that all files but `obscore` are in, when it is another one
    shared: SnapshotRef | None = None
    #: digest of everything this was made from
    digest: str | None = None

    def entries(self) -> tuple[FileEntry, ...]:
        """Return the entries of all files."""
        return tuple(e for e in (self.index, self.obscore, *(self.tree or ())) if e is not None)


class SnapshotManifest(Frozen):
    """``manifest.json``: everything one revision of a dataset holds."""

    format: int = FORMAT
    dataset: str
    revision: int
    created: str  # UTC ISO with Z
    tianku: str  # version of the code
    #: the effective configuration (after `extends`), as JSON
    configuration: dict[str, Any]
    tables: dict[str, TableManifest] = {}
    products: dict[str, ProductSetManifest] = {}

    def refs(self) -> set[SnapshotRef]:
        """Return the other snapshots whose files this one shares."""
        shared = {one.shared for one in self.tables.values()} | {one.shared for one in self.products.values()}
        return {ref for ref in shared if ref is not None}
