"""A small schema with random stars, and queries run on it by a plain in-memory DuckDB."""

from __future__ import annotations

import duckdb
import numpy as np
import pyarrow as pa
from sqlglot import exp

from tianku.adql.parser import parse
from tianku.adql.resolve import resolve
from tianku.adql.schema import Resolved
from tianku.model.metadata import Column, Position, TableMeta
from tianku.model.types import DataType as D

STARS = TableMeta(
    schema_name="survey_dr1",
    name="stars",
    columns=(
        Column(name="id", type=D.INT64, ucd="meta.id;meta.main", description="Identifier"),
        Column(name="ra", type=D.FLOAT64, unit="deg", ucd="pos.eq.ra;meta.main", utype="stc:ra"),
        Column(name="dec", type=D.FLOAT64, unit="deg", ucd="pos.eq.dec;meta.main"),
        Column(name="teff", type=D.FLOAT32, unit="K", ucd="phys.temperature", description="Temperature"),
        Column(name="mag", type=D.FLOAT32, unit="mag", ucd="phot.mag"),
        Column(name="n", type=D.INT16),
        Column(name="class", type=D.STRING),
        Column(name="size", type=D.FLOAT64, unit="arcsec"),
        Column(name="seen", type=D.TIMESTAMP),
    ),
    positions=(Position(ra="ra", dec="dec", main=True),),
    id_column="id",
    unique=("id",),
)
PAIRS = TableMeta(
    schema_name="survey_dr1",
    name="pairs",
    columns=(
        Column(name="id", type=D.INT64),
        Column(name="other", type=D.INT64),
        Column(name="sep", type=D.FLOAT64, unit="arcsec"),
        Column(name="Mixed", type=D.INT32),
    ),
)


class View:
    """A schema view over the two tables; `hide` are values of ``_dataset`` nobody may see."""

    def __init__(self, hide: int | None = None) -> None:
        self.tables = {"stars": STARS, "pairs": PAIRS}
        self.hide = hide

    def find(self, schema: str | None, table: str) -> TableMeta | None:
        known = schema is None or schema.lower() in ("survey", "survey_dr1")
        return self.tables.get(table.lower()) if known else None

    def names(self) -> list[str]:
        return [t.qualified_name for t in self.tables.values()]

    def computed(self, table: TableMeta) -> dict[str, exp.Expression]:
        return {}

    def row_filter(self, table: TableMeta) -> exp.Expression | None:
        if self.hide is None:
            return None
        return exp.NEQ(this=exp.column("_dataset", quoted=True), expression=exp.Literal.number(self.hide))


def positions(count: int, seed: int = 7) -> tuple[np.ndarray, np.ndarray]:
    """Random directions, crowded at the poles, at RA 0 and around (150, 2)."""
    random = np.random.default_rng(seed)
    ra = random.uniform(0, 360, count)
    dec = np.degrees(np.arcsin(random.uniform(-1, 1, count)))
    part = count // 6
    dec[:part] = 90 - random.exponential(0.5, part)
    dec[part : 2 * part] = -90 + random.exponential(0.5, part)
    ra[2 * part : 3 * part] = random.normal(0, 0.5, part) % 360
    dec[2 * part : 3 * part] = random.normal(0, 0.5, part)
    ra[3 * part : 4 * part] = 150 + random.normal(0, 1e-3, part)
    dec[3 * part : 4 * part] = 2 + random.normal(0, 1e-3, part)
    return ra, np.clip(dec, -90, 90)


def stars(count: int = 3000) -> pa.Table:
    """Rows of STARS with the internal columns."""
    random = np.random.default_rng(11)
    ra, dec = positions(count)
    return pa.table(
        {
            "id": np.arange(count) + 9_007_199_254_740_993,  # not exact in double
            "ra": ra,
            "dec": dec,
            "teff": np.round(random.uniform(3000, 9000, count)).astype(np.float32),
            "mag": random.choice(np.float32([0.1, 12.3, 14.5, np.nan]), count),
            "n": random.integers(-5, 5, count).astype(np.int16),
            "class": random.choice(["STAR", "Galaxy", "QSO"], count),
            "size": random.uniform(0, 5, count),
            "seen": pa.array(np.arange(count) * 3_600_000_000, pa.timestamp("us")),
            "_dataset": (np.arange(count) % 2).astype(np.int32),
        }
    )


def pairs() -> pa.Table:
    """Rows of PAIRS: every tenth star with the next one."""
    base = np.arange(0, 3000, 10)
    return pa.table(
        {
            "id": base + 9_007_199_254_740_993,
            "other": base + 1 + 9_007_199_254_740_993,
            "sep": base / 10.0,
            "Mixed": (base % 7).astype(np.int32),
            "_dataset": (base % 4).astype(np.int32),
        }
    )


CONNECTION = duckdb.connect(config={"threads": 1})
DATA = {"stars": stars(), "pairs": pairs()}


def resolved(query: str, hide: int | None = None) -> Resolved:
    """Parse and resolve."""
    return resolve(parse(query), View(hide))


def run(query: str, hide: int | None = None) -> pa.Table:
    """Parse, resolve and run."""
    answer = resolved(query, hide)
    for key, ref in answer.references.items():
        CONNECTION.register(key, DATA[ref.table.name])
    table = CONNECTION.sql(answer.tree.sql("duckdb")).to_arrow_table()
    assert table.column_names == [c.name for c in answer.columns]
    return table


def ids(query: str, hide: int | None = None) -> set[int]:
    """Row numbers of the stars that a query gives (its first column is id)."""
    return {v - 9_007_199_254_740_993 for v in run(query, hide).column(0).to_pylist()}
