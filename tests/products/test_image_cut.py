"""Windows of images: distortions, scaled integers, further coordinates and compressed tiles."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits
from astropy.wcs import WCS

from tianku.planner.regions import Circle
from tianku.products.celestial import celestial
from tianku.products.image_cut import ImageCut, to_fits
from tianku.products.image_window import window_of
from tianku.products.readers.image_hdus import image_hdus, opened

SHAPE = (300, 400)


def header() -> fits.Header:
    """Coordinates with a distortion of some pixels, and a second description of the same axes."""
    made = WCS(naxis=2)
    made.wcs.ctype, made.wcs.crval = ["RA---TAN-SIP", "DEC--TAN-SIP"], [359.99, 61.0]
    made.wcs.crpix, made.wcs.cd = [180.5, 160.25], [[-2.1e-4, 3e-5], [3e-5, 2.1e-4]]
    cards = made.to_header()
    cards.update({"A_ORDER": 2, "B_ORDER": 2, "A_2_0": 1e-4, "A_1_1": -4e-5, "B_0_2": 9e-5, "B_1_1": 3e-5})
    cards.update({"CTYPE1A": "DETX", "CTYPE2A": "DETY", "CRPIX2A": 5.0, "LTV1": 0.0, "CHECKSUM": "x"})
    cards["LONG"] = "a text, " * 20 + "ends"
    return cards


@pytest.mark.parametrize("packed", [False, True])
def test_a_window_keeps_pixels_distortions_and_scaling(tmp_path: Path, packed: bool) -> None:
    pixels = np.random.default_rng(4).integers(0, 65535, SHAPE).astype(np.uint16)
    path = tmp_path / "image.fits"
    if packed:
        image = fits.CompImageHDU(pixels, header(), compression_type="RICE_1", tile_shape=(64, 64))
        fits.HDUList([fits.PrimaryHDU(), image]).writeto(path)
    else:
        fits.PrimaryHDU(pixels, header()).writeto(path)
    buffer = opened(path)
    hdu = image_hdus(buffer, "first")[0]
    sky = celestial(hdu.wcs)
    assert sky is not None
    ra, dec = (float(v[0]) for v in sky.to_sky(np.array([250.0]), np.array([110.0])))
    radius = 40 * 0.76 / 3600
    region = Circle(ra, dec, radius)
    window = window_of(sky, SHAPE[1], SHAPE[0], 0.76, region.border(), region.holds)
    assert window is not None
    with fits.open(io.BytesIO(b"".join(to_fits([ImageCut(path, buffer, hdu, window)])))) as found:
        found.verify("exception")
        (part,) = [one for one in found if one.header["NAXIS"]]
        inside = (slice(window.y0, window.y1), slice(window.x0, window.x1))
        np.testing.assert_array_equal(part.data, pixels[inside])
        assert part.data.dtype == np.uint16 and part.header["LONG"] == "a text, " * 20 + "ends"
        assert not {"CHECKSUM", "ZIMAGE", "ZCMPTYPE", "TFIELDS"} & set(part.header)
        assert part.header["CRPIX1A"] == -window.x0 and part.header["CRPIX2A"] == 5.0 - window.y0
        moved, whole = WCS(part.header), WCS(header())
    x, y = np.meshgrid(np.arange(window.x0, window.x1), np.arange(window.y0, window.y1))
    there = np.stack(whole.all_pix2world(x, y, 0))
    np.testing.assert_allclose(
        np.stack(moved.all_pix2world(x - window.x0, y - window.y0, 0)), there, rtol=0, atol=1e-9
    )
    # every pixel whose centre is in the circle is in the window, and its sides touch the circle
    everywhere = np.stack(whole.all_pix2world(*np.meshgrid(np.arange(SHAPE[1]), np.arange(SHAPE[0])), 0))
    apart = (everywhere[0] - ra + 180) % 360 - 180
    near = np.hypot(apart * np.cos(np.radians(dec)), everywhere[1] - dec) < radius * 0.999
    rows, columns = np.nonzero(near)
    limits = [columns.min(), columns.max() + 1, rows.min(), rows.max() + 1]
    got = [window.x0, window.x1, window.y0, window.y1]
    assert got[0] <= limits[0] and got[1] >= limits[1] and got[2] <= limits[2] and got[3] >= limits[3]
    assert np.abs(np.subtract(got, limits)).max() <= 1
