"""The SQL page in Chromium, under a policy that forbids inline styles."""

from __future__ import annotations

import json
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.support.browser import PHONE, Watched
from tests.support.pages_server import Answer, Site, as_json

pytestmark = pytest.mark.browser

SCHEMA = {
    "tables": [
        {
            "name": "demo_v1.stars",
            "description": {"en": "Stars", "zh": "恒星"},
            "columns": [
                {"name": "ra", "unit": "deg", "ucd": "pos.eq.ra;meta.main", "type": "double"},
                {"name": "dec", "unit": "deg", "ucd": "pos.eq.dec;meta.main", "type": "double"},
                {"name": "teff", "unit": "K", "ucd": "phys.temperature.effective", "type": "float"},
            ],
        }
    ]
}


def answer(body: bytes) -> Answer:
    adql = json.loads(body)["adql"]
    if "tef " in adql:
        params = {"line": 2, "column": 7, "name": "tef"}
        message = "no column `tef` in demo_v1.stars; did you mean `teff`?"
        return as_json({"error": {"code": "adql.column", "message": message, "params": params}}, 400)
    columns = [{"name": "n", "type": "long", "unit": None, "ucd": "meta.number", "description": ""}]
    return as_json({"columns": columns, "rows": [[3]], "more": False, "adql": adql, "schema_versions": {}})


@pytest.fixture
def view(site: Site, clean: Watched) -> Watched:
    site.routes["/api/v1/schema"] = as_json(SCHEMA)
    site.routes["/api/v1/query"] = answer
    return clean


def open_sql(site: Site, view: Watched, lang: str = "en") -> Page:
    body = f'<main><div id="sql-editor" data-lang="{lang}"></div><div id="results"></div></main>'
    view.page.goto(site.page("/sql", body, script="sql.js", lang=lang))
    view.page.locator("select option", has_text="demo_v1.stars").first.wait_for(state="attached")
    return view.page


def write(page: Page, text: str) -> None:
    page.locator(".cm-content").click()
    page.keyboard.press("Control+A")
    page.keyboard.insert_text(text)


def test_run_by_key_and_remember(site: Site, view: Watched) -> None:
    page = open_sql(site, view)
    write(page, "SELECT COUNT(*) AS n FROM demo_v1.stars")
    page.keyboard.press("Control+Enter")
    expect(page.locator("#results tbody td")).to_have_text("3")
    page.reload()
    page.get_by_text("History").click()
    page.get_by_role("button", name="SELECT COUNT(*) AS n FROM demo_v1.stars").click()
    assert page.evaluate("() => tiankuSql.editor.text") == "SELECT COUNT(*) AS n FROM demo_v1.stars"
    assert view.problems == []


def test_completion_knows_columns_of_the_named_table(site: Site, view: Watched) -> None:
    page = open_sql(site, view)
    write(page, "SELECT  FROM demo_v1.stars")
    page.keyboard.press("Home")
    for _ in "SELECT ":
        page.keyboard.press("ArrowRight")
    page.keyboard.type("te")
    expect(page.locator(".cm-tooltip-autocomplete li").first).to_contain_text("teff")
    # Accepting is refused during the first 75 ms, so that nobody accepts what they have not seen.
    page.wait_for_timeout(120)
    page.keyboard.press("Enter")
    assert page.evaluate("() => tiankuSql.editor.text") == "SELECT teff FROM demo_v1.stars"
    assert view.problems == []


def test_the_editor_is_styled_without_inline_styles(site: Site, view: Watched) -> None:
    page = open_sql(site, view)
    style = "() => getComputedStyle(document.querySelector('.editor').shadowRoot.querySelector('.cm-scroller'))"
    assert page.evaluate(f"{style}.display") == "flex"
    write(page, "SELECT teff")
    keyword = page.locator(".cm-line span", has_text="SELECT").first
    assert keyword.evaluate("(node) => getComputedStyle(node).fontWeight") == "600"
    assert view.problems == []


def test_an_error_is_shown_where_it_is(site: Site, view: Watched) -> None:
    page = open_sql(site, view)
    write(page, "SELECT ra,\n      tef FROM demo_v1.stars")
    page.get_by_role("button", name="Run").click()
    expect(page.locator("#results [role=alert]")).to_contain_text("did you mean `teff`? (line 2, column 7)")
    expect(page.locator(".cm-sql-error")).to_have_text("tef")
    write(page, "SELECT teff FROM demo_v1.stars")
    expect(page.locator(".cm-sql-error")).to_have_count(0)


def test_download_asks_the_tap_service(site: Site, view: Watched) -> None:
    page = open_sql(site, view)
    site.routes["/vo/tap/sync"] = (200, "text/csv", b"n\n3\n")
    write(page, "SELECT 1 AS n")
    page.get_by_label("Format").select_option("csv")
    with page.context.expect_page() as opened:
        page.locator("[data-control=download]").click()
    opened.value.close()
    assert any(path == "/vo/tap/sync" for path, _ in site.requests)


def test_fits_a_phone_in_chinese(site: Site, view: Watched) -> None:
    page = open_sql(site, view, "zh")
    page.set_viewport_size(PHONE)
    assert page.get_by_role("button", name="运行").is_visible()
    assert not view.scrolls_sideways()
    assert view.problems == []


def test_a_started_job_has_a_page(site: Site, view: Watched) -> None:
    asked: list[Any] = []

    def started(body: bytes) -> Answer:
        asked.append(json.loads(body))
        return as_json({"id": "f00"})

    site.routes["/api/v1/jobs"] = started
    page = open_sql(site, view, "zh")
    write(page, "SELECT 1 AS n FROM demo_v1.stars")
    page.route("**/zh/jobs/f00", lambda route: route.fulfill(body="the job"))
    page.get_by_role("button", name="提交任务").click()
    page.wait_for_url("**/zh/jobs/f00")
    assert asked == [{"arguments": {"adql": "SELECT 1 AS n FROM demo_v1.stars", "format": "votable"}}]
