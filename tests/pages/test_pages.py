"""Every page in both languages."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

if TYPE_CHECKING:
    from django.test import Client

    from tests.pages.fake import FakeSource

PAGES = [
    ("/", "Collections", "数据集合"),
    ("/data/", "Hipparcos, new reduction", "依巴谷新归算"),
    ("/data/hipparcos/hip2/", "How to cite", "如何引用"),
    ("/data/lamost/dr13/v1.0/", "public from 2100-01-01", "2100-01-01 起公开"),
    ("/data/hipparcos/hip2/tables/main/", "Query this table", "查询此表"),
    ("/data/hipparcos/hip2/tables/main/query", "Query hipparcos_hip2.main", "查询 hipparcos_hip2.main"),
    ("/data/hipparcos/hip2/products/lrs/20131024-HD0/x.1", "Metadata", "元数据"),
    ("/data/lamost/", "Releases, newest first", "由新到旧"),
    ("/data/hipparcos/hip2/products/lrs/", "1–50 of 120", "第 1–50 个，共 120 个"),
    ("/data/hipparcos/hip2/difference/lamost/dr13/v1.0/", "Tables of both versions", "两个版本共有的表"),
    ("/search", "Position or words", "坐标或词语"),
    ("/search?q=astrometry", "Main table", "主表"),
    ("/sql", "SQL editor", "SQL 编辑器"),
    ("/account/login/", "Log in", "登录"),
    ("/account/password/reset/", "Password Reset", "重置"),
    ("/docs/", "In the browser", "浏览器"),
]


@pytest.mark.parametrize(("path", "english", "chinese"), PAGES)
def test_a_page_speaks_the_language_of_its_address(client: Client, path: str, english: str, chinese: str) -> None:
    for prefix, language, text in (("", "en", english), ("/zh", "zh-Hans", chinese)):
        response = client.get(prefix + path)
        body = response.content.decode()
        assert response.status_code == 200
        assert f'<html lang="{language}">' in body
        assert text in body
        other = "/zh" + path if language == "en" else path
        assert f'href="{other}"' in body
        assert ("请致谢。" if prefix else "Thank us.") in body


@pytest.mark.parametrize("prefix", ["", "/zh"])
def test_latest_leads_to_the_newest_version(client: Client, prefix: str) -> None:
    response = client.get(f"{prefix}/data/hipparcos/latest/tables/main/query?ra=1")
    assert response.status_code == 302
    assert response["Location"] == f"{prefix}/data/hipparcos/hip2/tables/main/query?ra=1"
    assert "no-cache" in response["Cache-Control"] or "no-store" in response["Cache-Control"]


def test_a_difference_shows_counts_and_lines(client: Client) -> None:
    for prefix, words in (
        ("", ("Rows added", "type changed", "changed")),
        ("/zh", ("新增行", "类型改变", "改动")),
    ):
        body = client.get(
            prefix + "/data/hipparcos/hip2/difference/lamost/dr13/v1.0/?table=stars"
        ).content.decode()
        assert all(f"{word}<" in body for word in words)
        assert "float64 → float32" in body and "<td>2.5</td>" in body and "?table=stars&amp;page=2#changes" in body


@pytest.mark.parametrize("path", [path for path, _, _ in PAGES])
def test_pages_run_no_script_but_the_sites_own(client: Client, path: str) -> None:
    response = client.get(path)
    policy = response["Content-Security-Policy"]
    assert "default-src 'self'" in policy
    assert "script-src" not in policy
    for attributes, inside in re.findall(r"<script([^>]*)>(.*?)</script>", response.content.decode(), re.S):
        if "application/json" in attributes:
            json.loads(inside)
        else:
            assert 'src="/static/' in attributes
            assert inside == ""
    assert not re.search(rb"\son[a-z]+=", response.content)


@pytest.mark.parametrize("path", [path for path, _, _ in PAGES if not path.startswith("/docs")])
def test_an_anonymous_page_asks_the_state_database_nothing(client: Client, path: str) -> None:
    client.get(path)
    with CaptureQueriesContext(connection) as queries:
        client.get(path)
    assert queries.captured_queries == []


def test_texts_from_metadata_are_escaped(client: Client) -> None:
    body = client.get("/data/hipparcos/hip2/tables/main/").content.decode()
    assert "Marks &lt;b&gt;&amp; more&lt;/b&gt;" in body
    config = client.get("/data/hipparcos/hip2/tables/main/query").content.decode()
    assert "<b>" not in config


def test_the_table_page_shows_columns_statistics_coverage_and_lines_to_copy(client: Client) -> None:
    body = client.get("/data/hipparcos/hip2/tables/main/").content.decode()
    assert "pos.eq.ra;meta.main" in body.replace("<wbr>", "")
    for text in ("1 … 120,404", "117,955", "DOUBLE", "<svg", "pyvo.dal.TAPService"):
        assert text in body
    assert "http://testserver/vo/hipparcos/hip2/main/scs?RA=" in body


def test_the_query_page_carries_what_the_form_needs(client: Client) -> None:
    body = client.get("/zh/data/hipparcos/hip2/tables/main/query").content.decode()
    config = json.loads(re.search(r'<script id="query-config"[^>]*>(.*?)</script>', body, re.S)[1])
    assert config["table"] == "hipparcos_hip2.main"
    assert config["position"] == {"ra": "ra", "dec": "dec"}
    assert [c["name"] for c in config["columns"]] == ["hip", "ra", "dec", "flags"]
    assert config["columns"][0]["description"]["zh"] == "编号"


def test_the_spectrum_page_names_its_data_and_files(client: Client) -> None:
    body = client.get("/data/hipparcos/hip2/products/lrs/403028").content.decode()
    assert '<div id="spectrum-viewer" data-src="/api/v1/products/403028/spectrum" data-lang="en">' in body
    assert 'href="/download/x"' in body
    assert "simulated" in body


def test_a_position_in_the_search_box_offers_cones(client: Client) -> None:
    body = client.get("/search?q=03:47:00 %2B24:07:00").content.decode()
    assert "query?ra=56.75&amp;dec=24.1166667&amp;radius=0.1" in body
    assert "lamost/dr13" not in body.partition("<main")[2]


def test_what_is_closed_shows_how_to_apply_and_no_numbers(client: Client) -> None:
    body = client.get("/zh/data/lamost/dr13/v1.0/").content.decode()
    assert "请来信申请。" in body
    assert "117,955" not in body


@pytest.mark.parametrize(
    ("path", "status", "text"),
    [
        ("/data/none/", 404, "there is no data set none"),
        ("/data/hipparcos/hip2/tables/other/", 404, "no table other"),
        ("/nothing/here", 404, "There is no page at this address."),
        ("/zh/nothing/here", 404, "没有这个页面"),
        ("/data/lamost/dr13/v1.0/products/lrs/1", 401, "is not public"),
        ("/data/hipparcos/hip2/products/lrs/busy", 503, "later"),
        ("/data/hipparcos/hip2/products/lrs/broken", 500, "incident"),
        ("/zh/data/hipparcos/hip2/products/lrs/broken", 500, "编号"),
        ("/docs/none/", 404, "There is no page at this address."),
    ],
)
def test_errors_are_pages(client: Client, path: str, status: int, text: str) -> None:
    response = client.get(path)
    assert response.status_code == status
    body = response.content.decode()
    assert text in body
    assert "a detail that must not be shown" not in body
    assert response["Cache-Control"] == "private, no-store"
    assert response.get("Retry-After") == ("7" if status == 503 else None)
    assert ("Bearer" in response.get("WWW-Authenticate", "")) == (status == 401)


def test_addresses_without_the_final_slash_are_led_on(client: Client) -> None:
    for path in ("/zh", "/data", "/zh/data/hipparcos/hip2"):
        response = client.get(path)
        assert (response.status_code, response["Location"]) == (301, path + "/")


def test_the_views_ask_for_the_principal_of_the_request(client: Client, source: FakeSource) -> None:
    from tianku.state import repositories as state

    state.create_user("li", groups=["lamost"])
    secret, _ = state.create_token("li")
    response = client.get("/data/lamost/dr13/v1.0/", headers={"authorization": f"Bearer {secret}"})
    assert "117,955" in response.content.decode()
    assert response["Cache-Control"] == "private, no-store"
    assert {p.user for p in source.seen} == {"li"}
    assert client.get("/", headers={"authorization": "Bearer wrong"}).status_code == 401


@pytest.mark.parametrize(
    ("path", "status", "there"),
    [
        ("/data/lamost/dr13/", 302, "/data/lamost/dr13/v1.0/"),
        ("/zh/data/lamost/dr13/", 302, "/zh/data/lamost/dr13/v1.0/"),
        ("/data/lamost/dr99/", 404, None),
        ("/data/lamost/dr13/v9/", 404, None),
        ("/zh/data/hipparcos/hip2/products/lrs/?key=a+b/c", 302, "/zh/data/hipparcos/hip2/products/lrs/a%20b/c"),
        ("/data/hipparcos/hip2/products/lrs/?page=0", 400, None),
        ("/data/hipparcos/hip2/products/lrs/?page=x", 400, None),
        ("/data/hipparcos/hip2/products/lrs/?page=9", 200, None),
    ],
)
def test_addresses_that_lead_elsewhere(client: Client, path: str, status: int, there: str | None) -> None:
    response = client.get(path)
    assert (response.status_code, response.get("Location")) == (status, there)


def test_a_list_of_products_is_turned_page_by_page(client: Client) -> None:
    pages = [client.get(f"/data/hipparcos/hip2/products/lrs/?page={n}").content.decode() for n in (1, 2, 3)]
    links = [re.findall(r'/products/lrs/(\d{4})"', body) for body in pages]
    assert [len(found) for found in links] == [50, 50, 20]
    assert sorted(key for found in links for key in found) == [f"{n:04d}" for n in range(120)]
    assert ['rel="next"' in body for body in pages] == [True, True, False]
    assert ['rel="prev"' in body for body in pages] == [False, True, True]
