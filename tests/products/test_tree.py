"""Files by the folders they came in, against an os.walk of the same names."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tianku.products.tree import ProductTree, number_files, write_tree

_NAME = st.text(st.sampled_from("ab.!~ 星"), min_size=1, max_size=3).filter(lambda n: n not in (".", ".."))


def tree(folder: Path, places: list[str], origins: list[str] | None = None) -> ProductTree:
    """Write and open the tree of files at `places` (`origins`: where their bytes are)."""
    paths = origins or [f"/originals/{place}" for place in places]
    rows = [
        {"path": path, "inside": place, "store": "in-place", "part": part,
         "size": n, "sha256": f"{n:064x}", "mtime": 1.5, "offset": None, "shard": None, "crc32": n}
        for n, (place, path) in enumerate(zip(places, paths, strict=True))
        for part in ("a", "b")
    ]  # fmt: skip
    con = duckdb.connect()
    kept = pa.Table.from_pylist(rows) if rows else _EMPTY
    con.register("kept", kept)
    number_files(con, by_row=False)
    return ProductTree(*write_tree(con, folder))


_EMPTY = pa.schema(
    [("path", pa.string()), ("inside", pa.string()), ("store", pa.string()), ("size", pa.int64()),
     ("sha256", pa.string()), ("mtime", pa.float64()), ("offset", pa.int64()), ("shard", pa.string()),
     ("crc32", pa.int64())]
).empty_table()  # fmt: skip


def listed(one: ProductTree, path: str) -> tuple[list[str], list[str]]:
    """Names of folders and files, put together from pages of two."""
    folder = one.folder(path)
    assert folder is not None
    folders = [name for at in range(0, folder.folders, 2) for name in one.names(folder, at, 2)]
    return folders, [file.name for at in range(0, folder.files, 2) for file in one.files(folder, at, 2)]


@settings(max_examples=15)
@given(places=st.lists(st.lists(_NAME, min_size=1, max_size=3).map("/".join), max_size=20, unique=True))
def test_folders_hold_what_was_in_them(tmp_path_factory: pytest.TempPathFactory, places: list[str]) -> None:
    places = [p for p in places if not any(other.startswith(f"{p}/") for other in places)]
    one = tree(tmp_path_factory.mktemp("tree"), places)
    parents = {"", *(str(parent) for p in places for parent in list(Path(p).parents)[:-1])}
    for parent in parents:
        inside = [p.removeprefix(f"{parent}/") for p in places if not parent or p.startswith(f"{parent}/")]
        folders, files = listed(one, parent)
        assert folders == sorted({p.split("/")[0] for p in inside if "/" in p})
        assert files == sorted(p for p in inside if "/" not in p)
    for n, place in enumerate(places):
        found = one.file(place)
        assert found is not None
        assert (found.size, found.path, found.file(Path("/x"))) == (n, f"/originals/{place}", Path(found.path))
        assert one.file(f"{place}x/y") is None and one.folder(f"{place}/z") is None


def test_a_large_folder_is_paged_across_row_groups(tmp_path: Path) -> None:
    names = [f"{n:05d}.fits" for n in range(20_000)]
    one = tree(tmp_path, [*(f"night/{name}" for name in names), "night/plan/x.fits", "other.fits"])
    folder = one.folder("night")
    assert folder is not None and (folder.folders, folder.files, folder.entries) == (1, 20_000, 20_001)
    assert [f.name for f in one.files(folder, 6_000, 10_000)] == names[6_000:16_000]
    assert [f.name for f in one.files(folder, 19_999, 5)] == names[-1:]
    assert listed(one, "") == (["night"], ["other.fits"])


def test_two_files_of_one_place_both_stay(tmp_path: Path) -> None:
    one = tree(tmp_path, ["x.fits", "x.fits"], ["/disk1/x.fits", "/disk2/x.fits"])
    aside = f"{1:064x}"[:12]
    assert listed(one, "") == ([aside], ["x.fits"])
    first, second = one.file("x.fits"), one.file(f"{aside}/x.fits")
    assert first is not None and second is not None
    assert (first.path, second.path) == ("/disk1/x.fits", "/disk2/x.fits")


@pytest.mark.parametrize("path", ["", "..", "../x.fits", "/x.fits", "x.fits/", "x\0.fits", "./x.fits"])
def test_only_a_name_of_the_tree_finds_a_file(tmp_path: Path, path: str) -> None:
    assert tree(tmp_path, ["x.fits", "a/x.fits"]).file(path) is None
