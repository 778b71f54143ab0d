"""The served demo in Chromium, as a visitor meets it: every page, both languages, desktop and phone."""

from __future__ import annotations

import json
import re
import shlex
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from tests.support.browser import DESKTOP, PHONE, Watched
from tests.support.spectra import Arrays, truth, unwired
from tests.support.texts import english_texts

pytestmark = pytest.mark.browser

SIM = "/data/lamost-sim/dr10/v2.0"
CATALOGUE = f"{SIM}/tables/catalogue/"
STARS = "/data/hipparcos/tables/main/"
LRS, MRS = f"{SIM}/products/lrs/", f"{SIM}/products/mrs/"
#: links of a list of products by their identifiers, beside those of pictures
KEYS = "tbody td:not(.thumbnail) a"
#: what must be there before a page is looked at
READY = {
    "viewer": "() => window.tiankuViewer",
    "form": "() => window.tiankuQuery",
    "sql": "() => document.querySelector('.editor')?.shadowRoot.querySelector('.cm-content')",
}
PAGES = {
    "/": None,
    "/data/": None,
    "/data/?q=survey&waveband=Optical&type=image": None,
    "/data/legacy-plates/": None,
    f"{SIM}/": None,
    f"{SIM}/downloads/": None,
    "/data/hipparcos/": None,
    CATALOGUE: None,
    STARS: None,
    f"{CATALOGUE}query": "form",
    LRS: None,
    MRS: None,
    f"{LRS}900101001": "viewer",
    f"{MRS}910104112": "viewer",
    "/search?q=velocity": None,
    "/search?q=56.75+24.12": None,
    "/sql": "sql",
    "/match": None,
    "/docs/": None,
    "/account/login/": None,
}
#: visible pieces of text in the page, but code and what people wrote themselves
TEXTS = """() => {
  const found = [];
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) {
    const parent = walk.currentNode.parentElement;
    if (!parent.closest("code, pre, script, style, option, [lang=en]") && parent.checkVisibility()) {
      found.push(walk.currentNode.textContent.trim());
    }
  }
  return found.filter(Boolean);
}"""


def fetched(address: str) -> bytes:
    with urllib.request.urlopen(address, timeout=30) as reply:
        return reply.read()


def status(address: str, token: str) -> int:
    asked = urllib.request.Request(address, headers={"Authorization": f"Bearer {token}"})
    try:
        with urllib.request.urlopen(asked, timeout=30) as reply:
            return reply.status
    except urllib.error.HTTPError as error:
        return error.code


def opened(view: Watched, address: str, ready: str | None = None) -> Page:
    """Go to an address of the site and wait until its scripts have drawn."""
    reply = view.page.goto(address)
    assert reply is not None
    assert reply.status == 200, address
    if ready:
        view.page.wait_for_function(READY[ready])
    return view.page


@pytest.mark.parametrize("window", [DESKTOP, PHONE], ids=["desktop", "phone"])
@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_page_is_whole(demo_site: str, clean: Watched, language: str, window: dict[str, int]) -> None:
    clean.page.set_viewport_size(window)
    prefix, lang = ("/zh", "zh-Hans") if language == "zh" else ("", "en")
    english = english_texts(json.loads(fetched(f"{demo_site}/api/v1/datasets")))
    assert {"Search", "Query this table", "Show all", "Stellar parameters", "spectra"} <= english
    titles = set()
    for path, ready in PAGES.items():
        page = opened(clean, demo_site + prefix + path, ready)
        assert clean.problems == [], path
        assert not clean.scrolls_sideways(), path
        assert page.locator("html").get_attribute("lang") == lang, path
        assert page.locator("meta[name=description]").get_attribute("content"), path
        assert page.locator("main h1").count() == 1, path
        titles.add(page.title())
        if language == "zh":
            assert [text for text in page.evaluate(TEXTS) if text in english] == [], path
    assert len(titles) >= len(PAGES) - 2  # both searches are called alike, and both catalogues of data sets


def test_the_language_switch_keeps_the_page(demo_site: str, clean: Watched) -> None:
    page = opened(clean, f"{demo_site}{CATALOGUE}query?ra=55&dec=22&radius=1", "form")
    page.get_by_role("link", name="中文").click()
    page.wait_for_url(f"{demo_site}/zh{CATALOGUE}query?ra=55&dec=22&radius=1")
    page.get_by_role("link", name="English").click()
    page.wait_for_url(f"{demo_site}{CATALOGUE}query?ra=55&dec=22&radius=1")


def test_menu_of_a_phone_opens(demo_site: str, clean: Watched) -> None:
    clean.page.set_viewport_size(PHONE)
    page = opened(clean, f"{demo_site}/")
    link = page.get_by_role("link", name="SQL", exact=True)
    expect(link).to_be_hidden()
    page.get_by_role("button", name="Menu").click()
    expect(link).to_be_visible()


