"""The document and the page say what is served."""

from __future__ import annotations

import json
import re

from starlette.routing import Match

from tests.support.asgi import scope
from tests.support.web import fetch
from tianku.api.routes import DOCUMENTED, SERVED, routes


def test_every_documented_path_is_served_and_the_other_way_round(address: str) -> None:
    document = fetch(address, "/api/v1/openapi.json").json
    assert document["openapi"] == "3.1.0" and document["servers"] == [{"url": address}]
    assert {o.public_path for o in SERVED} <= set(document["paths"])
    served = [r for r in routes() if r.name != "guard"]
    for path, methods in document["paths"].items():
        concrete = re.sub(r"\{\w+\}", "x", path)
        for method in methods:
            asked = scope(method.upper(), concrete)
            assert any(r.matches(asked)[0] is Match.FULL for r in served), (method, path)


def test_operations_are_described_once_in_both_languages(address: str) -> None:
    document = fetch(address, "/api/v1/openapi.json").json
    ids = [o["operationId"] for methods in document["paths"].values() for o in methods.values()]
    assert len(ids) == len(set(ids)) == len(DOCUMENTED)
    assert all(o.summary.en and o.summary.zh for o in DOCUMENTED)
    query = document["paths"]["/api/v1/query"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    assert query["required"] == ["adql"]
    for methods in document["paths"].values():
        for operation in methods.values():
            for parameter in operation["parameters"]:
                assert (
                    parameter["in"] in ("path", "query") and (parameter["in"] == "query") != parameter["required"]
                )


def test_every_reference_leads_somewhere(address: str) -> None:
    text = fetch(address, "/api/v1/openapi.json").text
    schemas = json.loads(text)["components"]["schemas"]
    named = set(re.findall(r'"\$ref":\s*"([^"]*)"', text))
    assert "#/components/schemas/MatchSide" in named
    assert named <= {f"#/components/schemas/{name}" for name in schemas}


def test_the_page_needs_no_scripts(address: str) -> None:
    english, chinese = fetch(address, "/api/docs"), fetch(address, "/api/docs?lang=zh")
    assert (
        english.status == 200
        and "<script" not in english.text
        and "http://" not in english.text.replace(address, "")
    )
    assert "default-src 'none'" in english.headers["content-security-policy"]
    assert 'lang="zh"' in chinese.text and "查询结果的一页" in chinese.text
    for operation in DOCUMENTED:
        assert operation.public_path in english.text
