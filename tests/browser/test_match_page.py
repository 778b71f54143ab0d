"""The cross-match page in a browser: a file of one's own against a table, to the rows of the answer."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.support.browser import Watched

pytestmark = pytest.mark.browser

#: Alcyone, and a place where the demo has no star
MINE = b"name,ra,dec\nAlcyone,56.87115,24.10514\nnowhere,200,-80\n"


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_file_is_matched_with_a_table(demo_site: str, clean: Watched, language: str) -> None:
    page = clean.page
    page.goto(f"{demo_site}{'/zh' if language == 'zh' else ''}/match")
    page.locator("[name=left-file]").set_input_files({"name": "mine.csv", "mimeType": "text/csv", "buffer": MINE})
    page.locator("[name=right-table]").fill("hipparcos.nothing")
    page.locator("[name=right-columns]").fill("hip")
    page.locator("[name=join]").select_option("left")
    page.locator("[name=format]").select_option("csv")
    start = page.get_by_role("button", name="开始证认" if language == "zh" else "Start the match")
    start.click()
    expect(page.get_by_role("alert")).to_contain_text("nothing")
    expect(page.locator("[name=right-columns]")).to_have_value("hip")  # all but the file is still there

    page.locator("[name=left-file]").set_input_files({"name": "mine.csv", "mimeType": "text/csv", "buffer": MINE})
    page.locator("[name=right-table]").fill("hipparcos.main")
    start.click()
    page.wait_for_url("**/jobs/*")
    rows = page.locator("table caption + thead + tbody tr")
    expect(rows).to_have_count(2, timeout=60_000)
    cells = {tuple(row.locator("td").all_text_contents()[:4]) for row in rows.all()}
    assert {(one[0], one[3]) for one in cells} == {("Alcyone", "17702"), ("nowhere", "")}
    with page.expect_download() as download:
        page.get_by_role("link", name="result.csv").click()
    assert download.value.path().read_text().startswith("name,ra,dec,hip,separation,position_angle")
