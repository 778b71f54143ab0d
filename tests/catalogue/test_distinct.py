"""Distinct values are counted to a few per cent, exactly where there are few, whatever their type and order."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pyarrow as pa
import pytest

from tianku.catalogue.distinct import Distinct, hashes

RANDOM = np.random.default_rng(11)


def counted(*parts: pa.Array) -> int:
    found = Distinct()
    for part in parts:
        found.add(part)
    return found.count()


@pytest.mark.parametrize(
    "values",
    [
        pa.array([1, 2, 2, None, 3], pa.int16()),
        pa.array([True, False, None, True]),
        pa.array([0.0, -0.0, np.nan, np.nan, 1.5], pa.float32()),
        pa.array(["", "a", "aa", "aa", None, "类星体", "b"]),
        pa.array([dt.datetime(2020, 1, 1), dt.datetime(2020, 1, 2), None], pa.timestamp("us")),
        pa.array([], pa.string()),
        pa.array([None, None], pa.float64()),
        pa.array([-1, 2**63 - 1, -(2**63)], pa.int64()),
    ],
    ids=str,
)
def test_few_values_are_counted_exactly(values: pa.Array) -> None:
    plain = ["nan" if isinstance(v, float) and np.isnan(v) else v for v in values.drop_null().to_pylist()]
    assert counted(values, values.slice(1)) == len(set(plain))


@pytest.mark.parametrize("true", [5_000, 100_000, 1_000_000])
def test_many_values_are_counted_to_a_few_per_cent(true: int) -> None:
    values = RANDOM.integers(0, true, 3 * true)
    exact = len(np.unique(values))
    assert counted(pa.array(values)) == pytest.approx(exact, rel=0.06)
    assert counted(pa.array(np.sort(values) * 1e-3)) == pytest.approx(exact, rel=0.06)


def test_texts_that_differ_in_the_middle_alone() -> None:
    names = pa.array([f"J0632{i:06d}+045622.5" for i in range(50_000)])
    assert counted(names) == pytest.approx(50_000, rel=0.06)
    assert len(np.unique(hashes(names))) == 50_000


def test_texts_are_the_same_beside_longer_ones() -> None:
    names = ["", *(f"{i}" for i in range(999))]
    parts = [pa.array([*names, "x" * length]) for length in (1, 8, 9, 17, 64, 65, 500)]
    assert counted(pa.array([""]), *parts) == 1_000 + len(parts)


def test_long_texts() -> None:
    names = pa.array(["long " * 30 + str(i % 2_000) for i in range(6_000)])
    assert counted(names) == 2_000


def test_slices_hash_as_the_whole() -> None:
    names = pa.array(["x", None, "yy", "zzz", "yy"])
    assert hashes(names.slice(2)).tolist() == hashes(names)[1:].tolist()


def test_parts_add_up_in_any_order() -> None:
    values = pa.array(RANDOM.integers(0, 40_000, 200_000))
    whole, one, two = Distinct(), Distinct(), Distinct()
    whole.add(values)
    one.add(values.slice(0, 70_000))
    two.add(values.slice(70_000))
    two.merge(one)
    assert two.count() == whole.count()


@pytest.mark.parametrize("kind", [pa.string(), pa.float64(), pa.int32(), pa.bool_(), pa.timestamp("us")])
def test_a_column_without_values_has_no_hashes(kind: pa.DataType) -> None:
    assert len(hashes(pa.nulls(5, kind))) == 0
