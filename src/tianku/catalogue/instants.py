"""Instants at which rows become public, as they are stored."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc


def to_seconds(instants: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return UTC timestamps as whole seconds since 1970, rounded up: nothing opens before its time."""
    micros = instants.cast(pa.timestamp("us")).cast(pa.int64())
    return pc.ceil(pc.divide(micros.cast(pa.float64()), 1e6)).cast(pa.int64())
