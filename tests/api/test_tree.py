"""The tree of files and whole tables, of a real, small installation."""

from __future__ import annotations

import fcntl
import gzip
import hashlib
import io
import os
import shutil
import subprocess
import sys
from pathlib import Path
from urllib.parse import quote

import numpy as np
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq
import pytest
from astropy.io import fits
from astropy.table import Table

from tests.api.conftest import Small
from tests.support.installation import DATASET
from tests.support.web import fetch
from tianku.model.errors import TransientError
from tianku.usecases import download_files, tree
from tianku.usecases.download_files import make_downloads
from tianku.usecases.downloads import DownloadListing, read_listing

BASE = f"/sas/{DATASET}"
_SCHEMA = DATASET.replace("/", "_")


@pytest.fixture(scope="module")
def root(small: Small) -> Path:
    return small.root


@pytest.fixture(scope="module")
def made(small: Small) -> DownloadListing:
    """The downloads that were made."""
    return make_downloads(small.root, DATASET)


@pytest.fixture(scope="module")
def address(small: Small, made: DownloadListing) -> str:
    return small.address


def spectra(root: Path) -> dict[str, Path]:
    """Path in the tree -> original file."""
    sources = root / "sources"
    return {
        f"{name}/{path.relative_to(sources)}": path
        for name, folder in (("lrs", "spectra"), ("mrs", "med-spectra"))
        for path in (sources / folder).rglob("*.fits.gz")
    }


def test_folders_lead_from_the_top_to_the_files(address: str, root: Path) -> None:
    path, original = min(spectra(root).items())
    at = "/sas/"
    for segment in f"{DATASET}/{path}".split("/"):
        page = fetch(address, at)
        assert page.status == 200 and page.headers["content-type"].startswith("text/html")
        slash = "" if segment.endswith(".gz") else "/"
        assert f'href="./{quote(segment)}{slash}"' in page.text, (at, segment)
        at += segment + slash
    reply = fetch(address, at)
    assert reply.body == original.read_bytes()
    assert reply.headers["access-control-allow-origin"] == "*"


def test_a_file_has_validators_and_ranges(address: str, root: Path) -> None:
    path, original = min(spectra(root).items())
    whole = fetch(address, f"{BASE}/{path}")
    etag, modified = whole.headers["etag"], whole.headers["last-modified"]
    assert etag == f'"{hashlib.sha256(original.read_bytes()).hexdigest()}"'
    part = fetch(address, f"{BASE}/{path}", headers={"Range": "bytes=-10"})
    assert (part.status, part.body) == (206, original.read_bytes()[-10:])
    for condition in ({"If-None-Match": etag}, {"If-Modified-Since": modified}):
        assert fetch(address, f"{BASE}/{path}", headers=condition).status == 304
    head = fetch(address, f"{BASE}/{path}", "HEAD")
    assert head.body == b"" and int(head.headers["content-length"]) == original.stat().st_size


def test_a_folder_without_its_slash_is_led_to_it(address: str, root: Path) -> None:
    folder = f"{BASE}/lrs/spectra"
    for path in ("/sas", "/sas/sim", BASE, f"{BASE}/lrs", f"{BASE}/catalogues", folder):
        reply = fetch(address, path)
        assert (reply.status, reply.headers["location"]) == (301, f"{path}/")


@pytest.mark.parametrize(
    "path",
    ["../sim/", "%2e%2e/%2e%2e/site.yaml", "sim/dr1/lrs/..%2f..%2fsite.yaml", "sim/dr1/lrs//", "sim/dr1//lrs/",
     "//etc/passwd", "sim/dr1/lrs/%00", "sim/dr1/lrs/spectra/%2e%2e/", "sim/dr1/lrs/./", "sim/dr1/nothing/",
     "sim/dr1/lrs/nothing", "sim/dr2/", "si/", "sim/dr1/catalogues/../lrs/", "sim/dr1/catalogues/downloads.json",
     "sim/dr1/catalogues/.lock", "sim/dr1/lrs/?page=2"],
)  # fmt: skip
def test_tricks_find_nothing(address: str, path: str) -> None:
    reply = fetch(address, f"/sas/{path}")
    assert reply.status == 404 and reply.json["error"]["code"].startswith(("tree.", "downloads.unknown")), (
        reply.text
    )


@pytest.mark.parametrize("page", ["-1", "x", "1.5"])
def test_a_page_is_a_number(address: str, page: str) -> None:
    assert fetch(address, f"{BASE}/?page={page}").status == 400


def test_a_link_put_in_place_of_a_file_leads_nowhere(address: str, root: Path) -> None:
    path, original = max(spectra(root).items())
    aside = original.with_name("aside")
    original.rename(aside)
    original.symlink_to(root / "site.yaml")
    try:
        reply = fetch(address, f"{BASE}/{path}")
        assert (reply.status, reply.json["error"]["code"]) == (404, "file.gone")
    finally:
        original.unlink()
        aside.rename(original)


def test_a_large_folder_comes_in_pages_that_lead_to_each_other(
    address: str, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tree, "PAGE", 1)
    folder = (
        f"{BASE}/mrs/{next(p for p in spectra(root) if p.startswith('mrs')).partition('/')[2].rpartition('/')[0]}/"
    )
    names, at = [], folder
    while at:
        page = fetch(address, at).text
        names += [
            line.split('"')[1] for line in page.splitlines() if line.startswith("<tr>") for line in [line[4:]]
        ]
        after = [p.split('"')[0] for p in page.split('<a href="')[1:] if "Next page" in p]
        at = folder + after[0] if after else ""
    assert len(names) == len(set(names)) >= 1


