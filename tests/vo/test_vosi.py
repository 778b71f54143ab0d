"""VOSI documents: valid by the IVOA's schemas, and true."""

from __future__ import annotations

from typing import Any
from xml.etree import ElementTree

import pytest

from tests.support.centre import FakeCentre
from tests.support.web import fetch

DOCUMENTS = [
    "/vo/tap/capabilities",
    "/vo/tap/availability",
    "/vo/tap/tables",
    "/vo/tap/tables?detail=min",
    "/vo/tap/tables/sky_dr1.stars",
    "/vo/sky/dr1/stars/scs/capabilities",
    "/vo/sky/dr1/stars/scs/other/capabilities",
    "/vo/sky/dr1/stars/scs/tables",
    "/vo/sky/dr1/stars/scs/availability",
    "/vo/datalink/capabilities",
    "/vo/datalink/availability",
]


@pytest.mark.parametrize("path", DOCUMENTS)
def test_documents_are_valid(address: str, path: str, invalid: Any) -> None:
    reply = fetch(address, path)
    assert reply.status == 200 and reply.headers["content-type"].startswith("text/xml")
    assert invalid(reply.body) == []
    assert reply.headers["access-control-allow-origin"] == "*"


def test_capabilities_say_what_is_implemented(address: str, centre: FakeCentre) -> None:
    root = ElementTree.fromstring(fetch(address, "/vo/tap/capabilities").body)
    tap = next(c for c in root if c.get("standardID") == "ivo://ivoa.net/std/TAP")
    assert tap.findtext("interface/accessURL") == f"{address}/vo/tap"
    assert [m.get("ivo-id") for m in tap.findall("uploadMethod")] == ["ivo://ivoa.net/std/TAPRegExt#upload-inline"]
    types = [f.get("type", "") for f in tap.findall("language/languageFeatures")]
    assert all(t == t.lower() or "TAPRegExt" in t for t in types)
    assert tap.findtext("outputLimit/hard") == str(centre.site.jobs.rows)
    assert tap.findtext("executionDuration/hard") == str(centre.site.jobs.most_seconds)
    assert tap.findtext("retentionPeriod/default") == str(7 * 86_400)
    assert tap.find("dataModel") is not None
    for url in root.iter("accessURL"):
        assert url.get("use") in ("full", "base") and (url.text or "").startswith(address)


def test_tables_list_columns_as_answers_have_them(address: str) -> None:
    root = ElementTree.fromstring(fetch(address, "/vo/tap/tables/SKY_DR1.stars").body)
    assert root.findtext("name") == "sky_dr1.stars"
    columns = {c.findtext("name"): c for c in root.findall("column")}
    assert set(columns) == {"source_id", "ra", "dec", "mag", "name", "seen"}
    assert columns["mag"].findtext("description") == "magnitude <V> & more"
    seen = columns["seen"].find("dataType")
    assert seen is not None and (seen.text, seen.get("extendedType"), seen.get("arraysize")) == (
        "char",
        "timestamp",
        "*",
    )
    assert [f.text for f in columns["source_id"].findall("flag")] == ["primary"]


def test_minimal_detail_has_no_columns(address: str) -> None:
    body = fetch(address, "/vo/tap/tables?detail=MIN").text
    assert "<column" not in body and "sky_dr1.unnamed" in body
    assert fetch(address, "/vo/tap/tables?detail=some").status == 400


def test_an_unknown_table_is_404(address: str) -> None:
    assert fetch(address, "/vo/tap/tables/secret_dr1.stars").status == 404
