"""Ingest of light curves that are rows of a table: sources aggregated in one ordered pass, nothing copied."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from tianku.catalogue.engine import working_engine
from tianku.catalogue.manifest import ProductSetManifest, TableManifest
from tianku.catalogue.progress import Meter, Report
from tianku.model.config.table import TimeConfig
from tianku.model.errors import UsageError
from tianku.model.metadata import PUBLIC_FROM_COLUMN
from tianku.products.context import SetContext
from tianku.products.epoch_groups import Group, groups
from tianku.products.epoch_places import Locations
from tianku.products.epochs import DAYS, needed_columns
from tianku.products.index import HEADER, TABLE, index_schema
from tianku.products.ingest_finish import finish
from tianku.products.obscore import compile_mapping, header_names
from tianku.products.readers.curve_layout import Limits, julian
from tianku.products.timeseries import TimeFrame

_TEMPLATE = re.compile(r"([^{}]*)\{(\w+)\}([^{}]*)")
_KEY = r"^[A-Za-z0-9][A-Za-z0-9._:+=@-]{0,127}$"
_BATCH = 500_000


@dataclass(frozen=True)
class EpochTables:
    """The tables of a dataset that a set of light curves is made of, as they were just ingested below `root`."""

    root: Path
    epochs: TableManifest
    sources: TableManifest | None
    times: Sequence[TimeConfig]


def ingest_epochs(
    context: SetContext,
    tables: EpochTables,
    out: Path,
    memory_bytes: int = 1 << 30,
    threads: int = 2,
    progress: Report | None = None,
) -> ProductSetManifest:
    """Build the index and the ObsCore rows of a set of light curves under ``out/products/<set>``.

    Returns
    -------
    ProductSetManifest
        Sources whose id makes no key, and rows without one, are in its reject report.

    Raises
    ------
    UsageError
        The configuration is at fault: ``timeseries.*``, or what `compile_mapping` raises.
    """
    compile_mapping(context)
    job = _Job(context, tables)
    folder = out / "products" / context.name
    chunks = folder / "chunks"
    chunks.mkdir(parents=True, exist_ok=True)
    meter = Meter(progress)
    meter.stage("group epochs", tables.epochs.meta.nrows)
    with working_engine(chunks / "scratch", memory_bytes, threads) as con:
        grouped, rejects = job.group(con, chunks / "groups.parquet", meter)
        meter.stage("index and ObsCore")
        chunk = job.join_sources(con, grouped, chunks / "index.parquet")
    manifest = finish(context, out, folder, [chunk], rejects)
    meter.finish()
    for path in sorted(chunks.rglob("*"), reverse=True):
        path.unlink() if path.is_file() else path.rmdir()
    chunks.rmdir()
    return manifest.model_copy(update={"files": 0, "bytes": 0})


class _Job:
    def __init__(self, context: SetContext, tables: EpochTables) -> None:
        self.context, self.config, self.tables = context, context.config, tables
        meta = tables.epochs.meta
        names = [c.name for c in meta.columns]
        self.roles = needed_columns(self.config, names)
        if any(PUBLIC_FROM_COLUMN in pq.read_schema(f).names for f in self._files()[:1]):
            raise UsageError(
                "timeseries.rows_open_singly",
                "the rows of {table} open one by one; light curves need a table that opens as a whole",
                table=meta.name,
            )
        source = self.config.table_source
        assert source is not None  # needed_columns has checked it
        self.source = source
        self.frame = self._frame()
        self.before, self.after = self._template()

    def _files(self) -> list[Path]:
        return [self.tables.root / entry.path for entry in self.tables.epochs.files]

    def _frame(self) -> TimeFrame:
        """What the set says of its times, else what the table says of the column."""
        said = self.config.time
        assert said is not None  # needed_columns has checked it
        told = next((t for t in self.tables.times if t.column.lower() == (said.column or "").lower()), None)
        origin = said.origin if said.origin is not None else (told.origin if told else None)
        if origin is None or origin == "ISO":
            raise UsageError(
                "timeseries.no_origin",
                "neither keywords nor the name of column {column!r} say what its times count from; "
                "write `time: {{origin: …}}`, a Julian Date",
                column=said.column,
            )
        scale = said.scale or (told.scale if told else "UTC")
        place = said.refposition or (told.refposition if told else "TOPOCENTER")
        return TimeFrame(julian(origin) or 0.0, scale, place)

    def _template(self) -> tuple[str, str]:
        """What stands before and after the source's id in a key."""
        rule = self.config.key.first[0] if self.config.key else f"{{{self.source.group}}}"
        found = _TEMPLATE.fullmatch(rule)
        if found is None or found[2].lower() != self.source.group.lower():
            raise UsageError(
                "timeseries.table_key",
                "the key of light curves from a table is made of the source's id: write `key: {example}`",
                example=f'"{{{self.source.group}}}"',
            )
        return found[1], found[3]

    def group(
        self, con: duckdb.DuckDBPyConnection, target: Path, meter: Meter
    ) -> tuple[Path, list[tuple[str, str]]]:
        """Write one row per source and band, and return the rejects."""
        where = self._locations()
        rejects: list[tuple[str, str]] = []
        schema = pa.schema([*index_schema(()), pa.field("source_id", pa.string())])
        with pq.ParquetWriter(target, schema, compression="zstd") as writer:
            for group in groups(self._ordered(con, meter)):
                table = self._index_rows(group, where)
                valid = pc.match_substring_regex(table["key"], _KEY)
                rejects += self._refused(table.filter(pc.invert(valid)))
                writer.write_table(table.filter(valid).select(schema.names).cast(schema))
        nulls = self.tables.epochs.statistics.get(self.roles["group"])
        if nulls is not None and nulls.nulls:
            reason = f"key.none: {nulls.nulls} rows have no {self.roles['group']}"
            rejects.append((f"table {self.source.table}", reason))
        return target, rejects

    def _ordered(self, con: duckdb.DuckDBPyConnection, meter: Meter) -> Iterator[pa.RecordBatch]:
        """Rows (id, band, t in days, place of their row group), sorted by source, band and time."""
        column = {role: f'"{name}"' for role, name in self.roles.items()}
        band = f"coalesce(CAST({column['band']} AS VARCHAR), '')" if "band" in column else "''"
        sql = (
            f"SELECT {column['group']} AS id, {band} AS band, CAST({column['time']} AS DOUBLE) AS t, "
            "file_index AS file, file_row_number AS row "
            "FROM read_parquet($files, file_row_number=true, hive_partitioning=false) "
            f"WHERE {column['group']} IS NOT NULL ORDER BY id, band, t"
        )
        for batch in con.sql(sql, params={"files": [str(f) for f in self._files()]}).to_arrow_reader(_BATCH):
            meter.advance(len(batch))
            yield batch

    def _locations(self) -> Locations:
        folder = Path("tables") / self.tables.epochs.meta.name
        return Locations.of(self._files(), self.tables.root / folder)

    def _index_rows(self, group: Group, where: Locations) -> pa.Table:
        """Rows of the index for the sources of one batch."""
        count = len(group.points)
        days = DAYS[(self.config.time.unit if self.config.time else None) or "d"]
        ids = pc.cast(group.ids, pa.string())
        key = pc.binary_join_element_wise(self.before, ids, self.after, "")
        bands = group.bands if "band" in self.roles else pa.repeat(self._constant_band(), count)
        value = self.config.value
        part = pc.if_else(pc.equal(bands, ""), (value.column if value else "") or "", bands)
        facts = {"origin": self.frame.origin, "scale": self.frame.scale, "refposition": self.frame.refposition}
        opening = json.dumps(facts, separators=(",", ":"))[:-1] + ',"id":"'
        escaped = pc.replace_substring(pc.replace_substring(ids, "\\", "\\\\"), '"', '\\"')
        detail = pc.binary_join_element_wise(opening, escaped, '","rows":[', where.texts(group), "]}", "")
        width = 8 * len(self.roles)
        columns: dict[str, object] = {
            "source_id": ids,
            "key": key,
            "part": part,
            "part_kind": self._quantity(),
            "part_number": pa.array(group.number, pa.int32()),
            "band": pc.if_else(pc.equal(bands, ""), None, bands),
            "category": self.config.main,
            "store": TABLE,
            "path": self.source.table,
            "size": pa.array(group.points * width),
            "sha256": "",
            "crc32": 0,
            "layout": TABLE,
            "t_min": self._utc(group.first * days),
            "t_max": self._utc(group.last * days),
            "t_resolution": pa.array(group.step * days * 86400.0, from_pandas=True),
            "t_xel": pa.array(group.points),
            **self._spectral(bands),
            **self._observable(),
            "detail": detail,
            "notes": self._notes(),
        }
        schema = pa.schema([*index_schema(()), pa.field("source_id", pa.string())])
        return pa.table([_column(columns.get(f.name), f, count) for f in schema], schema=schema)

    def _utc(self, times: npt.NDArray[np.float64]) -> pa.Array:
        return pa.array(self.frame.utc_mjd(times), from_pandas=True)

    def _notes(self) -> str | None:
        place = self.frame.refposition
        return f"time.{place.lower()}" if place != "TOPOCENTER" else None

    def _constant_band(self) -> str:
        return (self.config.value.band if self.config.value else None) or ""

    def _quantity(self) -> str:
        unit, column = self._unit(), self.roles["value"]
        return "magnitude" if unit == "mag" or (unit is None and "mag" in column.lower()) else "flux"

    def _unit(self) -> str | None:
        column = self.tables.epochs.meta.column(self.roles["value"])
        said = self.config.value.unit if self.config.value else None
        return said if said is not None else (column.unit if column else None)

    def _observable(self) -> dict[str, object]:
        column, value = self.tables.epochs.meta.column(self.roles["value"]), self.config.value
        usual = "phot.mag" if self._quantity() == "magnitude" else "phot.flux"
        ucd = (value.ucd if value else None) or (column.ucd if column else None) or usual
        return {"o_unit": self._unit(), "o_ucd": ucd, "o_calib_status": value.calibration if value else None}

    def _spectral(self, bands: pa.Array) -> dict[str, object]:
        """Wavelength limits of each row's band, from `band.map`."""
        limits = {
            n: Limits.model_validate(v) for n, v in (self.config.band.map if self.config.band else {}).items()
        }
        at = pc.index_in(bands, value_set=pa.array(list(limits), pa.string()))
        low = pa.array([one.em_min for one in limits.values()], pa.float64())
        high = pa.array([one.em_max for one in limits.values()], pa.float64())
        return {"em_min": low.take(at), "em_max": high.take(at)}

    def _refused(self, table: pa.Table) -> list[tuple[str, str]]:
        label = f"table {self.source.table}"
        return [(label, f"key.none: {key!r} is no key of a product") for key in table["key"].unique().to_pylist()]

    def join_sources(self, con: duckdb.DuckDBPyConnection, grouped: Path, target: Path) -> Path:
        """Write the rows with what the table of sources says: position, and columns that `obscore:` reads."""
        sources, wanted = self.tables.sources, sorted(header_names(self.context))
        have = {c.name.lower(): c.name for c in sources.meta.columns} if sources else {}
        kept = [f's."{have[n]}"' if n in have else "NULL" for n in wanted]
        headers = [f'CAST({c} AS VARCHAR) AS "{HEADER}{n}"' for c, n in zip(kept, wanted, strict=True)]
        place = sources.meta.main_position if sources else None
        replaced = f'REPLACE (s."{place.ra}" AS ra, s."{place.dec}" AS dec)' if place else ""
        joined = ""
        if sources is not None:
            identifier = sources.meta.id_column or self.source.group
            # of several rows with one id the first counts
            joined = (
                f'LEFT JOIN (SELECT *, CAST("{identifier}" AS VARCHAR) AS join_id FROM read_parquet($sources, '
                "hive_partitioning=false, file_row_number=true) QUALIFY row_number() OVER "
                f'(PARTITION BY "{identifier}" ORDER BY file_index, file_row_number) = 1) s '
                "ON s.join_id = g.source_id"
            )
        columns = ", ".join([f"g.* EXCLUDE (source_id) {replaced}", *headers])
        files = [str(self.tables.root / e.path) for e in sources.files] if sources else []
        con.execute(
            f"COPY (SELECT {columns} FROM read_parquet($grouped) g {joined}) TO $target (FORMAT PARQUET)",
            {"grouped": str(grouped), "target": str(target)} | ({"sources": files} if sources else {}),
        )
        return target


def _column(value: object, field: pa.Field, count: int) -> pa.Array:
    if isinstance(value, pa.ChunkedArray):
        value = value.combine_chunks()
    if isinstance(value, pa.Array):
        return value.cast(field.type)
    return pa.nulls(count, field.type) if value is None else pa.repeat(pa.scalar(value, field.type), count)
