"""Virtual archives: as other programs read them, and byte range by byte range."""

from __future__ import annotations

import hashlib
import io
import shutil
import subprocess
import tarfile
import zipfile
import zlib
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pytest

from tianku.formats import tar, zip64
from tianku.products.archive import Form, Layout, MemberGoneError, Part
from tianku.products.members import Members
from tianku.products.tree import number_files, write_tree

CONTENTS = {
    "a.fits": b"one" * 1000,
    "night/plan/b.fits": b"",
    "night/plan/" + "long-" * 25 + "c.fits": bytes(512),
    "night-x/星.fits": b"x" * 100_001,
    "../../etc/passwd": b"trick",
    "night/d\ne.fits": b"control",
    "/absolute": b"rooted",
}
PLACES = {"../../etc/passwd": "_/_/etc/passwd", "night/d\ne.fits": "night/d_e.fits", "/absolute": "_/absolute"}
FORMS: tuple[Form, ...] = ("tar", "zip")


def members(folder: Path, contents: dict[str, bytes]) -> Members:
    """Keep files in `folder`, and write the tree of a set that they came in by the names of `contents`."""
    rows: list[dict[str, Any]] = []
    for n, (inside, content) in enumerate(contents.items()):
        path = folder / f"{n}.bin"
        path.write_bytes(content)
        rows.append(
            {"path": str(path), "inside": inside, "store": "in-place", "offset": None, "shard": None,
             "size": len(content),
             "sha256": hashlib.sha256(content).hexdigest(), "crc32": zlib.crc32(content), "mtime": 1.6e9 + n}
        )  # fmt: skip
    con = duckdb.connect()
    con.register("kept", pa.Table.from_pylist(rows, schema=pa.schema({**SCHEMA})))
    number_files(con, by_row=False)
    return Members(write_tree(con, folder)[0])


SCHEMA = {
    "path": pa.string(), "inside": pa.string(), "store": pa.string(), "offset": pa.int64(), "shard": pa.string(),
    "size": pa.int64(),    "sha256": pa.string(), "crc32": pa.int64(), "mtime": pa.float64(),
}  # fmt: skip


def whole(layout: Layout) -> bytes:
    return b"".join(layout.read(Path(), 0, layout.size))


def expected() -> dict[str, bytes]:
    return {f"data/dr1/set/{PLACES.get(name, name)}": content for name, content in CONTENTS.items()}


@pytest.fixture(scope="module")
def part(tmp_path_factory: pytest.TempPathFactory) -> Part:
    some = members(tmp_path_factory.mktemp("members"), CONTENTS)
    return Part(some, "data/dr1/set/", np.arange(len(some)))


def test_tarfile_reads_every_member(part: Part) -> None:
    layout = Layout("tar", [part])
    body = whole(layout)
    assert len(body) == layout.size
    with tarfile.open(fileobj=io.BytesIO(body), mode="r:") as archive:
        found = {one.name: archive.extractfile(one).read() for one in archive if one.isreg()}  # type: ignore[union-attr]
        times = {one.name: one.mtime for one in archive.getmembers()}
    assert found == expected()
    assert times["data/dr1/set/a.fits"] == 1_600_000_000


def test_zipfile_reads_every_member(part: Part) -> None:
    layout = Layout("zip", [part])
    body = whole(layout)
    assert len(body) == layout.size
    with zipfile.ZipFile(io.BytesIO(body)) as archive:
        assert archive.testzip() is None
        assert {one: archive.read(one) for one in archive.namelist()} == expected()


@pytest.mark.parametrize(
    ("form", "command"),
    [("tar", ["tar", "-tf"]), ("tar", ["bsdtar", "-tf"]), ("zip", ["unzip", "-tq"]), ("zip", ["bsdtar", "-tf"])],
)
def test_programs_accept_it(part: Part, tmp_path: Path, form: Form, command: list[str]) -> None:
    if shutil.which(command[0]) is None:
        pytest.skip(f"{command[0]} is not installed")
    target = tmp_path / f"archive.{form}"
    target.write_bytes(whole(Layout(form, [part])))
    done = subprocess.run([*command, str(target)], capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, b"")


