"""A centre over a few rows in memory: everything real but ingest and the state database."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cdshealpix
import numpy as np
import pyarrow as pa
from astropy import units as u
from astropy.coordinates import Latitude, Longitude

from tianku.catalogue.manifest import SnapshotManifest, TableManifest
from tianku.engines.duckdb import DuckDBEngine
from tianku.model.config.site import SiteConfig
from tianku.model.metadata import HEALPIX_COLUMN, Column, Position, TableMeta, schema_name
from tianku.model.types import DataType
from tianku.planner.cones import ConePlans
from tianku.planner.stored import Stored
from tianku.usecases.picture import Picture, Published, build_picture
from tianku.usecases.viewer import OBSCORE_UTYPE

OPEN, CLOSED = "sky/dr1", "secret/dr1"
STARS = 500

_COLUMNS = (
    Column(name="source_id", type=DataType.INT64, ucd="meta.id;meta.main", principal=True, nullable=False),
    Column(name="ra", type=DataType.FLOAT64, unit="deg", ucd="pos.eq.ra;meta.main", principal=True),
    Column(name="dec", type=DataType.FLOAT64, unit="deg", ucd="pos.eq.dec;meta.main", principal=True),
    Column(
        name="mag", type=DataType.FLOAT32, unit="mag", ucd="phot.mag;em.opt.V", description="magnitude <V> & more"
    ),
    Column(name="name", type=DataType.STRING, ucd="meta.id"),
    Column(name="seen", type=DataType.TIMESTAMP),
)


def stars(seed: int = 1, count: int = STARS) -> pa.Table:
    """Return rows of `_COLUMNS` all over the sky, with nulls, NaN and a large identifier; sorted by HEALPix."""
    random = np.random.default_rng(seed)
    ra = random.uniform(0, 360, count)
    dec = np.degrees(np.arcsin(random.uniform(-1, 1, count)))
    ra[0], dec[0] = 10.0, 20.0
    cell = cdshealpix.lonlat_to_healpix(Longitude(ra * u.deg), Latitude(dec * u.deg), 29).astype(np.int64)
    mag = random.uniform(5, 15, count).astype(np.float32)
    mag[1] = np.nan
    identifiers = np.arange(count) + 2**60
    table = pa.table(
        {
            "source_id": identifiers,
            "ra": ra,
            "dec": dec,
            "mag": pa.array(mag, mask=np.arange(count) == 2),
            "name": [f"star {i} 星 <&>" for i in range(count)],
            "seen": pa.array(np.datetime64("2020-01-01T00:00:00", "us") + np.arange(count), pa.timestamp("us")),
            HEALPIX_COLUMN: cell,
        }
    )
    return table.sort_by(HEALPIX_COLUMN)


def meta(dataset: str, name: str = "stars", rows: int = STARS, identifier: str | None = "source_id") -> TableMeta:
    """Return the metadata of a table of `stars`."""
    return TableMeta(
        schema_name=schema_name(dataset), name=name, title="Stars & more", columns=_COLUMNS, id_column=identifier,
        positions=(Position(name="main", ra="ra", dec="dec", main=True, epoch=2016.0),
                   Position(name="other", ra="ra", dec="dec")),
        nrows=rows,
    )  # fmt: skip


def published(dataset: str, tables: list[TableMeta], **config: Any) -> Published:
    """Return a data set as the state database would say it is published."""
    configuration = {
        "dataset": {"dataset": dataset, "title": {"en": "Sky", "zh": "天"}, "tables": {t.name: {} for t in tables}}
        | config,
        "collection": {"collection": dataset.partition("/")[0], "title": "Collection"},
    }
    manifest = SnapshotManifest(
        dataset=dataset, revision=1, created="2026-01-01T00:00:00Z", tianku="0", configuration=configuration,
        tables={t.name: TableManifest(meta=t, files=()) for t in tables},
    )  # fmt: skip
    return Published(dataset, 1, Path("/nowhere"), manifest)


@dataclass(frozen=True)
class FakeCurrent:
    """As `tianku.usecases.centre.Current`."""

    picture: Picture
    stored: dict[str, Stored]
    cones: ConePlans = field(default_factory=ConePlans)

    def storage(self, table: TableMeta) -> Stored:
        return self.stored[table.qualified_name]


@dataclass
class FakeCentre:
    """As `tianku.usecases.centre.Centre`, over rows in memory.

    `closed` adds a data set nobody may see, `listed` one whose existence alone is public.
    """

    data_root: Path
    closed: bool = False
    listed: bool = False
    obscore: bool = False
    limits: dict[str, Any] = field(default_factory=dict)
    site_more: dict[str, Any] = field(default_factory=dict)
    clock: Callable[[], float] = time.time

    def __post_init__(self) -> None:
        self.site = SiteConfig.model_validate(
            {"authority": "test.example", "title": {"en": "Test", "zh": "测试"}, "limits": self.limits}
            | self.site_more
        )
        self.originals = self.data_root / "originals"
        self.short = self.long = _Engine((), threads=2, memory_bytes=1 << 29, temp_dir=self.data_root / "tmp")
        tables = {"stars": meta(OPEN), "unnamed": meta(OPEN, "unnamed", identifier=None)}
        datasets = [published(OPEN, list(tables.values()), description="All <of> it")]
        stored = {t.qualified_name: self._stored(t, stars()) for t in tables.values()}
        if self.closed or self.listed:
            hidden = meta(CLOSED, rows=7)
            who = {level: ["group:x"] for level in ("existence", "metadata", "data")}
            if self.listed:
                who["existence"] = ["public"]
            datasets.append(published(CLOSED, [hidden], access=who))
            stored[hidden.qualified_name] = self._stored(hidden, stars(2, 7))
        system = {}
        if self.obscore:
            system, stored = _obscore(stored)
        self._current = FakeCurrent(dataclasses.replace(build_picture(7, datasets, {}), system=system), stored)

    @staticmethod
    def _stored(table: TableMeta, rows: pa.Table) -> Stored:
        return Stored(f"{table.qualified_name}@1", rows.schema, rows.num_rows, table=rows)

    def picture(self) -> Picture:
        return self._current.picture

    def current(self) -> FakeCurrent:
        return self._current

    def close(self) -> None:
        self.short.close()


class _Engine(DuckDBEngine):
    def children(self) -> int:
        return 0


def _obscore(stored: dict[str, Stored]) -> tuple[dict[str, TableMeta], dict[str, Stored]]:
    columns = (
        Column(name="obs_publisher_did", type=DataType.STRING, ucd="meta.ref.ivoid", std=True),
        Column(name="access_url", type=DataType.STRING, ucd="meta.ref.url", std=True),
        Column(name="access_format", type=DataType.STRING, ucd="meta.code.mime", std=True),
        Column(name="s_ra", type=DataType.FLOAT64, unit="deg", ucd="pos.eq.ra", std=True),
    )
    rows = pa.table(
        {
            "obs_publisher_did": ["ivo://test.example/sky/dr1/s?1"],
            "access_url": ["/vo/datalink/links?ID=x"],
            "access_format": ["application/x-votable+xml;content=datalink"],
            "s_ra": [1.0],
            "_policy": [1],
        }
    )
    table = TableMeta(schema_name="ivoa", name="obscore", kind="system", utype=OBSCORE_UTYPE, columns=columns)
    return {"ivoa.obscore": table}, stored | {"ivoa.obscore": Stored("ivoa.obscore@1", rows.schema, 1, table=rows)}
