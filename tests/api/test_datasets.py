"""Listings: what is published, its tables, and the schema for editors."""

from __future__ import annotations

from tests.support.web import fetch


def test_data_sets_are_listed_and_described(address: str) -> None:
    listed = fetch(address, "/api/v1/datasets").json["datasets"]
    assert [d["id"] for d in listed] == ["sky/dr1"] and listed[0]["title"]["zh"] == "天"
    one = fetch(address, "/api/v1/datasets/sky/dr1").json
    assert one["schema"] == "sky_dr1" and one["tables"][0]["rows"] == 500
    assert one["access"] == {"existence": True, "metadata": True, "data": True}
    assert one["tables"][0]["services"]["scs/other"] == "/vo/sky/dr1/stars/scs/other"


def test_a_table_is_described_with_its_columns(address: str) -> None:
    one = fetch(address, "/api/v1/datasets/sky/dr1/tables/stars").json
    assert [c["name"] for c in one["columns"]][:3] == ["source_id", "ra", "dec"]
    assert one["position"] == {"name": "main", "ra": "ra", "dec": "dec", "frame": "ICRS", "epoch": 2016.0}


def test_the_schema_lists_tables_for_editors(address: str) -> None:
    reply = fetch(address, "/api/v1/schema").json
    names = [t["name"] for t in reply["tables"]]
    assert {"sky_dr1.stars", "ivoa.obscore"} <= set(names) and reply["aliases"] == {"sky": "sky_dr1"}
    only = fetch(address, "/api/v1/schema?schema=IVOA").json
    assert [t["name"] for t in only["tables"]] == ["ivoa.obscore"]


def test_what_is_not_there_is_404_in_json(address: str) -> None:
    for path in (
        "/datasets/no/such",
        "/datasets/sky/dr1/tables/no",
        "/products/a/b",
        "/products/sky/dr1/s/1",
        "/no",
    ):
        reply = fetch(address, f"/api/v1{path}")
        assert reply.status == 404 and reply.json["error"]["code"], path
    assert fetch(address, "/download/sky/dr1/s/1").status == 404
