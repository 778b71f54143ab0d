"""Archives over HTTP: made by each kind of request, read by each kind of program, killed and resumed."""

from __future__ import annotations

import csv
import hashlib
import http.client
import io
import itertools
import json
import random
import shutil
import subprocess
import tarfile
import time
import zipfile
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.api.conftest import Small
from tests.support.web import Reply, fetch

DIDS = "SELECT obs_publisher_did FROM ivoa.obscore"
SEED = 20261122


def make(small: Small, **asked: Any) -> Reply:
    body = json.dumps(asked).encode()
    return fetch(small.address, "/download", "POST", headers={"Content-Type": "application/json"}, body=body)


def first_ids(small: Small) -> list[str]:
    asked = {"LANG": "ADQL", "QUERY": DIDS, "FORMAT": "csv"}
    return fetch(small.address, "/vo/tap/sync", params=asked).text.split()[1:]


@pytest.fixture(scope="module")
def place(small: Small) -> str:
    reply = make(small, query=DIDS)
    assert reply.status == 201, reply.text
    return reply.headers["location"]


def sources(small: Small, pattern: str) -> dict[str, bytes]:
    root = small.root / "sources"
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in root.glob(pattern)}


def published(small: Small) -> dict[str, bytes]:
    low, medium = (sources(small, f"{name}/**/*.fits.gz") for name in ("spectra", "med-spectra"))
    named = {f"sim/dr1/lrs/{name}": content for name, content in low.items()}
    return named | {f"sim/dr1/mrs/{name}": content for name, content in medium.items()}


def test_an_archive_holds_the_files_of_a_query(small: Small, place: str) -> None:
    told = fetch(small.address, place).json
    files = published(small)
    assert told["members"] == len(files) > 4
    body = fetch(small.address, f"{place}.tar")
    assert (body.status, int(body.headers["content-length"])) == (200, told["tar_bytes"])
    assert body.headers["accept-ranges"] == "bytes" and "last-modified" not in body.headers
    with tarfile.open(fileobj=io.BytesIO(body.body)) as archive:
        assert {one.name: archive.extractfile(one).read() for one in archive} == files  # type: ignore[union-attr]
    with zipfile.ZipFile(io.BytesIO(fetch(small.address, f"{place}.zip").body)) as zipped:
        assert {name: zipped.read(name) for name in zipped.namelist()} == files


def test_the_manifest_tells_checksums_and_addresses(small: Small, place: str) -> None:
    files = published(small)
    rows = list(csv.DictReader(io.StringIO(fetch(small.address, f"{place}/manifest.csv").text)))
    assert {r["name"]: r["sha256"] for r in rows} == {n: hashlib.sha256(c).hexdigest() for n, c in files.items()}
    urls = fetch(small.address, f"{place}/urls.txt").text.split()
    assert urls == [row["url"] for row in rows]
    first = rows[0]
    assert fetch(small.address, urlsplit(first["url"]).path).body == files[first["name"]]
    metalink = fetch(small.address, f"{place}.meta4")
    assert metalink.headers["content-type"].startswith("application/metalink4+xml")
    assert metalink.text.count("<file ") == len(files) and first["sha256"] in metalink.text


def test_the_same_choice_is_the_same_archive(small: Small, place: str) -> None:
    ids = fetch(
        small.address, "/vo/tap/sync", params={"LANG": "ADQL", "QUERY": DIDS, "FORMAT": "csv"}
    ).text.split()[1:]
    again = make(small, ids=[*reversed(ids), *ids[:3]])
    assert again.status == 201 and again.headers["location"] == place
    alone = make(small, ids=ids[:1])
    assert alone.json["members"] == 1 and alone.headers["location"] != place


def test_folders_and_positions_choose_too(small: Small) -> None:
    nights = {name.split("/")[1] for name in sources(small, "spectra/**/*.fits.gz")}
    night = min(nights)
    reply = make(small, set="sim/dr1/lrs", folder=f"spectra/{night}/")
    assert reply.json["members"] == len(sources(small, f"spectra/{night}/**/*.fits.gz"))
    query = "SELECT TOP 1 s_ra, s_dec FROM ivoa.obscore WHERE obs_publisher_did LIKE '%/lrs?%'"
    found = fetch(small.address, "/vo/tap/sync", params={"LANG": "ADQL", "QUERY": query, "FORMAT": "csv"}).text
    ra, dec = (float(value) for value in found.split()[1].split(","))
    near = make(small, set="sim/dr1/lrs", cone={"ra": ra, "dec": dec, "radius": 1e-4})
    assert near.json["members"] >= 1


def test_what_is_wrong_is_named(small: Small) -> None:
    unknown = "ivo://test.example/sim/dr1/lrs?nothing"
    known = first_ids(small)[0]
    partly = make(small, ids=[known, unknown, "ivo://test.example/gone/dr1/lrs?1"])
    assert partly.status == 201
    assert partly.json["unknown"] == {"count": 2, "first": [unknown, "ivo://test.example/gone/dr1/lrs?1"]}
    cases: list[tuple[dict[str, Any], int, str]] = [
        ({"ids": [unknown]}, 404, "archive.nothing"),
        ({"ids": []}, 404, "archive.nothing"),
        ({"ids": ["no identifier"]}, 400, "did.malformed"),
        ({"ids": [""]}, 400, "did.malformed"),
        ({"ids": [known] * 1_000_001}, 413, "archive.too_many"),
        ({"query": "SELECT s_ra FROM ivoa.obscore"}, 400, "archive.no_ids"),
        ({"query": "SELECT obs_publisher_did FRM ivoa.obscore"}, 400, "adql.syntax"),
        ({"job": 32 * "0"}, 404, "job.unknown"),
        ({"set": "sim/dr1/lrs", "folder": "../.."}, 404, "archive.no_folder"),
        ({"set": "sim/dr1/lrs", "ids": [known]}, 400, "api.body"),
        ({}, 400, "api.body"),
    ]
    for asked, status, code in cases:
        reply = make(small, **asked)
        assert (reply.status, reply.json["error"]["code"]) == (status, code), (
            asked if len(str(asked)) < 999 else code
        )


