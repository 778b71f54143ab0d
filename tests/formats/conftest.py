"""Tables that every writer must carry."""

from __future__ import annotations

from datetime import datetime

import pyarrow as pa
import pytest

from tianku.model.metadata import Column


@pytest.fixture
def columns() -> list[Column]:
    """One column of every kind."""
    return [
        Column(name="id", type="int64", ucd="meta.id;meta.main", description="Identifier <&\"'>"),
        Column(name="ra", type="float64", unit="deg", ucd="pos.eq.ra;meta.main"),
        Column(name="mag", type="float32", unit="mag"),
        Column(name="name", type="string"),
        Column(name="seen", type="timestamp", description="first seen"),
        Column(name="ok", type="boolean"),
        Column(name="flag", type="uint8"),
        Column(name="n", type="int16"),
        Column(name="box", type="float32", arraysize="3"),
        Column(name="counts", type="int32", arraysize="*"),
    ]


@pytest.fixture
def table(columns: list[Column]) -> pa.Table:
    """Three rows with nulls, NaN, infinities, markup and Chinese."""
    values = [
        [1, None, -(2**62)],
        [1.5, float("nan"), None],
        [0.1, float("inf"), float("-inf")],
        ['a<&>"],\t\n', "天库 \U0001d53d", None],
        [datetime(2020, 1, 1), None, datetime(2021, 2, 3, 4, 5, 6, 700_000)],
        [True, False, None],
        [1, 255, None],
        [-32767, 2, None],
        [[1.0, 2.0, 3.0], None, [4.0, float("nan"), 6.0]],
        [[1, 2], [], [3]],
    ]
    schema = pa.schema([(c.name, c.arrow) for c in columns])
    return pa.table([pa.array(v, f.type) for v, f in zip(values, schema, strict=True)], schema=schema)