@pytest.mark.parametrize("form", FORMS)
def test_ranges_are_parts_of_the_whole(part: Part, form: Form) -> None:
    layout = Layout(form, [part])
    body = whole(layout)
    rng = np.random.default_rng(6)
    for _ in range(200):
        begin = int(rng.integers(layout.size))
        length = int(rng.integers(1, min(3000, layout.size - begin) + 1))
        assert b"".join(layout.read(Path(), begin, length)) == body[begin : begin + length]


@pytest.mark.parametrize("form", FORMS)
def test_no_members_are_an_empty_archive(part: Part, form: Form) -> None:
    layout = Layout(form, [Part(part.members, part.prefix, np.empty(0, np.int64))])
    body = io.BytesIO(whole(layout))
    names = zipfile.ZipFile(body).namelist() if form == "zip" else tarfile.open(fileobj=body).getnames()  # noqa: SIM115
    assert names == []


def test_a_file_that_changed_its_size_ends_the_stream_and_is_named(tmp_path: Path) -> None:
    some = members(tmp_path, {"a": b"12345", "b": b"67890"})
    (tmp_path / "1.bin").write_bytes(b"6")
    layout = Layout("tar", [Part(some, "d/s/", np.arange(2))])
    with pytest.raises(MemberGoneError) as caught:
        whole(layout)
    assert (caught.value.part, caught.value.number) == (0, 1)


def test_folders_are_runs_of_numbers(part: Part) -> None:
    def names(folder: str) -> list[str]:
        return sorted(m.place for m in part.members.rows(np.sort(part.members.below(folder))))

    everything = sorted(PLACES.get(name, name) for name in CONTENTS)
    assert names("") == everything
    for folder in ("night", "night/plan", "night-x", "nigh"):
        assert names(folder) == [name for name in everything if name.startswith(f"{folder}/")]


def test_keys_are_found_again(part: Part) -> None:
    numbers = np.array([1, 3, 4])
    assert part.members.locate(part.members.keys(numbers)).tolist() == numbers.tolist()
    assert part.members.locate(pa.array(["nowhere\0x"])).tolist() == []


@pytest.mark.parametrize("size", [0, 8**11 - 1, 8**11, 10**12])
@pytest.mark.parametrize("name", ["a", "a" * 100, "a" * 101, "星" * 30, "星" * 300])
def test_heads_of_tar_are_as_long_as_foretold_and_read_by_tarfile(name: str, size: int) -> None:
    made = tar.head(name, size, 1.6e9)
    octets, sizes = (np.array([n], np.int64) for n in (len(name.encode()), size))
    assert tar.head_lengths(octets, np.array([name.isascii()]), sizes).tolist() == [len(made)]
    with tarfile.open(fileobj=io.BytesIO(made + tar.END)) as archive:
        one = archive.next()
    assert one is not None and (one.name, one.size, one.mtime) == (name, size, 1_600_000_000)


def test_large_zips_are_read_by_zipfile() -> None:
    """The directory of an archive of 3 members of 5 GB, before which its reader needs no byte."""
    size, count = 5_000_000_000, 3
    octets, sizes = np.full(count, 2), np.full(count, size)
    starts = np.concatenate([[0], np.cumsum(zip64.local_lengths(octets, sizes) + sizes)])
    entries = [zip64.central_header(f"m{i}", size, i, 0.0, int(starts[i])) for i in range(count)]
    assert zip64.central_lengths(octets, sizes, starts[:-1]).tolist() == [len(one) for one in entries]
    directory = b"".join(entries) + zip64.ending(count, int(starts[-1]), sum(map(len, entries)))

    class Sparse(io.BytesIO):
        """The directory, as if everything stood before it."""

        def seek(self, offset: int, whence: int = 0) -> int:
            return super().seek(offset - int(starts[-1]) if whence == 0 else offset, whence) + int(starts[-1])

        def tell(self) -> int:
            return super().tell() + int(starts[-1])

    with zipfile.ZipFile(Sparse(directory)) as archive:
        found = [(i.filename, i.file_size, i.header_offset, i.CRC) for i in archive.infolist()]
    assert found == [(f"m{i}", size, int(starts[i]), i) for i in range(count)]