@pytest.mark.skipif(shutil.which("wget") is None, reason="wget is missing: scripts/install_clients.sh installs it")
def test_wget_fetches_everything(
    address: str, made: DownloadListing, root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tree, "PAGE", 2)
    command = [
        "wget",
        "-q",
        "-r",
        "-l",
        "inf",
        "-np",
        "-nH",
        "--cut-dirs=1",
        "-P",
        str(tmp_path),
        f"{address}{BASE}/",
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    fetched = {
        str(p.relative_to(tmp_path / DATASET)): p
        for p in (tmp_path / DATASET).rglob("*")
        if "index.html" not in p.name and p.is_file()
    }
    files = spectra(root)
    tables = {f"catalogues/{one.name}" for one in made.files} | {"catalogues/SHA256SUMS"}
    assert fetched.keys() == files.keys() | tables
    assert all(fetched[path].read_bytes() == original.read_bytes() for path, original in files.items())
    subprocess.run(["sha256sum", "--quiet", "-c", "SHA256SUMS"], cwd=tmp_path / DATASET / "catalogues", check=True)


def test_each_table_is_offered_in_three_formats_with_its_checksum(
    address: str, made: DownloadListing, root: Path
) -> None:
    assert [one.name for one in made.files] == [
        f"{_SCHEMA}_catalogue.{e}" for e in ("fits.gz", "csv.gz", "parquet")
    ]
    told = fetch(address, f"/api/v1/datasets/{DATASET}/downloads").json["downloads"]
    assert [one["open"] for one in told] == [True, True, True]
    bodies = {}
    for one in told:
        reply = fetch(address, one["url"])
        bodies[one["format"]] = reply.body
        assert (len(reply.body), hashlib.sha256(reply.body).hexdigest()) == (one["bytes"], one["sha256"])
        assert reply.headers["etag"] == f'"{one["sha256"]}"'
    original = Table.read(next((root / "sources/catalogues").glob("*LRS_catalogue.fits.gz")))
    wanted = np.sort(np.asarray(original["obsid"]))
    parquet = pq.read_table(io.BytesIO(bodies["parquet"]))
    as_fits = Table(fits.getdata(io.BytesIO(gzip.decompress(bodies["fits"])), 1))
    csv = pa_csv.read_csv(io.BytesIO(gzip.decompress(bodies["csv"])))
    assert (
        "_healpix_29" not in parquet.column_names and as_fits.colnames == parquet.column_names == csv.column_names
    )
    for obsid in (parquet["obsid"].to_numpy(), as_fits["obsid"], csv["obsid"].to_numpy()):
        assert np.array_equal(np.sort(obsid), wanted)
    assert np.array_equal(np.asarray(as_fits["ra"]), parquet["ra"].to_numpy())


def test_finished_downloads_are_left_alone_and_lost_ones_made_again(made: DownloadListing, root: Path) -> None:
    (folder,) = (root / "data/cache/downloads").glob("sim/dr1@*")
    before = {path.name: path.stat().st_mtime_ns for path in folder.iterdir()}
    (folder / ".x.fits.gz.1234.tmp").write_bytes(b"half")
    assert make_downloads(root, DATASET) == made
    assert {path.name: path.stat().st_mtime_ns for path in folder.iterdir()} == before
    lost = folder / made.files[0].name
    lost.unlink()
    again = make_downloads(root, DATASET)
    assert {one.name: one.sha256 for one in again.files} == {one.name: one.sha256 for one in made.files}
    assert lost.stat().st_size == made.files[0].bytes


def test_a_killed_run_leaves_whole_files_and_is_resumed(made: DownloadListing, root: Path) -> None:
    (folder,) = (root / "data/cache/downloads").glob("sim/dr1@*")
    shutil.rmtree(folder)
    program = (
        "import sys; from pathlib import Path; from tianku.usecases.download_files import make_downloads;"
        f" make_downloads(Path(sys.argv[1]), {DATASET!r})"
    )
    killed = os.environ | {"TIANKU_FAILPOINT": "downloads.after_file"}
    done = subprocess.run([sys.executable, "-c", program, str(root)], env=killed, timeout=60)
    assert done.returncode == 137
    assert [path.name for path in folder.iterdir() if path.name[0] != "."] == [made.files[0].name]
    assert read_listing(folder) == DownloadListing()
    again = make_downloads(root, DATASET)
    assert {one.name: one.sha256 for one in again.files} == {one.name: one.sha256 for one in made.files}


def test_a_full_disk_stops_it_without_a_half_file(
    made: DownloadListing, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder,) = (root / "data/cache/downloads").glob("sim/dr1@*")
    shutil.rmtree(folder)
    calls = []

    def room(path: Path, needed: int = 0) -> None:
        calls.append(needed)
        if len(calls) == 2:
            raise TransientError("storage.full", "full", retry_after=600)

    with monkeypatch.context() as patched, pytest.raises(TransientError, match="full"):
        patched.setattr(download_files, "require_room", room)
        make_downloads(root, DATASET)
    left = sorted(path.name for path in folder.iterdir())
    assert left == sorted([".lock", "downloads.json", made.files[0].name])
    assert make_downloads(root, DATASET).files[1].sha256 == made.files[1].sha256


def test_only_one_process_makes_them(made: DownloadListing, root: Path) -> None:
    (folder,) = (root / "data/cache/downloads").glob("sim/dr1@*")
    with (folder / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(TransientError) as told:
            make_downloads(root, DATASET)
    assert told.value.code == "downloads.running"
