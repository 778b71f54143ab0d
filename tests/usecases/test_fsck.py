"""``fsck``: silent about what is well, and not fooled by any byte."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from tests.support.releases import SPECTRA, Releases, releases
from tianku.catalogue.checksums import SUMS
from tianku.model.errors import NotFoundError
from tianku.usecases.download_files import make_downloads
from tianku.usecases.fsck import fsck
from tianku.usecases.ingest import ingest_dataset
from tianku.usecases.optimise import optimise_dataset

DATASET = "sim/dr1"
TABLE = {"from": "stars*.csv", "id": "id", "margin": 10, "positions": [{"ra": "ra", "dec": "dec"}]}
SEED = 20_261_122


def stars(first: int, count: int) -> str:
    random = np.random.default_rng(first)
    lines = [f"{first + i},{random.uniform(0, 360):.6f},{random.uniform(-80, 80):.6f},s{i}" for i in range(count)]
    return "\n".join(["id,ra,dec,name", *lines, "-1,1,95,wrong"]) + "\n"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Releases]:
    """Two revisions: one table with an added segment, one set of copied spectra, copies and downloads."""
    with releases(tmp_path_factory.mktemp("fsck")) as one:
        one.spectra(2)
        one.csv("stars1.csv", stars(0, 500))
        one.csv("plain.csv", "a,b\n1,x\n2,y\n")
        tables = {"stars": TABLE, "plain": {"from": "plain.csv"}}
        sets = {"lrs": SPECTRA | {"store": "copy"}, "packed": SPECTRA | {"store": "pack-copy"}}
        one.add(DATASET, tables=tables, products=sets)
        make_downloads(one.root, DATASET)
        one.csv("stars2.csv", stars(1000, 20))
        ingest_dataset(one.root, DATASET, append=True)
        yield one


def below(root: Path) -> list[Path]:
    """Every file that fsck answers for."""
    data = root / "data"
    places = [data / "snapshots", data / "cache" / "serving", data / "cache" / "downloads"]
    files = [f for place in places for f in sorted(place.rglob("*")) if f.is_file()]
    return [f for f in files if f.name != ".lock" and not f.name.endswith("@last")]


def flip(path: Path, at: int) -> None:
    """Turn one bit of a byte, as a disk does: the file has the times and links that it had."""
    before = path.stat()
    with path.open("r+b") as file:
        file.seek(at)
        byte = file.read(1)[0]
        file.seek(at)
        file.write(bytes([byte ^ (1 << (at % 8))]))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def test_what_is_well_is_not_reported(made: Releases) -> None:
    assert list(fsck(made.root, deep=True)) == []


def kinds(root: Path) -> dict[str, list[Path]]:
    """The files that fsck answers for, by kind: folder (without numbers) and name."""
    found: dict[str, list[Path]] = {}
    for file in below(root):
        if file.stat().st_size:
            found.setdefault(f"{file.parent.name.partition('=')[0]}/{file.name}", []).append(file)
    return found


def test_every_flipped_byte_is_found_and_its_file_named(made: Releases) -> None:
    random = np.random.default_rng(SEED)
    alone = {"manifest.json", SUMS, "downloads.json"}
    chosen = {kind: members[int(random.integers(len(members)))] for kind, members in kinds(made.root).items()}
    assert len(chosen) > 20
    for _ in range(2):
        places = [
            (path, int(random.integers(path.stat().st_size)))
            for path in chosen.values()
            if path.name not in alone and path.suffix != ".sha256"
        ]
        for path, at in places:
            flip(path, at)
        named = {finding.file for finding in fsck(made.root)}
        for path, at in places:
            flip(path, at)
        assert [p for p, _ in places if not any(p.samefile(n) for n in named)] == [], places


@pytest.mark.parametrize("name", ["manifest.json", SUMS, "downloads.json", "stars.duckdb.sha256"])
def test_a_flipped_byte_of_what_tells_of_others_is_found(made: Releases, name: str) -> None:
    random = np.random.default_rng(SEED)
    path = next(file for file in below(made.root) if file.name == name)
    for at in random.integers(path.stat().st_size, size=3).tolist():
        flip(path, at)
        found = list(fsck(made.root))
        flip(path, at)
        assert found and all(f.file.is_relative_to(path.parent) for f in found), (at, found)


def test_missing_and_foreign_files_are_found(made: Releases, tmp_path: Path) -> None:
    table = made.root / "data" / "snapshots" / "sim" / "dr1@2" / "tables" / "stars"
    hidden = next(table.rglob("part0.parquet"))
    shutil.move(hidden, tmp_path / "part")
    (table / "more.txt").write_text("?")
    found = {finding.file: finding.what for finding in fsck(made.root, DATASET)}
    (table / "more.txt").unlink()
    shutil.move(tmp_path / "part", hidden)
    assert found == {hidden: "it is missing", table / "more.txt": "no checksum names it"}


def test_changed_and_missing_originals_are_found(made: Releases) -> None:
    (first, second) = sorted((made.root / "data" / "originals").rglob("*.fits.gz"))[:2]
    (shard,) = (made.root / "data" / "packs").rglob("*.tar")
    kept = second.read_bytes()
    flip(first, 100)
    flip(shard, 100_000)
    second.unlink()
    quick = {finding.file for finding in fsck(made.root)}
    deep = {finding.file for finding in fsck(made.root, deep=True)}
    flip(first, 100)
    flip(shard, 100_000)
    second.write_bytes(kept)
    assert quick == {second} and deep == {first, second, shard}


def test_a_compacted_table_is_well(made: Releases) -> None:
    optimise_dataset(made.root, DATASET)
    assert list(fsck(made.root, deep=True)) == []


def test_unknown_data_sets_are_named(made: Releases) -> None:
    with pytest.raises(NotFoundError, match="sim/none has no snapshot"):
        list(fsck(made.root, "sim/none"))


def test_rows_that_lie_are_found_though_every_checksum_holds(made: Releases, tmp_path: Path) -> None:
    from tianku.catalogue.fsck_table import check_table
    from tianku.catalogue.store import SnapshotStore

    store = SnapshotStore(made.root / "data" / "snapshots")
    table = store.load(DATASET, 1).tables["stars"]
    shutil.copytree(store.path(DATASET, 1), tmp_path / "copy")
    entry = table.files[0]
    rows = pq.read_table(tmp_path / "copy" / entry.path, partitioning=None)
    pq.write_table(rows.slice(1).take(list(range(len(rows) - 2, -1, -1))), tmp_path / "copy" / entry.path)
    ids = tmp_path / "copy" / table.id_tables["id"]
    pq.write_table(pq.read_table(ids).slice(0, 40).take(list(range(39, -1, -1))), ids)
    what = [text for _, text in check_table(tmp_path / "copy", "stars", table, deep=False)]
    assert any("rows, the manifest says" in text for text in what)
    assert any("not in the order" in text for text in what)
    assert "its values are not in order" in what
    assert any("are not those of the column id" in text for text in what)
