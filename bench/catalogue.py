"""A synthetic survey catalogue of 17 columns with a non-uniform sky; the seed is fixed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

SEED = 20260101
BATCH = 500_000
_CLASSES = np.array(["STAR", "GALAXY", "QSO", "UNKNOWN"])
_SUBCLASSES = np.array([f"{t}{d}" for t in "OBAFGKM" for d in (0, 1, 2, 3, 5, 7, 9)])

SCHEMA = pa.schema(
    [
        ("obsid", pa.int64()),
        ("ra", pa.float64()),
        ("dec", pa.float64()),
        *[(f"mag_{band}", pa.float32()) for band in "ugriz"],
        *[(name, pa.float32()) for name in ("teff", "logg", "feh", "rv", "snr_g", "z")],
        ("class", pa.string()),
        ("subclass", pa.string()),
        ("mjd", pa.int32()),
    ]
)


def batches(rows: int, seed: int = SEED) -> Iterator[pa.RecordBatch]:
    """Yield the catalogue in batches, in no order on the sky."""
    for number, start in enumerate(range(0, rows, BATCH)):
        count = min(BATCH, rows - start)
        yield _batch(start, count, np.random.default_rng([seed, number]))


def write(path: Path, rows: int, seed: int = SEED) -> Path:
    """Write the catalogue as one Parquet file, once."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_suffix(".part")
        with pq.ParquetWriter(draft, SCHEMA, compression="zstd") as writer:
            for batch in batches(rows, seed):
                writer.write_batch(batch)
        draft.rename(path)
    return path


def _sky(count: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Three quarters crowd around a great circle tilted like the Galaxy's, the rest is uniform."""
    crowded = int(count * 0.75)
    longitude = rng.uniform(0, 2 * np.pi, count)
    latitude = np.arcsin(rng.uniform(-1, 1, count))
    latitude[:crowded] = np.clip(rng.laplace(0, np.radians(12), crowded), -1.57, 1.57)
    x = np.cos(latitude) * np.cos(longitude)
    y = np.cos(latitude) * np.sin(longitude)
    z = np.sin(latitude)
    tilt = np.radians(62.9)
    y, z = y * np.cos(tilt) - z * np.sin(tilt), y * np.sin(tilt) + z * np.cos(tilt)
    order = rng.permutation(count)
    return np.degrees(np.arctan2(y, x))[order] % 360.0, np.degrees(np.arcsin(np.clip(z, -1, 1)))[order]


def _batch(start: int, count: int, rng: np.random.Generator) -> pa.RecordBatch:
    ra, dec = _sky(count, rng)
    g = 14 + 6 * rng.beta(3, 1.5, count)
    missing = rng.random(count) < 0.15
    ids = (np.arange(start, start + count, dtype=np.uint64) * np.uint64(0x9E3779B1)) & np.uint64((1 << 36) - 1)

    def single(values: np.ndarray, mask: np.ndarray | None = None) -> pa.Array:
        return pa.array(np.round(values, 3).astype(np.float32), mask=mask)

    columns = [pa.array(ids.astype(np.int64)), pa.array(ra), pa.array(dec)]
    columns += [single(g + shift + rng.normal(0, 0.1, count)) for shift in (1.4, 0.0, -0.5, -0.7, -0.8)]
    columns += [
        single(3500 + 4500 * rng.beta(2, 3, count), missing),
        single(4.5 - 3 * rng.beta(1, 3, count), missing),
        single(rng.normal(-0.3, 0.4, count), missing),
        single(rng.normal(0, 45, count)),
        single(rng.lognormal(3, 0.8, count)),
        single(rng.exponential(0.05, count)),
        pa.array(_CLASSES[np.searchsorted([0.86, 0.95, 0.98], rng.random(count))]),
        pa.array(_SUBCLASSES[np.minimum(rng.gamma(12, 2.2, count), 48).astype(int)]),
        pa.array((55800 + rng.integers(0, 4300, count)).astype(np.int32)),
    ]
    return pa.RecordBatch.from_arrays(columns, schema=SCHEMA)
