"""The image viewer in Chromium: values, positions and directions are those of the file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import astropy.units as u
import numpy as np
import pytest
from astropy.coordinates import SkyCoord
from astropy.io import fits
from astropy.wcs import WCS
from playwright.sync_api import Page

from tests.support.browser import PHONE, Watched
from tests.support.pages_server import Site
from tianku.products.image import read_image
from tianku.products.render_image import to_wire

pytestmark = pytest.mark.browser

VIEWER = '<main><h1>Image</h1><div id="image-viewer" data-src="/wire/image" data-lang="{lang}"></div></main>'


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An image whose north is at 120° and which is seen in a mirror, with one bright pixel and a blank one."""
    path = tmp_path_factory.mktemp("image") / "image.fits"
    header = fits.Header({"CTYPE1": "RA---TAN", "CTYPE2": "DEC--TAN", "CRVAL1": 359.999, "CRVAL2": 60.0})
    turn = np.radians(120)
    header.update(CRPIX1=40.0, CRPIX2=30.0, CD1_1=2e-3 * np.cos(turn), CD1_2=2e-3 * np.sin(turn))
    header.update(CD2_1=-2e-3 * np.sin(turn), CD2_2=2e-3 * np.cos(turn))
    pixels = np.arange(80 * 60, dtype=np.float32).reshape(60, 80)
    pixels[10, 70], pixels[20, 5] = 1e6, np.nan
    fits.PrimaryHDU(pixels, header).writeto(path)
    return path


@pytest.fixture
def viewer(site: Site, clean: Watched, image: Path) -> Iterator[Watched]:
    wire = to_wire(read_image(image, 0), [""], "adu")
    site.routes["/wire/image"] = (200, "application/octet-stream", wire)
    yield clean
    assert clean.problems == []


def open_viewer(site: Site, view: Watched, lang: str = "en") -> Page:
    body = VIEWER.format(lang=lang)
    address = site.page("/image", body, script="viewer-image.js", styles=("viewer-image.css",), lang=lang)
    view.page.goto(address)
    view.page.wait_for_function("() => window.tiankuViewer")
    return view.page


def test_value_pixel_and_position_under_the_pointer(site: Site, viewer: Watched, image: Path) -> None:
    page = open_viewer(site, viewer)
    wcs = WCS(fits.getheader(image))
    for x, y in ((70, 10), (3, 55), (41, 28)):
        said = page.evaluate(f"() => tiankuViewer.probe({x + 0.5}, {y + 0.5})")
        assert said["value"] == fits.getdata(image)[y, x]
        assert (said["x"], said["y"]) == (x + 1, y + 1)
        place = SkyCoord(said["place"]["lon"], said["place"]["lat"], unit="deg")
        assert place.separation(wcs.pixel_to_world(x, y).icrs).arcsec < 0.1 * 7.2
    assert page.evaluate("() => tiankuViewer.probe(5.5, 20.5).text").startswith("blank")
    assert page.evaluate("() => tiankuViewer.probe(-1, 5)") is None


def test_north_up_turns_north_up_and_east_left(site: Site, viewer: Watched, image: Path) -> None:
    page = open_viewer(site, viewer)
    page.check("[data-control=northUp]")
    wcs = WCS(fits.getheader(image))
    middle = wcs.pixel_to_world(39.5, 29.5)
    for direction, expected in ((0, (0, -1)), (90, (-1, 0))):
        other = middle.directional_offset_by(direction * u.deg, 0.02 * u.deg)
        x, y = wcs.world_to_pixel(other)
        start, end = (
            page.evaluate(f"() => tiankuViewer.toScreen({a}, {b})") for a, b in ((40, 30), (x + 0.5, y + 0.5))
        )
        step = np.array(end) - np.array(start)
        assert np.allclose(step / np.linalg.norm(step), expected, atol=0.01)


def test_the_bright_pixel_is_drawn_where_it_is(site: Site, viewer: Watched) -> None:
    page = open_viewer(site, viewer)
    levels = page.evaluate("""(points) => {
      const canvas = document.querySelector("canvas"), ratio = canvas.width / canvas.clientWidth;
      const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
      return points.map(([x, y]) => {
        const [u, v] = tiankuViewer.toScreen(x, y).map((n) => Math.floor(n * ratio));
        return data[4 * (v * canvas.width + u)];
      });
    }""", [[70.5, 10.5], [40.5, 3.5]])  # fmt: skip
    assert levels[0] == 255 and levels[1] < 200


def test_zoom_and_stretch_by_keys_and_fields(site: Site, viewer: Watched) -> None:
    page = open_viewer(site, viewer)
    page.focus("canvas")
    page.keyboard.press("+")
    assert page.evaluate("() => tiankuViewer.state().zoom") == pytest.approx(1.4)
    page.keyboard.press("0")
    page.select_option("[data-control=curve]", "linear")
    page.fill("[data-control=low]", "100")
    page.press("[data-control=low]", "Enter")
    state = page.evaluate("() => tiankuViewer.state()")
    assert (state["zoom"], state["curve"], state["low"]) == (1, "linear", 100)


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_it_fits_a_telephone(site: Site, viewer: Watched, lang: str) -> None:
    viewer.page.set_viewport_size(PHONE)
    page = open_viewer(site, viewer, lang)
    assert page.evaluate("() => document.documentElement.scrollWidth") <= PHONE["width"]
    words = page.inner_text("#image-viewer")
    assert ("上北" if lang == "zh" else "North up") in words