def test_ranges_and_validators(small: Small, place: str) -> None:
    path = f"{place}.tar"
    whole = fetch(small.address, path)
    size, tag = len(whole.body), whole.headers["etag"]

    def ask(**headers: str) -> Reply:
        return fetch(small.address, path, headers={k.replace("_", "-"): v for k, v in headers.items()})

    part = ask(Range="bytes=700-5000")
    assert (part.status, part.body) == (206, whole.body[700:5001])
    assert part.headers["content-range"] == f"bytes 700-5000/{size}"
    assert ask(Range="bytes=-1024").body == bytes(1024)
    assert ask(Range=f"bytes={size}-").status == 416
    assert ask(Range="bytes=1-2", If_Range=tag).status == 206
    assert ask(Range="bytes=1-2", If_Range='"other"').status == 200
    assert ask(If_None_Match=tag).status == 304
    head = fetch(small.address, path, "HEAD")
    assert (head.status, head.headers["content-length"], head.headers["etag"], head.body) == (
        200,
        str(size),
        tag,
        b"",
    )


def test_a_form_of_a_page_leads_to_the_archive(small: Small, place: str) -> None:
    reply = fetch(small.address, "/download", "POST", params={"query": DIDS})
    assert (reply.status, reply.headers["location"]) == (303, f"{place}.tar")


def test_a_link_leads_to_the_archive(small: Small, place: str) -> None:
    one = first_ids(small)[0]
    reply = fetch(small.address, "/download", params={"ids": one, "categories": "all"})
    assert reply.status == 303
    with tarfile.open(fileobj=io.BytesIO(fetch(small.address, reply.headers["location"]).body)) as archive:
        assert len(archive.getnames()) == 1
    assert fetch(small.address, "/download", params={"query": DIDS}).headers["location"] == f"{place}.tar"
    assert fetch(small.address, "/download").status == 400


def _run(command: list[str], seconds: float | None = None) -> bool:
    """Run a program, or kill it after `seconds`; return whether it ended well."""
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        return process.wait(seconds if seconds is not None else 60) == 0
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        return False


PROGRAMS = {
    "curl": ["curl", "-sS", "-C", "-", "-o", "{target}"],
    "wget": ["wget", "-q", "-c", "-O", "{target}"],
    "aria2c": ["aria2c", "-q", "-x8", "-s8", "-k1M", "-c", "--dir={folder}", "--out={name}"],
}


@pytest.mark.slow
@pytest.mark.parametrize("program", list(PROGRAMS))
def test_programs_fetch_it_though_killed_and_resumed(
    small: Small, place: str, tmp_path: Path, program: str
) -> None:
    if shutil.which(program) is None:
        pytest.skip(f"{program} is not installed")
    expected = fetch(small.address, f"{place}.tar").body
    url, target = f"{small.address}{place}.tar", tmp_path / "a.tar"
    names = {"target": str(target), "folder": str(tmp_path), "name": target.name}
    command = [part.format(**names) for part in PROGRAMS[program]]
    slow = {"curl": "--limit-rate=200K", "wget": "--limit-rate=200k", "aria2c": "--max-download-limit=200K"}[
        program
    ]
    rng = random.Random(SEED)
    print(f"seed {SEED}")
    for _ in range(20):
        if _run([*command, slow, url], rng.uniform(0.02, 0.2)):
            break
    deadline = time.monotonic() + 60
    while not _run([*command, url]) and target.stat().st_size != len(expected):
        assert time.monotonic() < deadline
    assert target.read_bytes() == expected


def test_segments_come_from_any_connection(small: Small, place: str) -> None:
    expected = fetch(small.address, f"{place}.tar").body
    rng = random.Random(SEED)
    cuts = sorted({0, len(expected), *(rng.randrange(len(expected)) for _ in range(20))})
    connection = http.client.HTTPConnection(urlsplit(small.address).netloc, timeout=30)
    pieces = []
    for first, last in itertools.pairwise(cuts):
        connection.request("GET", f"{place}.tar", headers={"Range": f"bytes={first}-{last - 1}"})
        pieces.append(connection.getresponse().read())
    connection.close()
    assert b"".join(pieces) == expected


def test_a_file_that_is_gone_changes_the_archive_once_it_is_noticed(small: Small) -> None:
    path = next((small.root / "sources" / "spectra").rglob("*.fits.gz"))
    place = make(small, set="sim/dr1/lrs").headers["location"]
    before = fetch(small.address, f"{place}.tar")
    aside = path.rename(path.with_suffix(".aside"))
    try:
        broken = fetch(small.address, f"{place}.tar")
        assert (broken.status, broken.json["error"]["code"]) == (503, "archive.changed")
        after = fetch(small.address, f"{place}.tar")
        assert after.headers["etag"] != before.headers["etag"]
        with tarfile.open(fileobj=io.BytesIO(after.body)) as archive:
            names = [Path(name).name for name in archive.getnames()]
        assert path.name not in names and len(names) == fetch(small.address, place).json["members"]
    finally:
        aside.rename(path)
    assert make(small, set="sim/dr1/lrs").headers["location"] == place
    assert fetch(small.address, f"{place}.tar").body == before.body
