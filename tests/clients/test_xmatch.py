"""``astroquery.xmatch`` with another address, and nothing else changed."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy import units as u
from astropy.table import Table

astroquery = pytest.importorskip("astroquery.xmatch", reason="astroquery is not installed")


@pytest.fixture
def service(demo_site: str, tmp_path: Path) -> Any:
    """The client, which keeps no answers."""
    made = astroquery.XMatchClass()
    made.URL = f"{demo_site}/xmatch/api/v1/sync"
    made.cache_location = tmp_path
    return made


def test_tables_lists_and_errors(service: Any) -> None:
    assert {"gaia.source", "hipparcos.main"} <= set(service.get_available_tables(cache=False))
    wanted = {"cols1": "hip,ra,dec", "cols2": "source_id", "selection": "best", "MAXREC": 500}
    stars = service.query("hipparcos.main", "vizier:gaia.source", 1 * u.arcsec, cache=False, **wanted)
    assert stars.colnames == ["angDist", "hip", "ra", "dec", "source_id"] and len(stars) == 500
    assert stars["angDist"].unit == u.arcsec and float(np.max(stars["angDist"])) <= 1

    mine = stars["hip", "ra", "dec"][:20]
    found = service.query(mine, "hipparcos.main", 5 * u.arcsec, colRA1="ra", colDec1="dec", cache=False)
    assert set(zip(mine["hip"], mine["hip"], strict=True)) <= set(zip(found["hip"], found["hip_2"], strict=True))
    text = io.StringIO()
    mine.write(text, format="ascii.csv")
    text.seek(0)
    again = service.query("hipparcos.main", text, 5 * u.arcsec, colRA2="ra", colDec2="dec", cache=False)
    assert len(again) == len(found)

    with pytest.raises(Exception, match="no column"):
        service.query(Table({"a": [1.0]}), "gaia.source", 1 * u.arcsec, colRA1="x", colDec1="y", cache=False)
