"""Images found and fetched by the programs that astronomers use, among real ones; the Sun by EPN-TAP."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import astropy.units as u
import numpy as np
import pytest
import pyvo
from astropy.coordinates import SkyCoord
from astropy.io import fits
from astropy.io.votable import parse
from astropy.time import Time
from astropy.wcs import WCS

from tests.clients.conftest import Stilts
from tests.support.real_images import real_images
from tests.support.server import serving
from tests.support.web import fetch
from tests.vo.conftest import invalid as invalid

SURVEY = "/vo/images/dr1/survey/sia"
CENTRE = SkyCoord(266.4, -28.93, unit="deg")
#: files of the galactic centre
GALACTIC = {"2MASS_j", "gc_2mass_k"}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, test_data: Path) -> Iterator[str]:
    with (
        real_images(tmp_path_factory.mktemp("sia") / "site", test_data) as centre,
        serving(centre) as (address, _),
    ):
        yield address


@pytest.fixture(scope="module")
def corners(test_data: Path) -> dict[str, SkyCoord]:
    """Corners of real images as astropy's WCS has them, by key."""
    found = {}
    for path in sorted((test_data / "images").glob("*_ooi_*.fits")):
        for hdu in fits.open(path):
            if hdu.data is not None and hdu.data.ndim == 2:
                wcs, (ny, nx) = WCS(hdu.header), hdu.data.shape
                place = wcs.pixel_to_world([-0.5, nx - 0.5, nx - 0.5, -0.5], [-0.5, -0.5, ny - 0.5, ny - 0.5])
                found[path.stem] = place.icrs
    return found


def keys(rows: Any) -> set[str]:
    return {did.partition("?")[2].partition("/")[0] for did in rows["obs_publisher_did"]}


def search(site: str, below: str = "/vo/sia2", **asked: Any) -> set[str]:
    return keys(pyvo.dal.SIA2Service(site + below).search(**asked))


def test_regions_find_what_lies_there(site: str):
    near = search(site, pos=(266.4, -28.93, 0.05))
    assert near == GALACTIC
    assert search(site, pos=(266.3 * u.deg, 266.5 * u.deg, -29 * u.deg, -28.9 * u.deg)) == GALACTIC
    assert search(site, pos=(266.3, -29.0, 266.5, -29.0, 266.4, -28.9)) == GALACTIC
    assert search(site, "/vo/images/dr1/sia2", pos=(266.4, -28.93, 0.05)) == GALACTIC
    assert search(site, "/vo/images/dr1/ccd/sia2", pos=(266.4, -28.93, 0.05)) == set()
    several = search(site, pos=[(266.4, -28.93, 0.05), (85.27, -2.46, 0.01)])
    assert several == {*GALACTIC, "HorseHead"}


def test_a_corner_is_found_and_what_lies_beyond_it_is_not(site: str, corners: dict[str, SkyCoord]):
    assert len(corners) >= 5
    for key, place in corners.items():
        middle = SkyCoord(place.cartesian.mean(), frame="icrs", representation_type="unitspherical")
        corner = place[0]
        angle, reach = middle.position_angle(corner), middle.separation(corner)
        inside, outside = (middle.directional_offset_by(angle, reach * f) for f in (0.999, 1.002))
        small = 1e-7
        assert key in search(site, pos=(inside.ra.deg, inside.dec.deg, small))
        assert key not in search(site, pos=(outside.ra.deg, outside.dec.deg, small))
        assert key in search(site, pos=(outside.ra.deg, outside.dec.deg, float(reach.deg) * 0.01))


def test_other_parameters(site: str):
    bands = pyvo.dal.SIA2Service(site + "/vo/sia2").search(band=(8.2e-7, 8.3e-7))
    assert len(bands) and all(row["em_min"] <= 8.3e-7 and row["em_max"] >= 8.2e-7 for row in bands)
    assert search(site, calib_level=1) and not search(site, calib_level=4)
    assert not search(site, data_type="cube") and search(site, data_type="image", maxrec=5)
    wide = pyvo.dal.SIA2Service(site + "/vo/sia2").search(field_of_view=(1 * u.deg, 2 * u.deg))
    assert keys(wide) == GALACTIC
    did = str(wide[0]["obs_publisher_did"])
    assert len(search(site, publisher_did=did.upper())) == 1


def test_rows_lead_to_links_and_files(site: str, test_data: Path):
    row = pyvo.dal.SIA2Service(site + "/vo/sia2").search(pos=(266.4, -28.93, 0.05), maxrec=1)[0]
    links = row.getdatalink()
    address = next(link["access_url"] for link in links if link["semantics"] == "#this")
    key = str(row["obs_publisher_did"]).partition("?")[2]
    (file,) = (test_data / "images").glob(f"{key}.*")
    assert fetch(site, address.removeprefix(site)).body == file.read_bytes()


