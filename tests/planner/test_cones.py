"""A cone that is planned once finds, for every position, the rows that planning it anew would find."""

from __future__ import annotations

from pathlib import Path

import astropy.units as u
import duckdb
import numpy as np
import pytest
from astropy.coordinates import SkyCoord
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.adql.support import STARS, View
from tests.planner.test_plan import BASE, made, stored, truth
from tianku.adql.build import select
from tianku.adql.parser import Statement
from tianku.adql.resolve import resolve
from tianku.adql.schema import Cone, Resolved
from tianku.engines.base import Limits
from tianku.engines.duckdb import DuckDBEngine
from tianku.planner.cones import ConePlans
from tianku.planner.plan import Plan
from tianku.planner.stored import Stored

__all__ = ["stored"]
COLUMNS = ("id", "teff")


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory, stored: Stored) -> DuckDBEngine:
    opened = DuckDBEngine(
        [stored.relation()], threads=1, memory_bytes=256 << 20, temp_dir=tmp_path_factory.mktemp("engine")
    )
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def cones() -> ConePlans:
    return ConePlans()


def planned(cones: ConePlans, stored: Stored, cone: Cone, maxrec: int = 10_000) -> Plan | None:
    return cones.plan(STARS, stored, COLUMNS, cone, maxrec, lambda s: resolve(s, View()), Limits(seconds=60))


def rows(engine: DuckDBEngine, plan: Plan) -> list[dict[str, object]]:
    with engine.run(plan.query) as result:
        return [row for batch in result for row in batch.to_pylist()]


@settings(max_examples=60)
@given(st.floats(0, 360), st.floats(-90, 90), st.floats(-6, 2.2))
def test_finds_what_astropy_finds(
    engine: DuckDBEngine, cones: ConePlans, stored: Stored, ra: float, dec: float, scale: float
) -> None:
    radius = 10.0**scale
    found = planned(cones, stored, Cone(ra, dec, radius))
    assert found is not None
    x, y = truth(stored)
    good = ~np.isnan(x)
    near = SkyCoord(ra * u.deg, dec * u.deg).separation(SkyCoord(x[good] * u.deg, y[good] * u.deg)).deg <= radius
    assert {int(r["id"]) - BASE for r in rows(engine, found)} == set(np.flatnonzero(good)[near])  # type: ignore[call-overload]


def test_is_resolved_once_and_written_once(engine: DuckDBEngine, stored: Stored) -> None:
    asked: list[Statement] = []

    def resolving(statement: Statement) -> Resolved:
        asked.append(statement)
        return resolve(statement, View())

    fresh = ConePlans()
    plans = [
        fresh.plan(STARS, stored, COLUMNS, Cone(ra, 2, 0.0005), 100, resolving, Limits())
        for ra in (150.0, 150.001)
    ]
    assert len(asked) == 1
    first, second = (p for p in plans if p is not None)
    assert first.query.tree is second.query.tree and first.query.text_key == second.query.text_key
    assert [c.name for c in first.columns] == list(COLUMNS)
    assert {r["id"] for r in rows(engine, first)} != {r["id"] for r in rows(engine, second)} != set()


def test_answers_as_a_cone_that_is_planned_anew(engine: DuckDBEngine, cones: ConePlans, stored: Stored) -> None:
    anew = made(stored, select(STARS, columns=COLUMNS, cone=(150, 2, 0.002)), 10_000)
    found = planned(cones, stored, Cone(150, 2, 0.002))
    assert found is not None and found.lane == anew.lane == "short" and found.columns == anew.columns
    assert sorted(map(str, rows(engine, found))) == sorted(map(str, rows(engine, anew))) != []


def test_gives_one_row_more_than_maxrec(engine: DuckDBEngine, cones: ConePlans, stored: Stored) -> None:
    found = planned(cones, stored, Cone(150, 2, 1), maxrec=3)
    assert found is not None and found.maxrec == 3
    assert len(rows(engine, found)) == 4


@pytest.mark.parametrize("radius", [179.5, 180.0])
def test_leaves_half_the_sky_and_more_to_the_planner(cones: ConePlans, stored: Stored, radius: float) -> None:
    assert planned(cones, stored, Cone(0, 0, radius)) is None


def test_radius_zero_finds_the_star_itself(engine: DuckDBEngine, cones: ConePlans, stored: Stored) -> None:
    x, y = truth(stored)
    at = int(np.flatnonzero(~np.isnan(x))[7])
    found = planned(cones, stored, Cone(float(x[at]), float(y[at]), 0.0))
    assert found is not None
    assert at + BASE in {r["id"] for r in rows(engine, found)}


def test_parameters_are_no_way_into_the_text(stored: Stored, cones: ConePlans) -> None:
    found = planned(cones, stored, Cone(1.5, -2.5, 0.5))
    assert found is not None
    text = found.query.tree.sql("duckdb")
    assert "1.5" not in text and "$ra" in text
    assert duckdb.extract_statements(text)


def test_child_takes_parameters(tmp_path: Path, cones: ConePlans, stored: Stored) -> None:
    from tianku.engines.child import ChildEngine

    child = ChildEngine(threads=1, memory_bytes=256 << 20, temp_dir=tmp_path, children=1)
    try:
        found = planned(cones, stored, Cone(150, 2, 0.002))
        assert found is not None
        with child.run(found.query) as result:
            assert sum(len(batch) for batch in result) > 0
    finally:
        child.close()
