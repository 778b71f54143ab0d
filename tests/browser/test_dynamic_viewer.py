"""The viewer of dynamic spectra in Chromium: what it shows is what was sent, and zooming asks for more."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import numpy as np
import pytest
from playwright.sync_api import Page, Route

from tests.support.browser import PHONE, Watched
from tests.support.pages_server import Site
from tianku.products.dynamic import ArrayBlock, DynamicSpectrum, Plane
from tianku.products.dynamic_window import Bounds
from tianku.products.render_dynamic import to_wire

pytestmark = pytest.mark.browser

VIEWER = '<main><h1>Burst</h1><div id="dynamic-viewer" data-src="/wire/{name}" data-lang="{lang}"></div></main>'
START, STEP = 55719.25, 0.25 / 86400
#: uneven and descending, as e-CALLISTO has them
AXIS = 90.0 - 0.5 * np.arange(100) - 0.001 * np.arange(100) ** 2


def _planes() -> tuple[Plane, ...]:
    """Two states of 4,000 times, a minute missing in the middle."""
    rows = np.arange(4000)
    times = START + (rows + np.where(rows >= 2000, 240, 0)) * STEP
    left = ((rows[:, None] * 7 + np.arange(100) * 13) % 251).astype(np.uint8)
    right = left.astype(np.float32) / 4
    right[10:20] = np.nan
    return Plane("LL", times, ArrayBlock(left)), Plane("RR", times, ArrayBlock(right))


SPECTRUM = DynamicSpectrum({}, "test", AXIS, _planes(), unit="adu", original_unit="digits")


def _answer(route: Route) -> None:
    said = {name: values[0] for name, values in parse_qs(urlsplit(route.request.url).query).items()}
    ends = [tuple(map(float, said[name].split("/"))) if name in said else None for name in ("time", "frequency")]
    bounds = Bounds(*ends, said.get("pol"))  # type: ignore[arg-type]
    body = to_wire(SPECTRUM, bounds, int(said.get("width", 500)), int(said.get("height", 64)))
    route.fulfill(status=200, content_type="application/octet-stream", body=body)


@pytest.fixture
def viewer(site: Site, clean: Watched) -> Iterator[Watched]:
    clean.page.route("**/wire/burst*", _answer)
    site.routes["/wire/cut"] = (200, "application/octet-stream", to_wire(SPECTRUM, Bounds(), 500, 64)[:3000])
    yield clean
    clean.page.unroute("**/wire/burst*")
    assert clean.problems == []


def _open(site: Site, view: Watched, name: str = "burst", lang: str = "en") -> Page:
    body = VIEWER.format(name=name, lang=lang)
    styles = ("viewer-dynamic.css",)
    view.page.goto(site.page(f"/{name}-{lang}", body, script="viewer-dynamic.js", styles=styles, lang=lang))
    view.page.wait_for_function("() => window.tiankuViewer || document.querySelector('.notice--error')")
    return view.page


def test_values_under_the_cursor_are_those_of_the_file_once_zoomed_in(site: Site, viewer: Watched) -> None:
    page = _open(site, viewer)
    assert page.evaluate("() => tiankuViewer.header().factors") == [8, 2]
    assert "8 times × 2 channels" in page.inner_text("#dynamic-viewer")
    page.evaluate(f"() => tiankuViewer.look({{t0: {START}, t1: {START + 60 * STEP}, f0: 80, f1: 90.2}})")
    page.wait_for_function("() => tiankuViewer.header().factors[0] * tiankuViewer.header().factors[1] === 1")
    for row, channel in ((0, 0), (7, 3), (41, 12)):
        place = [START + (row + 0.5) * STEP, AXIS[channel]]
        found = page.evaluate("([time, frequency]) => tiankuViewer.probe(time, frequency)", place)
        assert found["value"] == (row * 7 + channel * 13) % 251
        assert found["frequency"] == pytest.approx(AXIS[channel]) and "digits" in found["text"]
    said = parse_qs(urlsplit(page.get_attribute("[data-download=fits]", "href") or "").query)
    assert said["pol"] == ["LL"] and [float(end) for end in said["frequency"][0].split("/")] == pytest.approx(
        [80, 90.2]
    )


def test_gaps_states_and_what_the_canvas_holds(site: Site, viewer: Watched) -> None:
    page = _open(site, viewer)
    gap = START + (2000 + 120) * STEP
    assert "no data" in page.evaluate("(time) => tiankuViewer.probe(time, 60).text", gap)
    page.select_option("[data-control=state]", "RR")
    page.wait_for_function("() => tiankuViewer.header().state === 'RR'")
    value = page.evaluate("([t, f]) => tiankuViewer.probe(t, f).value", [START + 0.5 * STEP, AXIS[50]])
    assert value * 4 == int(value * 4) and value <= 62.5
    colours = "(c) => new Set(c.getContext('2d').getImageData(60, 10, 200, 200).data).size"
    assert page.eval_on_selector("canvas", colours) > 20


def test_a_box_drawn_with_the_mouse_is_shown_and_a_double_click_shows_all(site: Site, viewer: Watched) -> None:
    page = _open(site, viewer)
    whole, box = page.evaluate("() => [tiankuViewer.view(), tiankuViewer.box()]")
    at = page.locator("canvas").bounding_box()
    assert at is not None
    left, top = at["x"] + box["x"], at["y"] + box["y"]
    page.mouse.move(left + box["width"] * 0.25, top + box["height"] * 0.5)
    page.mouse.down()
    page.mouse.move(left + box["width"] * 0.5, top + box["height"] * 0.9, steps=3)
    page.mouse.up()
    view = page.evaluate("() => tiankuViewer.view()")
    assert (view["t1"] - view["t0"]) / (whole["t1"] - whole["t0"]) == pytest.approx(0.25, rel=0.02)
    assert (view["f1"] - view["f0"]) / (whole["f1"] - whole["f0"]) == pytest.approx(0.4, rel=0.02)
    page.wait_for_function("() => tiankuViewer.header().factors[0] < 8")
    page.dblclick("canvas")
    page.wait_for_function("() => tiankuViewer.header().factors[0] > 2")
    assert page.evaluate("() => tiankuViewer.view()") == whole


def test_chinese_on_a_phone_fits(site: Site, viewer: Watched) -> None:
    viewer.page.set_viewport_size(PHONE)
    page = _open(site, viewer, lang="zh")
    assert "减去各通道中值" in page.inner_text("#dynamic-viewer")
    assert page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")


def test_a_reply_that_is_cut_says_so(site: Site, viewer: Watched) -> None:
    page = _open(site, viewer, name="cut")
    assert "could not be shown" in page.inner_text(".notice--error")