def test_images_are_found_linked_and_cut(site: str, stilts: Stilts, tmp_path: Path):
    row = pyvo.dal.SIA2Service(site + "/vo/sia2").search(pos=(266.4, -28.93, 0.05), maxrec=1)[0]
    links = row.getdatalink()
    cutter = links.get_first_proc()
    inputs = {
        p.name: p for group in links.get_adhocservice_by_id(cutter["service_def"]).groups for p in group.entries
    }
    assert set(inputs) == {"ID", "CIRCLE", "POLYGON", "POS"} and inputs["CIRCLE"].xtype == "circle"
    with fits.open(io.BytesIO(cutter.processed(circle=(266.4, -28.93, 0.01)).read())) as found:
        (hdu,) = [one for one in found if one.header["NAXIS"]]
        x, y = WCS(hdu.header, naxis=2).world_to_pixel(CENTRE)
        ny, nx = hdu.shape
        assert abs(x - (nx - 1) / 2) <= 1 and abs(y - (ny - 1) / 2) <= 1
        key = str(row["obs_publisher_did"]).partition("?")[2].partition("/")[0]
        assert hdu.data.size < 0.1 * np.prod([int(row["s_xel1"]), int(row["s_xel2"])]), key
    did = urlencode({"ID": str(row["obs_publisher_did"])})
    reply = fetch(site, f"/vo/soda/sync?{did}&CIRCLE=86.4+28.93+0.01")
    assert reply.status == 204 and reply.body == b""
    for wrong, word in (
        ("CIRCLE=1+2+3&POS=CIRCLE+1+2+3", "one of"),
        ("POLYGON=1+2+3", "UsageError: POLYGON"),
        ("BAND=1+2", "UsageError: BAND"),
        ("POS=CIRCLE+266.4+-28.93+1&RESPONSEFORMAT=votable", "fits"),
    ):
        refused = fetch(site, f"/vo/soda/sync?{did}&{wrong}")
        assert refused.status == 400 and word in refused.text, refused.text
    table = tmp_path / "links.vot"
    table.write_bytes(fetch(site, f"/vo/datalink/links?{did}").body)
    assert stilts("votlint", f"votable={table}", "ucd=true", "unit=true").strip() == ""


def test_no_more_rows_than_asked_for_and_that_said(site: str):
    body = fetch(site, "/vo/sia2/query?MAXREC=3&POS=CIRCLE+0+0+180&RESPONSEFORMAT=votable/td").text
    assert body.count("<TR>") == 3 and 'value="OVERFLOW"' in body
    whole = fetch(site, "/vo/sia2/query?POS=CIRCLE+0+0+180&RESPONSEFORMAT=votable/td").text
    rows = whole.count("<TR>")
    exactly = fetch(site, f"/vo/sia2/query?POS=CIRCLE+0+0+180&RESPONSEFORMAT=votable/td&MAXREC={rows}").text
    assert rows > 40 and "OVERFLOW" not in whole + exactly and exactly.count("<TR>") == rows


def test_the_older_version_finds_covers_and_encloses(site: str):
    service = pyvo.dal.SIAService(site + SURVEY)
    found = service.search(CENTRE, size=0.1 * u.deg, format="all")
    assert keys(found) == GALACTIC and {r.format for r in found} == {"image/fits", "image/png"}
    sizes = {"COVERS": (0.1, 3.0), "ENCLOSED": (3.0, 0.1)}
    for how, (holds, fails) in sizes.items():
        assert keys(service.search(CENTRE, size=holds * u.deg, intersect=how)) == GALACTIC
        assert len(service.search(CENTRE, size=fails * u.deg, intersect=how)) == 0
    assert keys(service.search(SkyCoord(265.7, -28.93, unit="deg"), size=0.5 * u.deg, intersect="center")) == set()
    assert keys(service.search(SkyCoord(265.7, -28.93, unit="deg"), size=0.5 * u.deg)) == GALACTIC


def test_an_image_of_the_older_version_is_the_file(site: str, test_data: Path):
    row = pyvo.dal.SIAService(site + SURVEY).search(CENTRE, size=0, format="image/fits")[0]
    with fits.open(row.getdataurl(), cache=False) as file:
        header = file[0].header
    assert tuple(np.asarray(row.naxis.value)) == (header["NAXIS1"], header["NAXIS2"])
    assert row["scale"][1] == pytest.approx(abs(header["CDELT2"]), rel=1e-3)
    assert row.pos.separation(CENTRE).deg < 0.1 and row.title


def test_stilts_searches_both_versions(stilts: Stilts, site: str):
    for kind, address in (("sia1", f"{site}{SURVEY}?"), ("sia2", f"{site}/vo/sia2/query?")):
        words = [f"serviceurl={address}", f"servicetype={kind}", "lon=266.4", "lat=-28.93", "radius=0.05"]
        found = stilts("cone", *words, "ofmt=csv")
        assert all(key in found for key in GALACTIC), found
        assert "sr_modified" not in found


