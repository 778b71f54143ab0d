"""LSDB crosses borders of partitions with the margin that ingest writes."""

import lsdb
import numpy as np
import pandas as pd
import pytest
from astropy import units as u
from astropy.coordinates import SkyCoord, search_around_sky

from tests.support.datasets import configured, evaluate
from tianku.catalogue.assemble import Resources
from tianku.catalogue.ingest import ingest_table


@pytest.mark.parametrize("dec", [0.0, 89.99])
def test_lsdb_finds_every_pair_of_brute_force(tmp_path, dec):
    random = np.random.default_rng(5)
    count, arcsec = 20_000, 20.0
    stars = pd.DataFrame(
        {
            "id": np.arange(count),
            "ra": random.uniform(44, 46, count) if dec == 0 else random.uniform(0, 360, count),
            "dec": random.uniform(-1, 1, count) if dec == 0 else 90 - np.sqrt(random.uniform(0, 1, count)),
        }
    )
    stars.to_csv(tmp_path / "stars.csv", index=False)
    said = {"from": "stars.csv", "id": "id", "positions": [{"ra": "ra", "dec": "dec"}], "margin": arcsec}
    (tmp_path / "out").mkdir()
    dataset = configured(tmp_path, {"stars": said})
    manifest = ingest_table(
        dataset, "stars", tmp_path / "out", evaluate=evaluate, resources=Resources(max_rows=1000)
    )
    assert len(manifest.files) > 8
    opened = lsdb.open_catalog(tmp_path / "out/tables/stars/collection")
    assert len(opened.compute()) == count and opened.margin is not None
    near = opened.cone_search(ra=float(stars["ra"][0]), dec=float(stars["dec"][0]), radius_arcsec=600).compute()
    at = SkyCoord(stars["ra"].to_numpy() * u.deg, stars["dec"].to_numpy() * u.deg)
    assert set(near["id"]) == set(stars["id"][at.separation(at[0]) < 600 * u.arcsec])
    pairs = opened.crossmatch(opened, n_neighbors=50, radius_arcsec=arcsec, suffixes=("_a", "_b")).compute()
    left, right, _, _ = search_around_sky(at, at, arcsec * u.arcsec)
    assert set(zip(pairs["id_a"], pairs["id_b"], strict=True)) == set(zip(left, right, strict=True))
