"""A set's ``where`` shares a folder between sets: what it leaves out is counted, never lost."""

from __future__ import annotations

import gzip
import shutil
from pathlib import Path

import pytest

from tests.products.product_sets import context
from tianku.model.errors import UsageError
from tianku.products.ingest import ingest_products
from tianku.products.ingest_chunk import Selection
from tianku.products.selection import compile_where, select

DR10 = "DATA_V = 'LAMOST DR10'"


@pytest.fixture
def folder(test_data: Path, tmp_path: Path) -> Path:
    """Two files of DR10, one of DR1, one of DR2, one of medium resolution."""
    names = [
        "3703110.fits",
        "3706009.fits",
        "spec-55862-B6212_sp06-003.fits",
        "spec-56309-GAC088N20V1_sp08-126.fits",
    ]
    names.append("med-58646-TD192102N424113K01_sp12-076.fits.gz")
    source = tmp_path / "in"
    source.mkdir()
    for name in names:
        shutil.copy(test_data / "lamost-spectra" / name, source)
    return source


def _chosen(folder: Path, where: str, **config: object) -> tuple[list[str], Selection]:
    files = sorted(folder.iterdir())
    found = select(context(where=where, **config), files)
    assert len(found.files) + len(found.rejects) + found.skipped == len(files)
    return [path.name[:9] for path in found.files], found


@pytest.mark.parametrize(
    ("where", "names"),
    [
        (DR10, ["3703110.f", "3706009.f"]),
        ("DATA_V is null and VERSPIPE like 'v2.6%'", ["spec-5586"]),
        ("VERSPIPE = '2.7.5'", ["spec-5630"]),
        ("DATA_V <> 'LAMOST DR10'", ["med-58646"]),  # null for the two that have no DATA_V
        ("OBSID > 3703110 and OBSID < 4000000", ["3706009.f"]),
        ("NO_SUCH_WORD = 1", []),
        ("NO_SUCH_WORD is null and true", ["3703110.f", "3706009.f", "med-58646", "spec-5586", "spec-5630"]),
    ],
)
def test_true_selects_and_false_and_null_do_not(folder: Path, where: str, names: list[str]) -> None:
    assert _chosen(folder, where)[0] == names


def test_unreadable_files_are_rejects_of_every_set(folder: Path) -> None:
    whole = (folder / "3703110.fits").read_bytes()
    damaged = {
        "a.fits": (b"", "fits.empty"),
        "b.fits": (b"<html>not found</html>", "fits.not_fits"),
        "c.fits": (whole[:1000], "fits.truncated_header"),
        "d.fits.gz": (b"\x1f\x8b" + b"\x00" * 50, "file.bad_gzip"),
        "e.fits.gz": (gzip.compress(whole)[:300], "fits.truncated_header"),
    }
    for name, (data, _) in damaged.items():
        (folder / name).write_bytes(data)
    (folder / "f.fits").symlink_to(folder / "absent")
    for where in (DR10, "NO_SUCH_WORD = 1"):
        _, found = _chosen(folder, where)
        reasons = {Path(file).name: reason.partition(":")[0] for file, reason in found.rejects}
        assert reasons == {name: code for name, (_, code) in damaged.items()} | {"f.fits": "file.missing"}


def test_files_without_headers_have_no_keywords(folder: Path) -> None:
    (folder / "a.png").write_bytes(b"\x89PNG")
    assert "a.png" not in _chosen(folder, DR10, type="other")[0]
    assert "a.png" in _chosen(folder, "DATA_V is null", type="other")[0]


def test_only_the_header_of_a_file_is_read(folder: Path) -> None:
    """A file that is damaged after its header is left to the set it belongs to."""
    path = folder / "3703110.fits"
    path.write_bytes(path.read_bytes()[:60_000])
    assert _chosen(folder, "DATA_V is null")[1].rejects == ()
    assert path in _chosen(folder, DR10)[1].files


def test_an_end_inside_a_text_does_not_end_the_header(folder: Path) -> None:
    cards = ["SIMPLE  =                    T", "HISTORY " + "x" * 69 + "END", "", "DATA_V  = 'LAMOST DR10'"]
    cards += [f"K{i:<7}= {i:20d}" for i in range(900)] + ["END"]
    text = "".join(card.ljust(80) for card in cards)
    (folder / "z.fits").write_text(text.ljust(-(-len(text) // 2880) * 2880))
    assert "z.fits" in _chosen(folder, f"{DR10} and K899 = 899")[0]


def test_ingest_counts_what_it_leaves(folder: Path, tmp_path: Path) -> None:
    (folder / "bad.fits").write_bytes(b"nothing")
    originals = tmp_path / "originals"
    setting = context(where=DR10, originals=originals, root=folder, store="copy")
    files = sorted(folder.iterdir())
    manifest = ingest_products(setting, files, tmp_path / "out", workers=2, chunk_size=2)
    assert (manifest.products, manifest.files, manifest.skipped) == (2, 2, 3)
    assert manifest.rejects.reasons == {"fits.not_fits": 1}
    kept = sorted(p.name for p in originals.rglob("*.fits*"))
    assert kept == ["3703110.fits", "3706009.fits"]


def test_a_set_without_a_condition_takes_all(folder: Path) -> None:
    files = sorted(folder.iterdir())
    assert compile_where(context()) is None
    assert select(context(), files) == Selection(tuple(files))


@pytest.mark.parametrize(
    ("where", "code"),
    [
        ("DATA_V", "where.no_condition"),
        ("DATA_V =", "expression.syntax"),
        ("sleep(1)", "expression.not_allowed"),
        ("OBSID in (select 1)", "expression.not_allowed"),
    ],
)
def test_a_wrong_condition_stops_before_any_file_is_read(tmp_path: Path, where: str, code: str) -> None:
    with pytest.raises(UsageError) as caught:
        ingest_products(context(where=where), iter(()), tmp_path)
    assert caught.value.code == code
