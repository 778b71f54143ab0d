"""Pixels and previews: large files are mapped, strips are joined, labels are never boxes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits

from tianku.products.image import display_cuts, read_image, reduced, stretched
from tianku.products.preview import fonts
from tianku.products.readers import image_hdus
from tianku.products.readers.source import ReadLimits


@pytest.fixture
def tiny_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every file is too large to be read at once."""
    monkeypatch.setattr(image_hdus, "DEFAULT_LIMITS", ReadLimits(max_bytes=100))


@pytest.mark.usefixtures("tiny_memory")
@pytest.mark.parametrize("kind", ["plain", "tiled"])
def test_a_large_file_is_mapped_and_reads_the_same(kind: str, tmp_path: Path) -> None:
    pixels = np.random.default_rng(3).normal(size=(70, 90)).astype(np.float32)
    path = tmp_path / "large.fits"
    if kind == "plain":
        fits.PrimaryHDU(pixels).writeto(path)
    else:
        compressed = fits.CompImageHDU(pixels, compression_type="GZIP_2", quantize_level=0)
        fits.HDUList([fits.PrimaryHDU(), compressed]).writeto(path)
    assert np.array_equal(read_image(path, 0 if kind == "plain" else 1).pixels, pixels)


def test_blank_and_scaled_integers(tmp_path: Path) -> None:
    hdu = fits.PrimaryHDU(np.array([[1, -32768], [3, 4]], dtype=np.int16))
    hdu.header.update(BSCALE=0.5, BZERO=10.0, BLANK=-32768)
    hdu.writeto(tmp_path / "scaled.fits")
    found = read_image(tmp_path / "scaled.fits", 0).pixels
    assert np.array_equal(found, np.array([[10.5, np.nan], [11.5, 12.0]], np.float32), equal_nan=True)


def test_the_first_plane_of_a_cube_is_shown(tmp_path: Path) -> None:
    cube = np.arange(2 * 3 * 4, dtype=np.int32).reshape(2, 3, 4)
    fits.PrimaryHDU(cube).writeto(tmp_path / "cube.fits")
    image = read_image(tmp_path / "cube.fits", 0)
    assert image.shape == (2, 3, 4) and np.array_equal(image.pixels, cube[0])


@pytest.mark.parametrize(("ny", "nx", "step"), [(10, 10, 3), (7, 5, 2), (4, 4, 4), (1, 9, 10)])
def test_reduction_is_the_mean_of_what_is_there(ny: int, nx: int, step: int) -> None:
    pixels = np.random.default_rng(1).normal(size=(ny, nx))
    pixels[0, 0] = np.nan
    found = reduced(lambda y0, y1: pixels[y0:y1], ny, nx, step)
    for j in range(found.shape[0]):
        for i in range(found.shape[1]):
            block = pixels[j * step : (j + 1) * step, i * step : (i + 1) * step]
            expected = np.nanmean(block) if np.isfinite(block).any() else np.nan
            assert found[j, i] == pytest.approx(expected, rel=1e-6, nan_ok=True)


def test_stretch_goes_from_black_to_white_and_blank_is_black() -> None:
    pixels = np.array([[0.0, 1.0, 2.0, np.nan, -5.0, 9.0]], dtype=np.float32)
    levels = stretched(pixels, (0.0, 2.0))[0]
    assert list(levels[[0, 2, 3, 4, 5]]) == [0, 255, 0, 0, 255] and 128 < levels[1] < 255
    assert display_cuts(np.full((3, 3), 7.0, np.float32)) == (6.5, 7.5)
    assert display_cuts(np.full((3, 3), np.nan, np.float32)) == (0.0, 1.0)


@pytest.fixture
def no_chinese_font(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(fonts, "_CJK", ())
    monkeypatch.delenv("TIANKU_CJK_FONT", raising=False)
    fonts.cjk_font.cache_clear()
    fonts.font.cache_clear()
    yield
    fonts.cjk_font.cache_clear()
    fonts.font.cache_clear()


@pytest.mark.usefixtures("no_chinese_font")
def test_labels_are_english_where_no_font_has_chinese() -> None:
    assert fonts.language_of("zh") == "en" and fonts.font(12) is not None
