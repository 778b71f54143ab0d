"""The spectrum viewer in Chromium: what it draws is what was sent."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from playwright.sync_api import Page

from tests.support.browser import PHONE, Watched
from tests.support.pages_server import Site
from tests.support.wire import encode, low_resolution, medium_resolution

pytestmark = pytest.mark.browser

VIEWER = (
    '<main><h1>Spectrum</h1><div id="spectrum-viewer" data-src="/wire/{name}" data-lang="{lang}"></div></main>'
)


def open_viewer(site: Site, view: Watched, name: str = "lrs", lang: str = "en") -> Page:
    body = VIEWER.format(name=name, lang=lang)
    address = site.page(f"/{name}", body, script="viewer.js", styles=("viewer.css",), lang=lang)
    view.page.goto(address)
    view.page.wait_for_function("() => window.tiankuViewer")
    return view.page


@pytest.fixture
def viewer(site: Site, clean: Watched) -> Iterator[Watched]:
    for name, spectrum in (("lrs", low_resolution()), ("mrs", medium_resolution())):
        site.routes[f"/wire/{name}"] = (200, "application/octet-stream", encode(*spectrum))
    yield clean
    assert clean.problems == []


def series(page: Page) -> list[dict[str, list[float]]]:
    return page.evaluate("() => tiankuViewer.series()")


def test_drawn_series_equal_the_bytes_sent(site: Site, viewer: Watched) -> None:
    page = open_viewer(site, viewer)
    (drawn,), (_, ((_, sent),)) = series(page), low_resolution()
    for name in ("wavelength", "flux", "ivar"):
        np.testing.assert_array_equal(np.array(drawn[name], dtype=float), sent[name].astype(float))
    np.testing.assert_array_equal(drawn["masks"]["andmask"], sent["mask:andmask"])
    gap = ~np.isfinite(sent["flux"]) | ~(sent["ivar"] > 0)
    np.testing.assert_array_equal(drawn["gap"], gap)
    np.testing.assert_allclose(np.array(drawn["sigma"])[~gap], sent["ivar"][~gap].astype(float) ** -0.5)


def test_units_are_told_as_they_are(site: Site, viewer: Watched) -> None:
    assert open_viewer(site, viewer).evaluate("() => tiankuViewer.axes()") == [
        "Wavelength [Å] (heliocentric, vacuum)",
        "Flux [10⁻¹⁷ erg s⁻¹ cm⁻² Å⁻¹] (relative)",
    ]
    assert open_viewer(site, viewer, "mrs").evaluate("() => tiankuViewer.axes()[1]") == "counts (uncalibrated)"


def test_combined_spectra_come_first_and_exposures_on_demand(site: Site, viewer: Watched) -> None:
    page = open_viewer(site, viewer, "mrs")
    assert [one["name"] for one in series(page)] == ["COADD_B", "COADD_R"]
    page.locator("[data-part='R-82']").check()
    assert [one["name"] for one in series(page)] == ["COADD_B", "COADD_R", "R-82"]
    page.get_by_role("button", name="All", exact=True).click()
    assert len(series(page)) == 8
    page.get_by_role("button", name="Combined only").click()
    assert len(series(page)) == 2


def test_zoom_pan_and_reset(site: Site, viewer: Watched) -> None:
    page = open_viewer(site, viewer)
    whole = page.evaluate("() => tiankuViewer.view().x")
    box = page.locator(".u-over").bounding_box()
    middle = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + box["width"] * 0.25, middle)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.5, middle, steps=4)
    page.mouse.up()
    zoomed = page.evaluate("() => tiankuViewer.view().x")
    width = whole[1] - whole[0]
    assert zoomed == pytest.approx([whole[0] + width * 0.25, whole[0] + width * 0.5], abs=width * 0.01)
    page.keyboard.down("Shift")
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.25, middle, steps=4)
    page.mouse.up()
    page.keyboard.up("Shift")
    panned = page.evaluate("() => tiankuViewer.view().x")
    assert panned[0] == pytest.approx(zoomed[0] + width * 0.0625, abs=width * 0.01)
    assert panned[1] - panned[0] == pytest.approx(zoomed[1] - zoomed[0])
    page.mouse.wheel(0, -300)
    page.wait_for_function("() => tiankuViewer.view().x[1] - tiankuViewer.view().x[0] < 900")
    page.get_by_role("button", name="Show all").click()
    assert page.evaluate("() => tiankuViewer.view().x") == pytest.approx(whole)


def test_keyboard_moves_and_reads(site: Site, viewer: Watched) -> None:
    page = open_viewer(site, viewer)
    whole = page.evaluate("() => tiankuViewer.view().x")
    page.locator(".viewer-plot").focus()
    page.keyboard.press("+")
    near = page.evaluate("() => tiankuViewer.view().x")
    assert near[1] - near[0] == pytest.approx(0.75 * (whole[1] - whole[0]))
    page.keyboard.press("ArrowRight")
    assert page.evaluate("() => tiankuViewer.view().x[0]") > near[0]
    page.keyboard.press("Shift+ArrowRight")
    page.wait_for_function("() => / Å {3}LRS .+ ± /.test(document.querySelector('.viewer-readout').textContent)")
    page.keyboard.press("0")
    assert page.evaluate("() => tiankuViewer.view().x") == pytest.approx(whole)


def test_box_smoothing_is_the_ivar_weighted_mean(site: Site, viewer: Watched) -> None:
    page = open_viewer(site, viewer)
    page.get_by_role("button", name="Box").click()
    (drawn,), (_, ((_, sent),)) = series(page), low_resolution()
    weight = np.where(np.isfinite(sent["flux"]), sent["ivar"], 0).astype(float)
    flux = np.nan_to_num(sent["flux"]).astype(float)
    summed, weights = (np.convolve(values, np.ones(5), "same") for values in (flux * weight, weight))
    expected = np.where(weight > 0, summed / np.where(weights > 0, weights, 1), np.nan)
    np.testing.assert_allclose(np.array(drawn["flux"], dtype=float), expected, rtol=1e-9)


def test_lines_follow_the_redshift(site: Site, viewer: Watched) -> None:
    page = open_viewer(site, viewer)
    alpha = "() => tiankuViewer.markers().find((line) => line.label === 'Hα').at"
    assert page.evaluate(alpha) == pytest.approx(6564.61 * 1.0853)
    page.locator("[data-control=z]").fill("0.2")
    assert page.evaluate(alpha) == pytest.approx(6564.61 * 1.2)
    page.get_by_role("button", name="Rest frame").click()
    assert page.evaluate(alpha) == pytest.approx(6564.61)
    sent = low_resolution()[1][0][1]["wavelength"]
    np.testing.assert_allclose(series(page)[0]["wavelength"], sent / 1.2, rtol=1e-12)
    page.locator("[data-lines=balmer]").uncheck()
    assert "Hα" not in page.evaluate("() => tiankuViewer.markers().map((line) => line.label)")


def test_masks_are_named_and_shaded_where_they_are_set(site: Site, viewer: Watched) -> None:
    page = open_viewer(site, viewer)
    assert page.evaluate("() => tiankuViewer.flags()") == []
    page.get_by_label("Strong sky line").check()
    (flag,) = page.evaluate("() => tiankuViewer.flags()")
    assert (flag["name"], flag["bit"]) == ("andmask", 3)
    assert flag["from"] == pytest.approx(5570, abs=1.5)
    assert flag["to"] == pytest.approx(5590, abs=1.5)


def test_png_and_links(site: Site, viewer: Watched) -> None:
    page = open_viewer(site, viewer)
    with page.expect_download() as download:
        page.locator("[data-control=png]").click()
    assert download.value.suggested_filename.endswith(".png")
    assert download.value.path().read_bytes().startswith(b"\x89PNG")
    links = page.locator(".viewer-downloads a").all()
    assert [link.get_attribute("href") for link in links] == [f"/download/{n}" for n in ("fits", "csv", "votable")]


def test_chinese_on_a_phone(site: Site, viewer: Watched) -> None:
    page = open_viewer(site, viewer, lang="zh")
    page.set_viewport_size(PHONE)
    page.get_by_label("强天光线").check()
    assert page.get_by_text("模拟数据").is_visible()
    assert not viewer.scrolls_sideways()
    page.wait_for_function("() => document.querySelector('.u-over').clientWidth < 340")


def test_a_damaged_reply_is_told(site: Site, viewer: Watched) -> None:
    whole = encode(*low_resolution())
    site.routes["/wire/cut"] = (200, "application/octet-stream", whole[: len(whole) // 2])
    site.routes["/wire/other"] = (200, "text/plain", b"not a spectrum at all")
    for name, reason in (("cut", "ends inside COADD."), ("other", "does not start with TKS1")):
        address = site.page(f"/{name}", VIEWER.format(name=name, lang="en"), script="viewer.js")
        viewer.page.goto(address)
        alert = viewer.page.get_by_role("alert")
        alert.wait_for()
        assert reason in alert.inner_text()
