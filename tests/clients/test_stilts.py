"""STILTS: its validators of TAP, VOTable and DataLink, and its queries."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.clients.conftest import Stilts
from tests.support.web import fetch

EXPECTED = Path(__file__).with_name("taplint_expected.txt")
STAGES = "TMV TME TMS TMC CPV CAP AVV QGE QPO QAS UWS OBS EXA"


def expected() -> set[str]:
    lines = EXPECTED.read_text("utf-8").splitlines()
    return {line.split()[0] for line in lines if line and not line.startswith("#")}


def test_taplint_finds_nothing_new(stilts: Stilts, demo_site: str):
    report = stilts("taplint", f"tapurl={demo_site}/vo/tap", "report=EWF", f"stages={STAGES}")
    assert "Totals:" in report, report[-2000:]
    codes = re.findall(r"^([EWF]-[A-Z]{3}-[A-Z]+)", report, re.M)
    assert set(codes) <= expected(), report
    assert len(expected()) <= 5


def test_a_query_comes_back_as_fits(stilts: Stilts, demo_site: str, tmp_path: Path):
    out = tmp_path / "bright.fits"
    said = stilts(
        "tapquery", f"tapurl={demo_site}/vo/tap", "sync=true", f"out={out}",
        "adql=SELECT TOP 5 hip, ra, dec, hpmag FROM hipparcos.main ORDER BY hpmag",
    )  # fmt: skip
    assert out.is_file(), said
    listing = stilts("tpipe", f"in={out}", "ofmt=csv")
    assert listing.splitlines()[0] == "hip,ra,dec,hpmag"
    assert listing.splitlines()[1].startswith("32349,")


def test_a_job_is_followed_to_its_result(stilts: Stilts, demo_site: str):
    words = [f"tapurl={demo_site}/vo/tap", "sync=false", "poll=200", "ofmt=csv", "delete=never"]
    said = stilts("tapquery", *words, "adql=SELECT TOP 3 hip FROM hipparcos.main ORDER BY hip")
    assert "hip\n1\n2\n3\n" in said
    job = re.search(rf"{demo_site}/vo/tap/async/[0-9a-f]{{32}}", said)
    assert job is not None
    again = stilts("tapresume", f"joburl={job[0]}", "ofmt=csv", "delete=now")
    assert "hip\n1\n2\n3\n" in again
    assert fetch(demo_site, job[0].removeprefix(demo_site)).status == 404


def test_cone_searches(stilts: Stilts, demo_site: str):
    address = f"{demo_site}/vo/hipparcos/main/scs?"
    rows = stilts("cone", f"serviceurl={address}", "lon=56.75", "lat=24.1", "radius=1", "ofmt=csv")
    assert len([line for line in rows.splitlines() if re.match(r"\d", line)]) == 27


@pytest.mark.parametrize("serialisation", ["", ";serialization=tabledata"])
def test_answers_are_valid_votables(stilts: Stilts, demo_site: str, tmp_path: Path, serialisation: str):
    query = quote("SELECT TOP 20 * FROM lamost_sim_dr10_v2_0.catalogue")
    form = quote(f"application/x-votable+xml{serialisation}")
    reply = fetch(demo_site, f"/vo/tap/sync?LANG=ADQL&QUERY={query}&RESPONSEFORMAT={form}")
    file = tmp_path / "answer.vot"
    file.write_bytes(reply.body)
    assert stilts("votlint", f"votable={file}", "ucd=true", "unit=true").strip() == ""


def test_links_of_a_spectrum_are_valid(stilts: Stilts, demo_site: str):
    query = quote("SELECT TOP 1 obs_publisher_did FROM ivoa.obscore")
    reply = fetch(demo_site, f"/vo/tap/sync?LANG=ADQL&QUERY={query}&RESPONSEFORMAT=csv")
    did = reply.text.splitlines()[1]
    report = stilts("datalinklint", f"votable={demo_site}/vo/datalink/links?ID={quote(did, safe='')}")
    # #documentation is in the vocabulary of today, not in the copy that older STILTS carry
    errors = [e for e in re.findall(r"^E-.*", report, re.M) if "'documentation'" not in e]
    assert not errors, report
