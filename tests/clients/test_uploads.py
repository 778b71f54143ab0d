"""Tables sent by pyVO and STILTS, at once and with jobs, and joined by position with real catalogues."""

from __future__ import annotations

import re
from pathlib import Path

import astropy.units as u
import numpy as np
import pytest
import pyvo
from astropy.coordinates import SkyCoord
from astropy.table import Table

from tests.clients.conftest import Stilts

NEAR = (
    "SELECT m.k, h.hip FROM TAP_UPLOAD.mine AS m LEFT JOIN hipparcos.main AS h"
    " ON 1 = CONTAINS(POINT('ICRS', h.ra, h.dec), CIRCLE('ICRS', m.lon, m.lat, 0.3))"
)
ALL = "SELECT hip, ra, dec FROM hipparcos.main"


@pytest.fixture(scope="module")
def service(demo_site: str) -> pyvo.dal.TAPService:
    return pyvo.dal.TAPService(f"{demo_site}/vo/tap")


@pytest.fixture(scope="module")
def mine(service: pyvo.dal.TAPService) -> tuple[Table, list[tuple[int, int]]]:
    """Positions of which some are near stars, and the pairs that astropy finds."""
    stars = service.run_sync(ALL, maxrec=200_000)
    random = np.random.default_rng(9)
    at = random.permutation(len(stars))[:400]
    lon = (stars["ra"][at] + random.normal(0, 0.3, 400)) % 360
    lat = np.clip(stars["dec"][at] + random.normal(0, 0.3, 400), -90, 90)
    here, there = SkyCoord(lon, lat, unit="deg"), SkyCoord(stars["ra"], stars["dec"], unit="deg")
    i, j, _, _ = there.search_around_sky(here, 0.3 * u.deg)
    lost = set(range(400)) - set(i.tolist())
    pairs = [*zip(i.tolist(), stars["hip"][j].tolist(), strict=True), *((k, -1) for k in lost)]
    assert len(pairs) > 450 and len(lost) > 50
    return Table({"k": np.arange(400), "lon": lon, "lat": lat}), sorted(pairs)


@pytest.mark.parametrize("ways", ["run_sync", "run_async"])
def test_pyvo(service: pyvo.dal.TAPService, mine: tuple[Table, list[tuple[int, int]]], ways: str) -> None:
    table, pairs = mine
    found = getattr(service, ways)(NEAR, uploads={"mine": table})
    hips = found.to_table()["hip"].filled(-1) if np.ma.is_masked(found["hip"]) else found["hip"]
    assert sorted(zip(found["k"].tolist(), np.asarray(hips).tolist(), strict=True)) == pairs


@pytest.mark.parametrize("sync", ["true", "false"])
def test_stilts(
    stilts: Stilts, demo_site: str, mine: tuple[Table, list[tuple[int, int]]], tmp_path: Path, sync: str
) -> None:
    table, pairs = mine
    file, bright = tmp_path / "mine.fits", tmp_path / "bright.vot"
    table.write(file)
    table[:5].write(bright, format="votable")
    poll = ["poll=200"] if sync == "false" else []
    said = stilts(
        "tapquery", f"tapurl={demo_site}/vo/tap", f"sync={sync}", *poll, "nupload=2", f"upload1={file}",
        "upname1=mine", f"upload2={bright}", "upname2=few", "ofmt=csv",
        f"adql={NEAR} JOIN TAP_UPLOAD.few AS f ON f.k = m.k",
    )  # fmt: skip
    rows = re.findall(r"^(\d+),(\d*)$", said, re.M)
    assert sorted((int(k), int(h or -1)) for k, h in rows) == [p for p in pairs if p[0] < 5], said


def test_taplint_gets_back_what_it_sends(stilts: Stilts, demo_site: str) -> None:
    report = stilts("taplint", f"tapurl={demo_site}/vo/tap", "report=EWF", "stages=UPL")
    assert "Totals:" in report and not re.findall(r"^[EWF]-UPL-\w+", report, re.M), report


def test_what_was_sent_with_a_job_is_gone_with_it(service: pyvo.dal.TAPService, demo_root: Path) -> None:
    table = Table({"k": [1, 2]})
    job = service.submit_job("SELECT k FROM TAP_UPLOAD.mine", uploads={"mine": table})
    (folder,) = demo_root.glob(f"**/jobs/{job.job_id}/uploads")
    assert len(list(folder.iterdir())) == 1
    job.run().wait(timeout=30)
    assert job.fetch_result()["k"].tolist() == [1, 2]
    job.delete()
    assert not folder.exists()


def test_an_upload_that_cannot_be_read_is_refused_at_once(service: pyvo.dal.TAPService, tmp_path: Path) -> None:
    broken = tmp_path / "broken.vot"
    broken.write_bytes(b"<VOTABLE><RESOURCE>")
    with pytest.raises(pyvo.dal.DALServiceError, match="400"):
        service.submit_job("SELECT * FROM TAP_UPLOAD.mine", uploads={"mine": str(broken)})
    with pytest.raises(pyvo.dal.DALQueryError, match="no file was sent"):
        service.run_async("SELECT * FROM TAP_UPLOAD.mine", UPLOAD="mine,param:other")
