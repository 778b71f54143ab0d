"""A list of positions finds what brute force finds, at the poles and at the wrap of RA too."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import astropy.units as u
import numpy as np
import pytest
from astropy.coordinates import SkyCoord
from sqlglot import exp

from tests.support.centre import CLOSED, OPEN, FakeCentre, stars
from tianku.adql.build import Condition, Order
from tianku.formats.positions import PositionList, read_positions
from tianku.model.access import ANONYMOUS
from tianku.model.errors import AuthError, NotFoundError, UsageError
from tianku.usecases.centre import Centre
from tianku.usecases.positions import search_list
from tianku.usecases.viewer import Viewer


@pytest.fixture(scope="module")
def centre(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FakeCentre]:
    made = FakeCentre(Path(tmp_path_factory.mktemp("list")), listed=True)
    yield made
    made.close()


def near_stars(count: int = 400, seed: int = 5) -> PositionList:
    """Positions near stars, near poles and on both sides of RA = 0, some twice, each with a radius of its own."""
    random = np.random.default_rng(seed)
    rows = stars()
    at = random.integers(0, rows.num_rows, count)
    ra = (rows["ra"].to_numpy()[at] + random.normal(0, 0.3, count)) % 360
    dec = np.clip(rows["dec"].to_numpy()[at] + random.normal(0, 0.3, count), -90, 90)
    ra[:8], dec[:8] = [0, 359.999, 0.001, 180, 0, 77, 200, 200], [90, -90, 89.9, -89.9, 0, 90, 5, 5]
    radius = random.uniform(0.01, 1.0, count)
    lines = np.arange(count) * 2 + 3
    return PositionList(lines, tuple(f"n{i}" for i in range(count)), ra, dec, radius)


def brute_force(positions: PositionList) -> dict[tuple[int, int], float]:
    rows = stars()
    there = SkyCoord(rows["ra"].to_numpy(), rows["dec"].to_numpy(), unit="deg")
    here = SkyCoord(positions.ra, positions.dec, unit="deg")
    apart = here[:, None].separation(there[None, :]).to_value(u.arcsec)
    i, j = np.nonzero(apart <= positions.radius[:, None] * 3600)
    ids = rows["source_id"].to_numpy()
    return {(int(positions.line[a]), int(ids[b])): float(apart[a, b]) for a, b in zip(i, j, strict=True)}


def run(centre: FakeCentre, positions: PositionList, **asked: Any) -> list[dict[str, Any]]:
    with search_list(cast(Centre, centre), ANONYMOUS, OPEN, "stars", positions, **asked) as answer:
        return [row for batch in answer.batches() for row in batch.to_pylist()]


def test_finds_exactly_what_brute_force_finds(centre: FakeCentre) -> None:
    positions = near_stars()
    rows = run(centre, positions)
    expected = brute_force(positions)
    assert len(rows) == len(expected) > 200
    for row in rows:
        assert row["separation"] == pytest.approx(expected[row["input_line"], row["source_id"]], abs=1e-5)
    keys = [(row["input_line"], row["separation"]) for row in rows]
    assert keys == sorted(keys)
    assert rows[0]["input_name"] == f"n{(rows[0]['input_line'] - 3) // 2}"


def test_nearest_and_positions_that_match_nothing(centre: FakeCentre) -> None:
    positions = near_stars()
    rows = run(centre, positions, nearest=True, unmatched=True, columns=["source_id"])
    assert [*rows[0]] == ["input_line", "input_name", "input_ra", "input_dec", "separation", "source_id"]
    least: dict[int, float] = {}
    for (line, _), apart in brute_force(positions).items():
        least[line] = min(apart, least.get(line, np.inf))
    found = {row["input_line"]: row["separation"] for row in rows if row["source_id"] is not None}
    assert found == pytest.approx(least, abs=1e-5)
    alone = [row for row in rows if row["source_id"] is None]
    assert alone == rows[len(found) :] and len(rows) == len(positions)
    assert {row["input_line"] for row in alone} == set(positions.line.tolist()) - set(least)
    assert all(row["separation"] is None for row in alone)


def test_conditions_sorting_and_limits(centre: FakeCentre) -> None:
    positions = near_stars()
    where = (Condition("mag", "less", (10.0,)),)
    rows = run(centre, positions, where=where, order_by=[Order("mag", descending=True)])
    bright = {
        i for i, m in zip(*(stars()[c].to_pylist() for c in ("source_id", "mag")), strict=True) if m and m < 10
    }
    assert {(r["input_line"], r["source_id"]) for r in rows} == {
        k for k in brute_force(positions) if k[1] in bright
    }
    assert [r["mag"] for r in rows] == sorted((r["mag"] for r in rows), reverse=True)
    with search_list(
        cast(Centre, centre), ANONYMOUS, OPEN, "stars", positions, unmatched=True, maxrec=5
    ) as answer:
        assert sum(batch.num_rows for batch in answer.batches()) == 5 and answer.overflowed


def test_what_columns_say(centre: FakeCentre) -> None:
    with search_list(cast(Centre, centre), ANONYMOUS, OPEN, "stars", near_stars(10)) as answer:
        said = {c.name: (c.unit, c.ucd) for c in answer.columns}
    assert said["separation"] == ("arcsec", "pos.angDistance")
    assert said["mag"] == ("mag", "phot.mag;em.opt.V") and said["input_ra"] == ("deg", "pos.eq.ra")


def test_rows_that_are_closed_stay_closed(centre: FakeCentre) -> None:
    positions = near_stars(10)
    with pytest.raises(AuthError):
        search_list(cast(Centre, centre), ANONYMOUS, CLOSED, "stars", positions)
    with pytest.raises(NotFoundError):
        search_list(cast(Centre, centre), ANONYMOUS, OPEN, "nothing", positions)
    with pytest.raises(UsageError, match="no column"):
        search_list(cast(Centre, centre), ANONYMOUS, OPEN, "stars", positions, columns=["_healpix_29"])


def test_rows_that_a_caller_may_not_see_match_nothing(centre: FakeCentre, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = exp.LT(this=exp.column("mag", quoted=True), expression=exp.Literal.number(10))
    monkeypatch.setattr(Viewer, "row_filter", lambda self, table: seen)
    rows = run(centre, near_stars(), unmatched=True, columns=["source_id", "mag"])
    assert {r["mag"] < 10 for r in rows if r["source_id"] is not None} == {True}
    assert {r["input_line"] for r in rows} == set(near_stars().line.tolist())


def test_a_typed_list_finds_its_star(centre: FakeCentre) -> None:
    rows = run(centre, read_positions("name,ra,dec,r\nmine,00:40:00,+20:00:00,2\n", 5))
    assert [(r["input_line"], r["input_name"], r["input_ra"]) for r in rows] == [(2, "mine", 10.0)]