def test_a_position_leads_to_rows_and_to_the_same_query_elsewhere(demo_site: str, clean: Watched) -> None:
    page = opened(clean, f"{demo_site}/")
    page.get_by_role("searchbox").fill("56.75 24.12 1")
    page.get_by_role("searchbox").press("Enter")
    page.get_by_role("link", name="hipparcos.main").click()
    page.get_by_text(re.compile(r"Rows 1–\d+")).wait_for()
    cells = page.locator("#results tbody tr td:first-child").all_text_contents()
    assert len(cells) > 10
    twins = {name: page.locator(f"[data-twin={name}]").text_content() or "" for name in ("ADQL", "curl", "pyVO")}
    asked = [a for a in shlex.split(twins["curl"]) if "=" in a]
    form = urllib.parse.urlencode(dict(a.split("=", 1) for a in asked) | {"RESPONSEFORMAT": "csv"})
    lines = fetched(f"{demo_site}/vo/tap/sync?{form}").decode().split()
    assert sorted(line.split(",")[0] for line in lines[1:]) == sorted(cells)
    query = urllib.parse.quote(twins["ADQL"])
    sync = f"{demo_site}/vo/tap/sync?LANG=ADQL&RESPONSEFORMAT=csv&QUERY={query}"
    assert fetched(sync).decode().split() == lines
    shown: list[Any] = []
    exec(twins["pyVO"], {"print": shown.append})
    assert sorted(str(i) for i in shown[0]["hip"]) == sorted(cells)
    assert clean.problems == []


def test_the_lines_to_copy_from_a_table_find_rows(demo_site: str, clean: Watched) -> None:
    page = opened(clean, demo_site + CATALOGUE)
    for block in page.locator("pre[data-copy]", has_text="import pyvo").all():
        shown: list[Any] = []
        exec(block.text_content() or "", {"print": shown.append})
        assert len(shown[0]) > 0


def test_rows_lead_to_their_spectra(demo_site: str, clean: Watched) -> None:
    page = opened(clean, f"{demo_site}/zh{CATALOGUE}query", "form")
    page.get_by_role("button", name="查询").click()
    row = page.locator("#results tbody a").first
    key = row.text_content()
    row.click()
    page.wait_for_url(f"{demo_site}/zh{LRS}{key}")
    page.wait_for_function(READY["viewer"])


def test_sql_completes_runs_and_tells_where_an_error_is(demo_site: str, clean: Watched) -> None:
    page = opened(clean, f"{demo_site}/sql", "sql")

    def write(text: str) -> None:
        page.locator(".cm-content").click()
        page.keyboard.press("Control+A")
        page.keyboard.insert_text(text)

    write("SELECT  FROM hipparcos.main")
    page.keyboard.press("Home")
    for _ in "SELECT ":
        page.keyboard.press("ArrowRight")
    page.keyboard.type("paral")
    expect(page.locator(".cm-tooltip-autocomplete li").first).to_contain_text("parallax")
    page.keyboard.press("Escape")
    write("SELECT TOP 3 hip, parallax FROM hipparcos.main ORDER BY parallax DESC")
    page.keyboard.press("Control+Enter")
    expect(page.locator("#results tbody tr")).to_have_count(3)
    assert clean.problems == []
    write("SELECT hip,\n       paralax FROM hipparcos.main")
    page.get_by_role("button", name="Run").click()
    expect(page.locator("#results [role=alert]")).to_contain_text("parallax")
    expect(page.locator("#results [role=alert]")).to_contain_text("line 2, column 8")
    expect(page.locator(".cm-sql-error")).to_have_text("paralax")


def drawn_equals(drawn: dict[str, Any], sent: Arrays) -> None:
    """Assert that what is on the screen is what was sent, to the last bit."""
    masks = {name: np.array(values) for name, values in drawn["masks"].items()}
    for name, values in {**{n: drawn[n] for n in ("wavelength", "flux", "ivar")}, **masks}.items():
        if values is None:  # some layouts hold no inverse variance
            assert name not in sent
        else:
            np.testing.assert_array_equal(np.array(values, float), np.asarray(sent[name], float), err_msg=name)
    gap = ~np.isfinite(sent["flux"]) | (~(sent["ivar"] > 0) if "ivar" in sent else False)
    np.testing.assert_array_equal(drawn["gap"], gap)


