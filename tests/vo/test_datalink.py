"""The links table."""

from __future__ import annotations

import io
from typing import Any

import pytest
from astropy.io.votable import parse

from tests.support.web import Reply, fetch
from tianku.usecases.links import Link
from tianku.vo.datalink.links import COLUMNS, batches

LINKS = "/vo/datalink/links"


def table(reply: Reply) -> Any:
    assert reply.status == 200
    return parse(io.BytesIO(reply.body)).resources[0].tables[0]


def test_no_identifier_gives_an_empty_table(address: str, invalid: Any) -> None:
    reply = fetch(address, LINKS)
    assert reply.headers["content-type"] == "application/x-votable+xml;content=datalink"
    assert len(table(reply).array) == 0 and invalid(reply.body) == []
    infos = {i.name: i.value for i in parse(io.BytesIO(reply.body)).resources[0].infos}
    assert infos["standardID"] == "ivo://ivoa.net/std/DataLink#links-1.1"


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_each_identifier_has_its_own_fault(address: str, method: str, invalid: Any) -> None:
    ids = ["ivo://test.example/sky/dr1/s?1", "nonsense <&>", "ivo://elsewhere/a/b?1"]
    reply = fetch(address, LINKS, method, params=[("ID", one) for one in ids] + [("id", ids[0])])
    rows = table(reply).to_table()
    assert list(rows["ID"]) == ids
    assert [m.partition(":")[0] for m in rows["error_message"]] == ["NotFoundFault", "UsageFault", "NotFoundFault"]
    assert not any(rows["access_url"]) and not any(rows["service_def"])
    assert invalid(reply.body) == []


def test_only_votable_is_spoken(address: str) -> None:
    assert fetch(address, LINKS, params={"RESPONSEFORMAT": "csv"}).status == 400
    asked = fetch(address, LINKS, params={"RESPONSEFORMAT": "application/x-votable+xml;content=datalink"})
    assert asked.status == 200
    assert fetch(address, LINKS, params={"RESPONSEFORMAT": "votable"}).status == 200


def test_rows_hold_what_the_links_say_with_absolute_addresses() -> None:
    given = [
        Link("a", "#this", "file", "/download/x", content_type="application/fits", content_length=2880),
        Link("a", "#preview", "plot", "https://else.where/p.png", link_auth="true", link_authorized=False),
        Link("b", "#this", error_message="NotFoundFault: no"),
    ] * 700
    made = list(batches(given, lambda path: "http://here" + path if path.startswith("/") else path))
    assert sum(b.num_rows for b in made) == len(given) and len(made) == 3
    rows = made[0].slice(0, 3).to_pylist()
    assert [r["access_url"] for r in rows] == ["http://here/download/x", "https://else.where/p.png", None]
    assert [c.name for c in COLUMNS[:8]] == [
        "ID", "access_url", "service_def", "error_message", "semantics", "description", "content_type",
        "content_length",
    ]  # fmt: skip
