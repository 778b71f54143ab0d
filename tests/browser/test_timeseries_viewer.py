"""The light curve viewer in Chromium: what it draws is what was sent, folded and turned as astronomers want."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from playwright.sync_api import Page

from tests.support.browser import PHONE, Watched
from tests.support.pages_server import Site
from tianku.model.metadata import Bit
from tianku.products.render_curves import to_wire
from tianku.products.timeseries import Curve, TimeFrame, TimeSeries

pytestmark = pytest.mark.browser

PERIOD = 0.73
VIEWER = '<main><h1>Curve</h1><div id="timeseries-viewer" data-src="/wire/{name}" data-lang="{lang}"></div></main>'


def _bands() -> TimeSeries:
    """Two bands of a variable star, one point flagged, one without a time, and the flux beside the magnitudes."""
    time = np.sort(np.random.default_rng(2).uniform(100, 130, 90))
    frame = TimeFrame(2457000.0, "TDB", "BARYCENTER")
    mag = (15 + 0.4 * np.cos(2 * np.pi * time / PERIOD)).astype("f4")
    flag = np.zeros(90, "i8")
    flag[4] = 2
    odd = time.copy()
    odd[7] = np.nan
    error = np.full(90, 0.02, "f4")
    said = {"frame": frame, "quantity": "magnitude", "unit": "mag", "calibration": "relative"}
    bits = (Bit(bit=1, name="cloud", description={"en": "cloud", "zh": "云"}),)
    red = Curve(name="r", band="r", time=odd, value=mag, error=error, flag=flag, bits=bits, **said)  # type: ignore[arg-type]
    blue = Curve(name="g", band="g", time=time, value=mag + 1, error=error, **said)  # type: ignore[arg-type]
    flux = Curve(name="r-flux", band="r", time=time, value=mag * 2, quantity="flux", frame=frame, unit="mJy")
    return TimeSeries({}, "test", (red, blue, flux), target="V1")


CURVES = _bands()


@pytest.fixture
def viewer(site: Site, clean: Watched) -> Iterator[Watched]:
    site.routes["/wire/bands"] = (200, "application/octet-stream", to_wire(CURVES))
    site.routes["/wire/cut"] = (200, "application/octet-stream", to_wire(CURVES)[:5000])
    yield clean
    assert clean.problems == []


def _open(site: Site, view: Watched, name: str = "bands", lang: str = "en") -> Page:
    body = VIEWER.format(name=name, lang=lang)
    styles = ("viewer-timeseries.css",)
    view.page.goto(site.page(f"/{name}-{lang}", body, script="viewer-timeseries.js", styles=styles, lang=lang))
    view.page.wait_for_function("() => window.tiankuViewer || document.querySelector('.notice--error')")
    return view.page


def test_points_are_those_sent_without_flagged_ones(site: Site, viewer: Watched) -> None:
    page = _open(site, viewer)
    red, blue = page.evaluate("() => tiankuViewer.series()")
    good = CURVES.parts[0].good
    np.testing.assert_array_equal(red["x"], CURVES.parts[0].time[good])
    np.testing.assert_array_equal(np.array(red["y"], "f4"), CURVES.parts[0].value[good])
    assert len(blue["x"]) == 90
    page.locator("[data-control=flagged]").check()
    assert len(page.evaluate("() => tiankuViewer.series()[0].x")) == good.sum() + 1


def test_magnitudes_grow_downwards_and_axes_name_the_time_system(site: Site, viewer: Watched) -> None:
    page = _open(site, viewer)
    assert page.evaluate("() => tiankuViewer.axes()") == [
        "BJD (TDB) − 2457000 [days]",
        "Magnitude [mag] (relative)",
    ]
    bright, faint = (page.evaluate(f"() => tiankuViewer.position(110, {v})[1]") for v in (14.7, 15.3))
    assert bright < faint
    page.locator("[data-control=quantity]").select_option("1")
    assert page.evaluate("() => tiankuViewer.axes()[1]") == "Flux [mJy]"
    low, high = (page.evaluate(f"() => tiankuViewer.position(110, {v})[1]") for v in (29.5, 30.5))
    assert low > high


def test_folding_shows_two_cycles_of_the_period_found(site: Site, viewer: Watched) -> None:
    page = _open(site, viewer)
    page.locator("[data-control=search]").click()
    period = page.evaluate("() => tiankuViewer.state().period")
    assert period == pytest.approx(PERIOD, rel=1e-4)
    page.locator("[data-control=period]").fill(str(PERIOD))
    page.locator("[data-control=epoch]").fill("100")
    page.locator("[data-control=epoch]").press("Tab")
    folded = page.evaluate("() => tiankuViewer.series()[1]")
    expected = np.mod((CURVES.parts[1].time - 100) / PERIOD, 1.0)
    np.testing.assert_allclose(folded["x"], np.concatenate([expected, expected + 1]), atol=1e-9)
    assert page.evaluate("() => tiankuViewer.view().x") == [0, 2]
    assert page.evaluate("() => tiankuViewer.axes()[0]") == f"Phase (P = {PERIOD} d)"


def test_the_wheel_zooms_and_a_drag_pans(site: Site, viewer: Watched) -> None:
    page = _open(site, viewer)
    before = page.evaluate("() => tiankuViewer.view()")
    page.locator(".u-over").hover()
    page.mouse.wheel(0, -400)
    page.wait_for_function(f"() => tiankuViewer.view().x[0] > {before['x'][0]} + 1")
    page.locator("[data-control=reset]").click()
    assert page.evaluate("() => tiankuViewer.view()") == before


def test_the_table_lists_rows_and_chinese_is_spoken(site: Site, viewer: Watched) -> None:
    page = _open(site, viewer, lang="zh")
    assert page.evaluate("() => tiankuViewer.axes()") == ["BJD (TDB) − 2457000 [日]", "星等 [mag] (相对定标)"]
    page.locator(".curve-table summary").click()
    assert page.locator(".curve-table tbody tr").count() == 90
    assert page.locator(".curve-table thead th").all_inner_texts()[-1] == "标记"


def test_a_phone_does_not_scroll_sideways(site: Site, viewer: Watched) -> None:
    viewer.page.set_viewport_size(PHONE)
    _open(site, viewer)
    assert not viewer.scrolls_sideways()


def test_a_reply_cut_short_is_told(site: Site, viewer: Watched) -> None:
    page = _open(site, viewer, "cut")
    assert "ends inside" in page.locator(".notice--error").inner_text()