def compare_with_file(page: Page, address: str, folder: Path) -> int:
    """Draw all parts of the product at `address`; compare them with the reply and with its file by astropy."""
    if page.get_by_role("button", name="All", exact=True).count():
        page.get_by_role("button", name="All", exact=True).click()
    drawn = {one["name"]: one for one in page.evaluate("() => tiankuViewer.series()")}
    source = page.locator("#spectrum-viewer").get_attribute("data-src")
    header, arrays = unwired(fetched(f"{address}{source}"))
    link = page.locator("#files a").first
    file = folder / (link.text_content() or "")
    file.write_bytes(fetched(f"{address}{link.get_attribute('href')}"))
    expected = truth(file)
    assert drawn.keys() == expected.keys() == {part["name"] for part in header["parts"]}
    for part, sent in zip(header["parts"], arrays, strict=True):
        drawn_equals(drawn[part["name"]], sent)
        drawn_equals(drawn[part["name"]], expected[part["name"]])
    return len(drawn)


@pytest.mark.parametrize(("product", "parts"), [(f"{LRS}900101001", 1), (f"{MRS}910104112", 6)])
def test_the_spectrum_drawn_is_the_spectrum_kept(
    demo_site: str, clean: Watched, tmp_path: Path, product: str, parts: int
) -> None:
    page = opened(clean, demo_site + product, "viewer")
    assert compare_with_file(page, demo_site, tmp_path) == parts
    assert "LAMOST J" in page.locator("h1").inner_text()
    assert clean.problems == []


def test_a_part_in_the_table_is_drawn_alone(demo_site: str, clean: Watched) -> None:
    page = opened(clean, f"{demo_site}{MRS}910104112", "viewer")
    names = page.locator("#parts tbody td:first-child a").all_text_contents()
    page.locator("#parts tbody td:first-child a").last.click()
    page.wait_for_function("() => tiankuViewer.series().length === 1")
    assert page.evaluate("() => tiankuViewer.series()[0].name") == names[-1]
    boxes = page.locator("[data-part]:checked")
    assert [box.get_attribute("data-part") for box in boxes.all()] == names[-1:]
    page.reload()
    page.wait_for_function("() => window.tiankuViewer?.series().length === 1")


def test_products_are_listed_in_pages(demo_site: str, clean: Watched) -> None:
    page = opened(clean, f"{demo_site}{SIM}/")
    page.get_by_role("link", name="Low-resolution spectra").click()
    seen = []
    for place in ("1–50 of 120", "51–100 of 120", "101–120 of 120"):
        page.get_by_text(place).wait_for()
        seen += page.locator(KEYS).all_text_contents()
        if not place.startswith("101"):
            page.get_by_role("link", name="Next").click()
    assert len(set(seen)) == 120
    assert seen == sorted(seen)
    page.get_by_label("Open by identifier").fill(seen[7])
    page.get_by_role("button", name="Open").click()
    page.wait_for_url(f"{demo_site}{LRS}{seen[7]}")


def test_log_in_make_a_token_and_log_out(demo_site: str, demo_root: Path, clean: Watched) -> None:
    password = (demo_root / "data" / "demo-account").read_text().strip()
    page = opened(clean, f"{demo_site}/zh/data/")
    page.get_by_role("link", name="登录").click()
    page.get_by_label("用户名或电子邮箱").fill("demo")
    page.get_by_label("密码").first.fill(password)
    page.locator("main").get_by_role("button", name="登录").click()
    page.wait_for_url(f"{demo_site}/zh/data/")
    page.get_by_role("link", name="demo", exact=True).click()
    page.get_by_label("用途").fill("browser test")
    page.get_by_role("button", name="创建令牌").click()
    secret = (page.locator("main pre, main code").first.text_content() or "").strip()
    assert len(secret) > 20
    assert [status(f"{demo_site}/api/v1/datasets", token) for token in (secret, secret + "x")] == [200, 401]
    for size in (DESKTOP, PHONE):
        page.set_viewport_size(size)
        assert not clean.scrolls_sideways()
    page.set_viewport_size(DESKTOP)
    page.get_by_role("button", name="退出").click()
    expect(page.get_by_role("link", name="登录")).to_be_visible()
    assert clean.problems == []


@pytest.mark.parametrize(
    ("release", "parts"),
    [*((f"dr{n}/lrs", 1) for n in (1, 2, 6, 7, 8, 10)), ("dr7/mrs", None)],
)
def test_a_real_file_of_every_generation_is_drawn_as_astropy_reads_it(
    real_site: str, clean: Watched, tmp_path: Path, release: str, parts: int | None
) -> None:
    dataset, _, name = release.partition("/")
    page = opened(clean, f"{real_site}/data/lamost/{dataset}/products/{name}/")
    page.locator(KEYS).last.click()
    page.wait_for_function(READY["viewer"])
    drawn = compare_with_file(page, real_site, tmp_path)
    assert drawn == parts if parts else drawn > 2
    assert clean.problems == []
