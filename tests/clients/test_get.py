"""`tianku get` and `tianku.client`: killed, resumed, damaged, refused."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tests.support.installation import DATASET, small_installation
from tests.support.server import serving
from tests.support.web import fetch
from tianku import client
from tianku.cli.main import app
from tianku.model.errors import UsageError

QUERY = "SELECT obs_publisher_did FROM ivoa.obscore"
SEED = 22


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with small_installation(tmp_path_factory.mktemp("site")) as centre, serving(centre) as (base, _):
        yield base


@pytest.fixture(autouse=True)
def small_segments(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "SEGMENT", 50_000)


def test_the_command_downloads_what_a_query_finds(site: str, tmp_path: Path) -> None:
    target = tmp_path / "a.tar"
    done = CliRunner().invoke(app, ["get", site, "--query", QUERY, "-o", str(target)])
    assert done.exit_code == 0, done.output
    url = client.choose(site, {"query": QUERY})
    assert target.read_bytes() == fetch(site, url.removeprefix(site)).body
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.tar"]


@pytest.mark.parametrize("form", ["tar", "zip"])
def test_only_what_is_damaged_is_fetched_again(
    site: str, tmp_path: Path, form: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = client.choose(site, {"set": f"{DATASET}/lrs"}).removesuffix("tar") + form
    expected = fetch(site, url.removeprefix(site)).body
    target, fetched = tmp_path / "a", list[int]()
    real = client._segment

    def damaging(part: client._Part, remote: client.Remote, number: int, token: str | None) -> None:
        real(part, remote, number, token)
        if number == 2 and 2 not in fetched:
            part.write(2 * client.SEGMENT + 100, b"damage")
        fetched.append(number)

    monkeypatch.setattr(client, "_segment", damaging)
    assert client.get(url, target).read_bytes() == expected
    assert fetched.count(2) == 2 and len(fetched) < 2 * -(-len(expected) // client.SEGMENT)


def test_another_archive_is_not_put_on_top_of_the_old(site: str, tmp_path: Path) -> None:
    url = client.choose(site, {"set": f"{DATASET}/lrs"})
    target = tmp_path / "a.tar"
    target.with_name("a.tar.part").write_bytes(b"rubbish")
    head = json.dumps({"etag": '"older"', "size": 7, "segment": client.SEGMENT})
    target.with_name("a.tar.part.list").write_text(f"{head}\n0\n1\n")
    assert client.get(url, target).read_bytes() == fetch(site, url.removeprefix(site)).body


def test_single_files_are_downloaded_too(site: str, tmp_path: Path) -> None:
    listing = fetch(
        site, client.choose(site, {"query": QUERY}).removeprefix(site).replace(".tar", "/urls.txt")
    ).text
    url = listing.split()[0]
    assert client.get(url, tmp_path / "one").read_bytes() == fetch(site, url.removeprefix(site)).body


def test_refusals_are_told(site: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="404"):
        client.get(f"{site}/download/{64 * '0'}.tar", tmp_path / "a")
    with pytest.raises(UsageError, match="no http"):
        client.get("file:///etc/passwd", tmp_path / "a")


_SLOW = """
import sys, time
from pathlib import Path
from tianku import client
client.SEGMENT = 50_000
real = client._segment
def slow(*given):
    time.sleep(0.005)
    real(*given)
client._segment = slow
client.get(sys.argv[1], Path(sys.argv[2]))
"""


@pytest.mark.slow
def test_killed_at_twenty_points_it_ends_with_the_same_bytes(site: str, tmp_path: Path) -> None:
    url, target = client.choose(site, {"query": QUERY}), tmp_path / "a.tar"
    expected = fetch(site, url.removeprefix(site)).body
    rng = random.Random(SEED)
    print(f"seed {SEED}")
    listing = target.with_name("a.tar.part.list")
    for _ in range(20):
        process = subprocess.Popen([sys.executable, "-c", _SLOW, url, str(target)])
        while process.poll() is None and not listing.exists():
            time.sleep(0.002)
        time.sleep(rng.uniform(0, 0.05))
        process.kill()
        process.wait()
        if target.exists():
            break
    assert client.get(url, target).read_bytes() == expected
