"""The catalogue of data sets and downloads, as pages without scripts."""

from __future__ import annotations

import re
from html import unescape
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

import pytest

from tests.pages.fake import CLOSED, HIP
from tianku.model.config.entry import Years
from tianku.pages.catalogue import span

if TYPE_CHECKING:
    from django.test import Client

    from tests.pages.fake import FakeSource


def choices(page: str) -> dict[str, str]:
    """Query string by the words of each link that chooses a value."""
    links = re.findall(r'<a class="choice" href="([^"]*)"[^>]*><span>([^<]*)</span>', page)
    return {words: unescape(query).removeprefix("?") for query, words in links}


def test_a_facet_is_links_that_add_and_take_back_a_choice(client: Client, source: FakeSource) -> None:
    page = client.get(
        "/data/", {"q": "stars", "type": ["catalogue", "image"], "access": "public"}
    ).content.decode()
    assert source.wanted.words == "stars"
    assert source.wanted.chosen["type"] == {"catalogue", "image"}
    links = choices(page)
    assert parse_qs(links["Spectra"]) == {
        "q": ["stars"],
        "type": ["catalogue", "image", "spectrum"],
        "access": ["public"],
    }
    assert parse_qs(links["Catalogues"])["type"] == ["image"]
    assert page.count('aria-current="true"') == 1 and '<details class="facets" open>' in page


def test_the_search_keeps_what_was_chosen(client: Client) -> None:
    page = client.get("/data/", {"type": "catalogue"}).content.decode()
    assert '<input type="hidden" name="type" value="catalogue">' in page
    assert "3 of 7 data sets" in page and "4 more" in page


@pytest.mark.parametrize("words", ['"><script>', "%", "星表"])
def test_words_come_back_as_text(client: Client, source: FakeSource, words: str) -> None:
    page = client.get("/data/", {"q": words, "facility": words}).content.decode()
    assert source.wanted.words == words and "<script>" not in page.split("</head>")[1].split("page-config")[0]


def test_nothing_found_leads_back_to_everything(client: Client) -> None:
    page = client.get("/zh/data/", {"q": "nothing"}).content.decode()
    assert "全部数据集" in page and 'href="/zh/data/"' in page


def test_a_data_set_tells_what_it_is_part_of_and_contains(client: Client) -> None:
    page = client.get(f"/zh/data/{HIP}/").content.decode()
    assert '<a href="/zh/data/hipparcos/">卫星任务</a>' in page and "双星" in page
    assert "1989–1993" in page and f'href="/sas/{HIP}/catalogues/x.fits.gz"' in page


def test_downloads_have_sizes_and_checksums(client: Client) -> None:
    page = client.get(f"/data/{HIP}/downloads/").content.decode()
    assert "123 kB" in page and "ab" * 32 in page and f'href="/sas/{HIP}/lrs/"' in page
    assert f"wget -m -np -nH --cut-dirs=1 http://testserver/sas/{HIP}/" in page


def test_closed_tables_are_not_told_of(client: Client) -> None:
    page = client.get(f"/data/{CLOSED}/downloads/").content.decode()
    assert "x.fits.gz" not in page and "Write to us." in page


@pytest.mark.parametrize(
    ("years", "text"),
    [(Years(first=2015, last=2015), "2015"), (Years(first=1901, last=1998), "1901–1998"),
     (Years(first=2011), "2011–"), (None, "")],
)  # fmt: skip
def test_years_are_written_short(years: Years | None, text: str) -> None:
    assert span(years) == text
