"""The query form in Chromium: what it writes, sends and shows."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.support.browser import PHONE, Watched
from tests.support.pages_server import Answer, Site, as_json

pytestmark = pytest.mark.browser

BODY = (
    '<main><form id="query-form" data-table-api="/api/v1/datasets/demo/tables/stars" data-lang="{lang}"></form>'
    '<div id="results"></div></main>'
)


def column(name: str, kind: str, unit: str | None = None, ucd: str = "", zh: str = "") -> dict[str, Any]:
    return {
        "name": name,
        "type": kind,
        "unit": unit,
        "ucd": ucd,
        "description": {"en": f"About {name}", "zh": zh or name},
        "principal": name in ("source_id", "ra", "dec", "class"),
    }


COLUMNS = [
    column("source_id", "int64", ucd="meta.id;meta.main"),
    column("ra", "float64", "deg", "pos.eq.ra;meta.main"),
    column("dec", "float64", "deg", "pos.eq.dec;meta.main"),
    column("teff", "float32", "K", "phys.temperature.effective", "有效温度"),
    column("class", "string"),
    column("date", "timestamp"),
    *(column(f"mag_{band}", "float32", "mag") for band in "ugrizyjhk"),
]
TABLE = {"name": "demo_v1.stars", "position": {"ra": "ra", "dec": "dec"}, "columns": COLUMNS}
ROWS = [[1152921504606846977 + i, 56.75 + i / 7, 24.1, None if i % 3 else 5777.123, "O'B"] for i in range(120)]


def page_of_rows(body: bytes) -> Answer:
    """Serve `ROWS` in pages, as the API does; integers are written in full."""
    asked = json.loads(body)
    start, size = asked["offset"], asked["limit"]
    return as_json(
        {
            "columns": [COLUMNS[0], COLUMNS[1], COLUMNS[2], COLUMNS[3], COLUMNS[4]],
            "rows": ROWS[start : start + size],
            "more": start + size < len(ROWS),
            "adql": asked["adql"],
            "schema_versions": {"demo": "demo_v1"},
            "links": {"source_id": "/object/{value}"},
        }
    )


@pytest.fixture
def view(site: Site, clean: Watched) -> Iterator[Watched]:
    site.routes["/api/v1/datasets/demo/tables/stars"] = as_json(TABLE)
    site.routes["/api/v1/query"] = page_of_rows
    yield clean
    assert clean.problems == []


def open_form(site: Site, view: Watched, lang: str = "en", query: str = "") -> Page:
    address = site.page("/form", BODY.format(lang=lang), script="query-form.js", lang=lang)
    view.page.goto(address + query)
    view.page.wait_for_function("() => window.tiankuQuery")
    return view.page


def adql(page: Page) -> str:
    return page.locator("[data-twin=ADQL]").text_content() or ""


def test_form_writes_quoted_adql(site: Site, view: Watched) -> None:
    page = open_form(site, view)
    assert adql(page) == 'SELECT TOP 1000 source_id, ra, "dec", class\nFROM demo_v1.stars'
    page.get_by_label("Right ascension").fill("03:47:00")
    page.get_by_label("Declination").fill("−24 07 12")
    page.get_by_label("Radius").fill("30")
    page.get_by_label("Unit", exact=True).select_option("arcmin")
    page.get_by_role("button", name="Add a condition").click()
    page.locator("[name=condition-column]").select_option("class")
    page.locator("[name=condition-value]").fill("O'B")
    page.get_by_role("button", name="Add a condition").click()
    second = page.locator(".condition").nth(1)
    second.locator("[name=condition-column]").select_option("teff")
    second.locator("[name=condition-operator]").select_option("between")
    second.locator("[name=condition-value]").fill("5000")
    second.locator("[name=condition-upper]").fill("6e3")
    page.get_by_label("Sort by").select_option("date")
    page.get_by_label("Largest first").check()
    page.get_by_label("At most (rows)").fill("25")
    assert adql(page) == (
        'SELECT TOP 25 source_id, ra, "dec", class\nFROM demo_v1.stars\n'
        'WHERE 1 = CONTAINS(POINT(ra, "dec"), CIRCLE(56.75, -24.12, 0.5))\n'
        "  AND class = 'O''B'\n  AND teff BETWEEN 5000 AND 6e3\n"
        'ORDER BY "date" DESC'
    )
    curl = page.locator("[data-twin=curl]").text_content() or ""
    assert "'O'\\'''\\''B'" in curl
    assert f"{site.base}/vo/tap/sync" in curl
    assert 'TAPService("http' in (page.locator("[data-twin=pyVO]").text_content() or "")


def test_python_twin_holds_the_same_query(site: Site, view: Watched) -> None:
    page = open_form(site, view)
    page.get_by_role("button", name="Add a condition").click()
    page.locator("[name=condition-column]").select_option("class")
    page.locator("[name=condition-value]").fill('a\\b"""\'"')
    script = page.locator("[data-twin=pyVO]").text_content() or ""
    found: list[str] = []

    class Service:
        def __init__(self, _: str) -> None: ...

        def search(self, query: str) -> Service:
            found.append(query)
            return self

        def to_table(self) -> str:
            return ""

    lines = script.replace("import pyvo\n", "").replace("pyvo.dal.TAPService", "Service")
    exec(lines, {"Service": Service, "print": lambda _: None})
    assert found == [adql(page)]


