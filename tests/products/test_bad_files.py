"""Damaged and hostile files are refused by name, before anything large is allocated."""

from __future__ import annotations

import gzip
import io
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits
from hypothesis import given
from hypothesis import strategies as st

from tianku.model.errors import LimitError, TiankuError, UsageError
from tianku.products.readers import ReadLimits, read_spectrum


def _coadd(n: int = 500, mask: str = "E", **cards: object) -> bytes:
    """A small file in the DR10 layout."""
    wave = (10 ** (3.5682 + 1e-4 * np.arange(n))).astype("f4")
    arrays = {"FLUX": np.ones(n, "f4"), "IVAR": np.ones(n, "f4"), "WAVELENGTH": wave}
    columns = [fits.Column(k, f"{n}E", array=[v]) for k, v in arrays.items()]
    columns += [fits.Column("ANDMASK", f"{n}{mask}", array=[np.zeros(n)])]
    primary = fits.PrimaryHDU()
    primary.header.update(
        {"DATE-BEG": "2020-01-02T01:00:00", "DATE-END": "2020-01-02T02:00:00", "EXPTIME": 1800.0} | cards
    )
    hdus = fits.HDUList([primary, fits.BinTableHDU.from_columns(columns, name="COADD")])
    return _bytes(hdus)


def _bytes(hdus: fits.HDUList) -> bytes:
    stream = io.BytesIO()
    hdus.writeto(stream)
    return stream.getvalue()


GOOD = _coadd()


def _code(data: bytes, **limits: int) -> str:
    with pytest.raises(UsageError) as caught:
        read_spectrum(data, limits=ReadLimits(**limits))
    assert caught.value.message
    return caught.value.code


def test_a_good_file_is_read() -> None:
    assert len(read_spectrum(GOOD).parts[0]) == 500
    assert len(read_spectrum(gzip.compress(GOOD)).parts[0]) == 500


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "fits.empty"),
        (b"<html>not found</html>", "fits.not_fits"),
        (GOOD[:1000], "fits.truncated_header"),
        (GOOD[:9000], "fits.truncated"),
        (gzip.compress(GOOD)[:-200], "file.truncated_gzip"),
        (gzip.compress(GOOD)[:-8] + bytes(8), "file.bad_gzip"),
        (
            GOOD[:2880].replace(b"BITPIX  =                    8", b"BITPIX  =                   12"),
            "fits.bad_header",
        ),
    ],
    ids=["empty", "html", "header", "data", "cut gzip", "bad crc", "bitpix"],
)
def test_damaged_files(data: bytes, code: str) -> None:
    assert _code(data) == code


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"gone\.fits"):
        read_spectrum(tmp_path / "gone.fits")


def test_a_claimed_huge_array_costs_nothing() -> None:
    cards = [
        b"SIMPLE  =                    T",
        b"BITPIX  =                  -64",
        b"NAXIS   =                    2",
    ]
    cards += [b"NAXIS1  =               100000", b"NAXIS2  =               100000", b"END"]
    data = b"".join(c.ljust(80) for c in cards).ljust(2880) + bytes(2880)
    tracemalloc.start()
    code = _code(data)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert code == "fits.truncated"
    assert peak < 1 << 20


def test_a_gzip_bomb_is_stopped_at_its_bound() -> None:
    bomb = gzip.compress(GOOD + bytes(64 << 20))
    with pytest.raises(LimitError) as caught:
        read_spectrum(bomb)
    assert caught.value.code == "file.gzip_bomb"
    assert _code(GOOD, max_bytes=1000) == "file.too_large"


def test_an_unknown_layout_names_what_was_found() -> None:
    table = fits.BinTableHDU.from_columns([fits.Column("COUNTS", "J", array=[1, 2, 3])], name="EVENTS")
    with pytest.raises(UsageError) as caught:
        read_spectrum(_bytes(fits.HDUList([fits.PrimaryHDU(), table])))
    assert caught.value.code == "spectrum.unknown_layout"
    assert "EVENTS table of 3 rows with COUNTS(1J)" in caught.value.message


def test_an_unknown_reader_names_those_there_are() -> None:
    with pytest.raises(UsageError, match="lamost"):
        read_spectrum(GOOD, reader="lamots")


def test_medium_resolution_with_vectors() -> None:
    n = 300
    wave = np.linspace(4950, 5350, n).astype("f4")
    hdus: list[fits.BinTableHDU | fits.PrimaryHDU] = [fits.PrimaryHDU()]
    for name, mask in (("COADD_B", "ANDMASK"), ("B-84450349", "PIXMASK")):
        columns = [fits.Column(c, f"{n}E", array=[v]) for c, v in (("FLUX", wave * 0 + 5), ("WAVELENGTH", wave))]
        columns += [
            fits.Column("IVAR", f"{n}E", array=[wave]),
            fits.Column(mask, f"{n}I", array=[wave.astype("i2")]),
        ]
        hdus.append(fits.BinTableHDU.from_columns(columns, name=name))
    hdus[2].header["EXPTIME"] = 1200
    spectrum = read_spectrum(_bytes(fits.HDUList(hdus)))
    assert spectrum.layout == "lamost-mrs-vectors"
    assert [p.name for p in spectrum.parts] == ["COADD_B", "B-84450349"]
    np.testing.assert_array_equal(spectrum.parts[1].masks["pixmask"], wave.astype("i2"))
    assert spectrum.parts[0].t_min == spectrum.parts[1].t_min is not None


@given(st.integers(0, len(GOOD) - 1), st.binary(min_size=1, max_size=40))
def test_any_damage_is_read_or_refused_never_worse(at: int, patch: bytes) -> None:
    try:
        read_spectrum(GOOD[:at] + patch + GOOD[at + len(patch) :])
    except TiankuError as error:
        assert error.kind == "usage"
