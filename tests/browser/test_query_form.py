"""The query form in Chromium: what it writes, sends and shows."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.support.browser import PHONE, Watched
from tests.support.pages_server import Answer, Site, as_json
from tianku.api.positions import PositionsRequest

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
    site.routes["/api/v1/count"] = as_json({"rows": 1234, "exact": True})
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


@pytest.mark.parametrize(
    ("sides", "where"),
    [
        (("350", "00:40:00", "-10", "+20:30:00"), '(ra >= 350 OR ra <= 10)\n  AND "dec" BETWEEN -10 AND 20.5'),
        (("10", "20", "", ""), "ra BETWEEN 10 AND 20"),
        (("", "", "60", ""), '"dec" >= 60'),
    ],
)
def test_a_rectangle_goes_over_zero(site: Site, view: Watched, sides: tuple[str, ...], where: str) -> None:
    page = open_form(site, view)
    page.get_by_role("button", name="Rectangle").click()
    for label, value in zip(("RA from", "RA to", "Dec from", "Dec to"), sides, strict=True):
        page.get_by_label(label).fill(value)
    assert adql(page).endswith(f"FROM demo_v1.stars\nWHERE {where}")
    page.get_by_role("button", name="Whole sky").click()
    assert adql(page).endswith("FROM demo_v1.stars")


def test_a_list_is_sent_and_its_matches_are_shown(site: Site, view: Watched) -> None:
    columns = [column("input_line", "int64"), column("separation", "float64", "arcsec"), COLUMNS[4]]
    matches = {"columns": columns, "rows": [[1, 0.25, "A"], [2, None, None]], "more": False, "schema_versions": {}}
    site.routes["/api/v1/datasets/demo/tables/stars/positions"] = as_json(matches)
    page = open_form(site, view)
    page.get_by_role("button", name="List of positions").click()
    expect(page.get_by_role("alert")).to_be_hidden()
    page.get_by_role("button", name="Search").click()
    expect(page.get_by_role("alert")).to_contain_text("Paste positions")
    page.get_by_label("Or a file").set_input_files(
        {"name": "list.csv", "mimeType": "text/csv", "buffer": b"ra,dec\n56.75,24.1\n"}
    )
    expect(page.get_by_label("Positions, one per line")).to_have_value("ra,dec\n56.75,24.1\n")
    page.get_by_label("Radius").fill("3.5")
    page.get_by_label("Only the nearest").check()
    page.get_by_role("button", name="Add a condition").click()
    page.locator("[name=condition-column]").select_option("teff")
    page.locator("[name=condition-value]").fill("5000..6e3")
    page.get_by_role("button", name="Search").click()
    page.get_by_text("Rows 1–2").wait_for()
    assert page.locator("tbody td").all_text_contents() == ["1", "0.25", "A", "2", "–", "–"]
    asked = json.loads([body for path, body in site.requests if path.endswith("/positions")][-1])
    assert asked == {
        "positions": "ra,dec\n56.75,24.1\n", "radius": 3.5, "unit": "arcsec", "nearest": True, "unmatched": True,
        "columns": ["source_id", "ra", "dec", "class"], "limit": 50, "offset": 0,
        "where": [{"column": "teff", "operator": "between", "values": [5000, 6000]}],
    }  # fmt: skip
    PositionsRequest.model_validate(asked)
    curl = page.locator("[data-twin=curl]").text_content() or ""
    assert f"{site.base}/api/v1/datasets/demo/tables/stars/positions" in curl and "file=@positions.txt" in curl
    compile(page.locator("[data-twin=pyVO]").text_content() or "", "twin", "exec")


@pytest.mark.parametrize(
    ("name", "operator", "value", "where"),
    [
        ("teff", "=", ">= 5000", "teff >= 5000"),
        ("teff", "=", "1, 2", "teff IN (1, 2)"),
        ("teff", "notin", "1,2", "teff NOT IN (1, 2)"),
        ("date", "=", "2015-01-01..2016-01-01", "\"date\" BETWEEN '2015-01-01' AND '2016-01-01'"),
        ("class", "contains", "o'b", "class ILIKE '%o''b%'"),
        ("class", "starts", "$&", "class ILIKE '$&%'"),
        ("class", "ends", "b", "class ILIKE '%b'"),
        ("class", "=", "1..2", "class = '1..2'"),
    ],
)
def test_operators_and_what_may_be_typed_instead(
    site: Site, view: Watched, name: str, operator: str, value: str, where: str
) -> None:
    page = open_form(site, view)
    page.get_by_role("button", name="Add a condition").click()
    page.locator("[name=condition-column]").select_option(name)
    page.locator("[name=condition-operator]").select_option(operator)
    page.locator("[name=condition-value]").fill(value)
    assert adql(page).endswith(f"WHERE {where}")
    if "ILIKE" in where:
        page.get_by_label("Ignore case").uncheck()
        assert adql(page).endswith(f"WHERE {where.replace('ILIKE', 'LIKE')}")


def test_a_column_of_a_condition_is_found_by_its_meaning(site: Site, view: Watched) -> None:
    page = open_form(site, view, lang="zh")
    page.get_by_role("button", name="添加条件").click()
    page.locator("[name=condition-find]").fill("有效 K")
    assert page.locator("[name=condition-column] option").all_text_contents() == ["teff [K]"]
    page.locator("[name=condition-value]").fill("> 5000")
    assert adql(page).endswith("WHERE teff > 5000")
    page.locator("[name=condition-find]").fill("")
    assert page.locator("[name=condition-column]").input_value() == "teff"


def test_ranges_shapes_and_the_count_are_told(site: Site, view: Watched) -> None:
    measured = [dict(c, minimum=3500.5, maximum=9000.25, histogram=[1, 5, 9, 4], nulls=7) for c in COLUMNS]
    site.routes["/api/v1/datasets/demo/tables/stars"] = as_json(TABLE | {"columns": measured})
    page = open_form(site, view)
    expect(page.locator("[data-control=count]")).to_have_text("1,234 rows match")
    page.get_by_role("button", name="Add a condition").click()
    page.locator("[name=condition-column]").select_option("teff")
    expect(page.locator(".condition")).to_contain_text("3500.5 to 9000.25 K · 7 empty")
    assert page.get_by_role("img", name="Distribution from 3500.5 to 9000.25").bounding_box()
    counted = [json.loads(body)["adql"] for path, body in site.requests if path == "/api/v1/count"]
    assert counted == ["SELECT COUNT(*) AS n\nFROM demo_v1.stars"]


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
    site.routes["/api/v1/count"] = as_json({"error": error}, 400)
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
