"""pyVO against the served protocols."""

from __future__ import annotations

import pytest
import pyvo
from astropy.coordinates import SkyCoord

pytestmark = pytest.mark.clients


def test_tap_search_and_tables(address: str) -> None:
    service = pyvo.dal.TAPService(f"{address}/vo/tap")
    found = service.search("SELECT TOP 5 source_id, ra, dec, seen FROM sky_dr1.stars ORDER BY ra")
    assert len(found) == 5 and found.fieldnames == ("source_id", "ra", "dec", "seen")
    assert list(found["ra"]) == sorted(found["ra"])
    assert "sky_dr1.stars" in service.tables.keys()  # noqa: SIM118 - pyVO's mapping has no __contains__
    assert [c.name for c in service.tables["sky_dr1.stars"].columns][:2] == ["source_id", "ra"]
    assert service.maxrec == 100_000 and service.hardlimit == 10_000_000


def test_tap_errors_and_limits(address: str) -> None:
    service = pyvo.dal.TAPService(f"{address}/vo/tap")
    with pytest.raises(pyvo.dal.DALQueryError, match="no column"):
        service.search("SELECT nothing FROM sky_dr1.stars")
    found = service.search("SELECT ra FROM sky_dr1.stars", maxrec=3)
    assert len(found) == 3 and found.status[0] == "OVERFLOW"


def test_cone_search(address: str) -> None:
    service = pyvo.dal.SCSService(f"{address}/vo/sky/dr1/stars/scs")
    found = service.search(SkyCoord(10.0, 20.0, unit="deg"), radius=0.01, verbosity=3)
    assert len(found) == 1 and int(found[0].id) == 2**60
    assert found[0].pos.ra.deg == pytest.approx(10.0)
    with pytest.raises(pyvo.dal.DALQueryError, match="SR"):
        service.search(pos=(40, 0), radius=200)


def test_datalink_from_obscore(address: str) -> None:
    found = pyvo.dal.TAPService(f"{address}/vo/tap").search("SELECT * FROM ivoa.obscore")
    links = list(next(found.iter_datalinks()))
    assert len(links) == 1 and links[0]["error_message"].startswith("NotFoundFault")