DOCUMENTS = [
    "/vo/sia2/query?MAXREC=0",
    "/vo/sia2/query?MAXREC=200&RESPONSEFORMAT=votable/td",
    "/vo/sia2/query?POS=nowhere",
    "/vo/images/dr1/sia2/query?POS=CIRCLE+266+-29+1",
    f"{SURVEY}?FORMAT=METADATA",
    f"{SURVEY}?POS=266.4,-28.9&SIZE=1&VERB=3",
    f"{SURVEY}?POS=266.4,-28.9&SIZE=1&VERB=0",
    f"{SURVEY}?POS=1",
]
DESCRIBED = [
    f"{base}/{name}" for base in ("/vo/sia2", "/vo/images/dr1/sia2", SURVEY) for name in ("capabilities", "tables")
]


def test_answers_are_valid(stilts: Stilts, site: str, tmp_path: Path, invalid: Callable[[bytes], list[str]]):
    for number, path in enumerate(DOCUMENTS):
        file = tmp_path / f"{number}.vot"
        file.write_bytes(fetch(site, path).body)
        assert stilts("votlint", f"votable={file}", "ucd=true", "unit=true").strip() == "", path
        assert invalid(file.read_bytes()) == [], path
    for path in [*DESCRIBED, "/vo/soda/capabilities"]:
        assert invalid(fetch(site, path).body) == [], path


@pytest.mark.parametrize(
    ("path", "status"),
    [("/vo/sia2/query?POS=nowhere", 400), ("/vo/sia2/query?BAND=red", 400), (f"{SURVEY}?POS=1&SIZE=1", 200),
     ("/vo/images/dr1/trees/sia?POS=1,1&SIZE=1", 404), ("/vo/nothing/sia2/query", 404)],
)  # fmt: skip
def test_errors_keep_to_their_protocol(site: str, path: str, status: int):
    reply = fetch(site, path)
    assert reply.status == status
    if status != 404 or "sia2" in path:
        (info, *_) = parse(io.BytesIO(reply.body)).resources[0].infos
        assert info.value == "ERROR" and info.content


#: mandatory columns in the order of EPN-TAP 2.0, table 1
EPN = """granule_uid granule_gid obs_id dataproduct_type target_name target_class time_min time_max
time_sampling_step_min time_sampling_step_max time_exp_min time_exp_max spectral_range_min spectral_range_max
spectral_sampling_step_min spectral_sampling_step_max spectral_resolution_min spectral_resolution_max c1min c1max
c2min c2max c3min c3max s_region c1_resol_min c1_resol_max c2_resol_min c2_resol_max c3_resol_min c3_resol_max
spatial_frame_type incidence_min incidence_max emergence_min emergence_max phase_min phase_max instrument_host_name
instrument_name measurement_type processing_level creation_date modification_date release_date service_title"""


def test_the_sun_is_found_by_epn_tap(site: str, test_data: Path):
    tap = pyvo.dal.TAPService(f"{site}/vo/tap")
    table = tap.tables["sun_dr1.epn_core"]
    assert table.utype == "ivo://ivoa.net/std/epntap#table-2.0"
    names = [column.name for column in table.columns]
    assert names[: len(EPN.split())] == EPN.split()
    named = tap.search("SELECT table_name FROM tap_schema.tables WHERE utype LIKE '%epntap%'")
    assert [row["table_name"] for row in named] == ["sun_dr1.epn_core"]
    (row,) = tap.search("SELECT * FROM sun_dr1.epn_core WHERE obs_id = 'aia_171_level1'")
    header = fits.getheader(test_data / "solar" / "aia_171_level1.fits")
    start = Time(header["DATE-OBS"]).jd
    assert row["time_min"] == pytest.approx(start, abs=1e-6)
    assert row["time_exp_min"] == pytest.approx(header["EXPTIME"])
    assert row["spectral_range_min"] == pytest.approx((header["WAVELNTH"] * u.AA).to_value(u.Hz, u.spectral()))
    assert (row["target_name"], row["target_class"], row["dataproduct_type"]) == ("Sun", "star", "im")
    assert (row["spatial_frame_type"] == "none" and np.ma.is_masked(row["c1min"])) or np.isnan(row["c1min"])
    uids = tap.search("SELECT granule_uid FROM sun_dr1.epn_core")["granule_uid"]
    assert len(set(uids)) == len(uids) == 5


def test_taplint_finds_nothing_in_the_tables_of_images(stilts: Stilts, site: str):
    report = stilts("taplint", f"tapurl={site}/vo/tap", "report=EWF", "stages=TMV TME TMS TMC MDQ OBS")
    codes = {line.split()[0] for line in report.splitlines() if line[:2] in ("E-", "W-", "F-")}
    assert "Totals:" in report and codes <= {"W-OBS-NSOP"}, report