@pytest.mark.parametrize(
    ("field", "value", "told"),
    [
        ("Declination", "95", "Not a declination: 95"),
        ("Right ascension", "25h", "Not a right ascension: 25h"),
        ("Radius", "0", "Not a radius: 0"),
        ("At most (rows)", "0", "whole number above 0"),
    ],
)
def test_wrong_values_are_told(site: Site, view: Watched, field: str, value: str, told: str) -> None:
    page = open_form(site, view)
    page.get_by_label("Right ascension").fill("56.75")
    page.get_by_label("Declination").fill("24.12")
    page.get_by_label(field).fill(value)
    expect(page.get_by_role("alert")).to_contain_text(told)


def test_pasted_position_fills_both_fields(site: Site, view: Watched) -> None:
    page = open_form(site, view)
    page.get_by_label("Right ascension").fill("03:47:24.0 +24:07:12")
    page.get_by_label("Right ascension").press("Tab")
    assert page.get_by_label("Declination").input_value() == "+24:07:12"
    assert "CIRCLE(56.85, 24.12, 0.1)" in adql(page)


def test_column_search_finds_chinese_meanings(site: Site, view: Watched) -> None:
    page = open_form(site, view, lang="zh")
    page.get_by_role("searchbox").fill("有效温度")
    assert page.locator(".chooser__list label:visible").all_text_contents() == ["teff K"]
    page.get_by_role("button", name="全选").click()
    assert adql(page).startswith('SELECT TOP 1000 source_id, ra, "dec", teff, class')


def test_results_are_paged_on_the_server(site: Site, view: Watched) -> None:
    page = open_form(site, view, query="?ra=56.75&dec=24.1&radius=0.5")
    page.get_by_text("Rows 1–50").wait_for()
    first = page.locator("tbody tr").first.locator("td")
    assert first.all_text_contents() == ["1152921504606846977", "56.75", "24.1", "5777.123", "O'B"]
    assert first.first.locator("a").get_attribute("href") == "/object/1152921504606846977"
    assert page.locator("tbody tr").nth(1).locator("td").nth(3).text_content() == "–"
    assert page.locator("thead th").nth(1).inner_text().split() == ["ra", "deg"]
    page.get_by_role("button", name="Next").click()
    page.get_by_text("Rows 51–100").wait_for()
    page.get_by_role("button", name="Next").click()
    page.get_by_text("Rows 101–120").wait_for()
    assert page.get_by_role("button", name="Next").is_disabled()
    sent = [json.loads(body) for path, body in site.requests if path == "/api/v1/query"]
    assert [each["offset"] for each in sent] == [0, 50, 100]
    assert "CIRCLE(56.75, 24.1, 0.5)" in sent[0]["adql"]


def test_a_refused_query_shows_the_word(site: Site, clean: Watched) -> None:
    site.routes["/api/v1/datasets/demo/tables/stars"] = as_json(TABLE)
    error = {"code": "adql.column", "message": "no column `ra`", "params": {"line": 1, "column": 28}}
    site.routes["/api/v1/query"] = as_json({"error": error}, 400)
    page = open_form(site, clean)
    page.get_by_role("button", name="Search").click()
    alert = page.locator("#results [role=alert]")
    expect(alert).to_contain_text("no column `ra` (line 1, column 28)")
    assert alert.locator("mark").text_content() == "ra"


def test_fits_a_phone(site: Site, view: Watched) -> None:
    page = open_form(site, view, lang="zh", query="?ra=1&dec=2")
    page.set_viewport_size(PHONE)
    page.get_by_text("第 1–50 行").wait_for()
    assert not view.scrolls_sideways()
