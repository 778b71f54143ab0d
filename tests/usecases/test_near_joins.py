"""ADQL joins by position over the real catalogues of the demo equal astropy, with serving copies and without."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path

import astropy.units as u
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from astropy.coordinates import SkyCoord

from tianku.model.access import ANONYMOUS
from tianku.model.metadata import Column
from tianku.model.types import DataType
from tianku.usecases.centre import Centre
from tianku.usecases.current import Current
from tianku.usecases.installation import connect
from tianku.usecases.query import run_adql
from tianku.usecases.uploads import Upload

RADIUS = 2 / 3600


@pytest.fixture(scope="module")
def demo(demo_root: Path) -> Iterator[Centre]:
    connect(demo_root, profile="web")
    made = Centre.open(demo_root)
    yield made
    made.close()


@pytest.fixture(params=["copies", "parquet"])
def centre(demo: Centre, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Centre:
    if request.param == "parquet":
        now = demo.current()
        bare = {name: dataclasses.replace(stored, serving=None) for name, stored in now.stored.items()}
        monkeypatch.setattr(demo, "current", lambda: Current(now.picture, bare))
        monkeypatch.setattr("tianku.planner.plan.SHORT_ROWS", 0)  # and in a child
    return demo


def stored(centre: Centre, name: str, identifier: str) -> tuple[np.ndarray, SkyCoord]:
    schema, table = name.split(".")
    meta = centre.picture().by_schema[schema].tables[table].meta
    files = [f.path for f in centre.current().storage(meta).files]
    rows = pa.concat_tables([pq.read_table(f, columns=[identifier, "ra", "dec"]) for f in files])
    return rows[identifier].to_numpy(), SkyCoord(rows["ra"].to_numpy(), rows["dec"].to_numpy(), unit="deg")


def answer(centre: Centre, adql: str, *uploads: Upload) -> pa.Table:
    with run_adql(centre, ANONYMOUS, adql, maxrec=10**6, uploads=uploads) as found:
        batches = list(found.batches())
        assert found.public is not bool(uploads)
        return pa.Table.from_batches(batches, pa.schema([pa.field(c.name, c.arrow) for c in found.columns]))


@pytest.mark.parametrize(
    "join",
    [
        "hipparcos.main AS h JOIN gaia.source AS g ON 1 = CONTAINS(POINT(h.ra, h.dec), CIRCLE(g.ra, g.dec, {r}))",
        "gaia.source AS g, hipparcos.main AS h WHERE DISTANCE(POINT(g.ra, g.dec), POINT(h.ra, h.dec)) <= {r}",
        "hipparcos.main AS h LEFT JOIN gaia.source AS g ON DISTANCE(h.ra, h.dec, g.ra, g.dec) * 60 <= 60 * {r}",
    ],
)
def test_gaia_and_hipparcos(centre: Centre, join: str) -> None:
    (hip, there), (source, here) = (
        stored(centre, "hipparcos.main", "hip"),
        stored(centre, "gaia.source", "source_id"),
    )
    i, j, _, _ = here.search_around_sky(there, RADIUS * u.deg)
    expected = set(zip(hip[i].tolist(), source[j].tolist(), strict=True))
    if "LEFT" in join:
        expected |= {(one, None) for one in set(hip.tolist()) - {pair[0] for pair in expected}}
    found = answer(centre, f"SELECT h.hip, g.source_id FROM {join.format(r=RADIUS)}")
    pairs = list(zip(found["hip"].to_pylist(), found["source_id"].to_pylist(), strict=True))
    assert len(pairs) == len(set(pairs)) > 50_000 and set(pairs) == expected


def test_a_table_of_ones_own_against_gaia(centre: Centre) -> None:
    source, there = stored(centre, "gaia.source", "source_id")
    random = np.random.default_rng(4)
    at = random.integers(0, len(source), 10_000)
    lon = (there.ra.deg[at] + random.normal(0, 1e-3, len(at))) % 360
    lat = np.clip(there.dec.deg[at] + random.normal(0, 1e-3, len(at)), -90, 90)
    columns = [Column(name=n, type=DataType.FLOAT64, unit="deg") for n in ("lon", "lat")]
    own = Upload.of("Mine", columns, pa.table({"lon": lon, "lat": lat}))
    i, j, _, _ = there.search_around_sky(SkyCoord(lon, lat, unit="deg"), 3 / 3600 * u.deg)
    found = answer(
        centre,
        'SELECT m.lon, g.source_id FROM gaia.source AS g JOIN TAP_UPLOAD."Mine" AS m'
        " ON CONTAINS(POINT(g.ra, g.dec), CIRCLE(m.lon, m.lat, 3 / 3600.)) = 1",
        own,
    )
    pairs = zip(found["lon"].to_pylist(), found["source_id"].to_pylist(), strict=True)
    assert sorted(pairs) == sorted(zip(lon[i].tolist(), source[j].tolist(), strict=True))
    assert len(found) > 3000
