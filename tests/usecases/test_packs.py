"""Packed products: kept in shards, and in all that is done with them like loose ones."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.installation import DATASET, configure, small_installation
from tests.support.server import serving
from tests.support.state import empty_state
from tests.support.web import fetch
from tianku.usecases.ingest import ingest_dataset


def originals(root: Path) -> dict[str, bytes]:
    sources, sets = root / "sources", {"spectra": "lrs", "med-spectra": "mrs"}
    return {
        f"{DATASET}/{name}/{path.relative_to(sources).as_posix()}": path.read_bytes()
        for folder, name in sets.items()
        for path in (sources / folder).rglob("*.fits.gz")
    }


def shards(root: Path) -> list[Path]:
    return sorted(path for path in (root / "data" / "packs").rglob("*") if path.is_file())


def members(paths: list[Path]) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    for path in paths:
        with tarfile.open(path) as archive:
            found |= {one.name: archive.extractfile(one).read() for one in archive}  # type: ignore[union-attr]
    return found


@pytest.fixture(scope="module")
def packed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, str]]:
    root = tmp_path_factory.mktemp("packed")
    with small_installation(root, "pack-copy") as centre, serving(centre) as (base, _):
        yield root, base


def test_shards_are_tar_archives_named_by_their_checksums(packed: tuple[Path, str]) -> None:
    root, _ = packed
    made = shards(root)
    assert members(made) == originals(root)
    assert [path.stem for path in made] == [hashlib.sha256(path.read_bytes()).hexdigest() for path in made]


def test_files_views_folders_and_archives_read_from_shards(packed: tuple[Path, str]) -> None:
    root, base = packed
    files = originals(root)
    for folder in ("spectra", "med-spectra"):  # nothing is read from where they came from
        (root / "sources" / folder).rename(root / "sources" / f"{folder}-aside")
    try:
        by_content = {hashlib.sha256(content).hexdigest(): name for name, content in files.items()}
        asked = {"LANG": "ADQL", "QUERY": "SELECT DISTINCT obs_publisher_did FROM ivoa.obscore", "FORMAT": "csv"}
        dids = fetch(base, "/vo/tap/sync", params=asked).text.split()[1:]
        keys = sorted(
            {did.partition("?")[0].rpartition("/")[2] + "/" + did.partition("?")[2].split("/")[0] for did in dids}
        )
        seen = set()
        for key in keys:
            body = fetch(base, f"/download/{DATASET}/{key}").body
            seen.add(by_content[hashlib.sha256(body).hexdigest()])
            part = fetch(base, f"/download/{DATASET}/{key}", headers={"Range": "bytes=100-199"})
            assert (part.status, part.body) == (206, body[100:200])
            assert fetch(base, f"/api/v1/products/{DATASET}/{key}/spectrum.csv").status == 200
        assert seen == set(files)
        for name, content in files.items():
            assert fetch(base, f"/sas/{name}").body == content
        for name in ("lrs", "mrs"):
            body = b'{"set": "%s/%s"}' % (DATASET.encode(), name.encode())
            place = fetch(base, "/download", "POST", body=body).headers["location"]
            target = root / f"{name}.tar"
            target.write_bytes(fetch(base, f"{place}.tar").body)
            assert members([target]) == {n: c for n, c in files.items() if n.startswith(f"{DATASET}/{name}/")}
    finally:
        for folder in ("spectra", "med-spectra"):
            (root / "sources" / f"{folder}-aside").rename(root / "sources" / folder)


_KILLED = """
import sys
from pathlib import Path
from tianku.usecases.ingest import ingest_dataset
ingest_dataset(Path(sys.argv[1]), sys.argv[2])
"""


@pytest.mark.parametrize("point", ["packs.before_rename", "packs.after_rename", "products.after_index"])
def test_a_killed_ingest_loses_nothing_and_leaves_nothing(tmp_path: Path, point: str) -> None:
    configure(tmp_path, "pack-copy")
    with empty_state(tmp_path / "data"):
        command = [sys.executable, "-c", _KILLED, str(tmp_path), DATASET]
        died = subprocess.run(command, env=os.environ | {"TIANKU_FAILPOINT": point}, check=False)
        assert died.returncode == 137
        ingest_dataset(tmp_path, DATASET)
    made = shards(tmp_path)
    assert members(made) == originals(tmp_path)
    assert len(made) == 2
