"""Cross-matches over HTTP: published tables named in JSON, tables sent in a form."""

from __future__ import annotations

import gzip
import io
import json
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from astropy.io.votable import parse_single_table
from astropy.table import Table

from tests.support.web import Reply, fetch

ADDRESS, SKY = "/api/v1/crossmatch", "sky_dr1.stars"


def ask(address: str, **asked: Any) -> Reply:
    headers = {"Content-Type": "application/json"}
    return fetch(address, ADDRESS, "POST", body=json.dumps(asked).encode(), headers=headers)


def send(address: str, files: dict[str, bytes], **asked: Any) -> Reply:
    parts = [
        b'--edge\r\nContent-Disposition: form-data; name="request"\r\n\r\n%b\r\n' % json.dumps(asked).encode()
    ]
    for name, content in files.items():
        head = f'--edge\r\nContent-Disposition: form-data; name="{name}"; filename="../x"\r\n\r\n'
        parts.append(head.encode() + content + b"\r\n")
    headers = {"Content-Type": "multipart/form-data; boundary=edge"}
    return fetch(address, ADDRESS, "POST", body=b"".join(parts) + b"--edge--\r\n", headers=headers)


def written(kind: str) -> bytes:
    """One position next to the star at 10, 20 and one far from any, in a format of files."""
    names = ("my_id", "RAJ2000", "DEJ2000")
    table = Table({names[0]: [1, 2], names[1]: [10.0, 0.0], names[2]: [20.0005, 90.0]}, units=(None, "deg", "deg"))
    out = io.BytesIO()
    if kind == "csv":
        text = io.StringIO()
        table.write(text, format="ascii.csv")
        return text.getvalue().encode()
    if kind == "parquet":
        pq.write_table(pa.table({name: table[name].data for name in names}), out)
    else:
        table.write(out, format=kind)
    return out.getvalue()


def test_two_published_tables_as_votable(address: str) -> None:
    reply = ask(
        address, left={"table": SKY, "columns": ["mag"]}, right={"table": SKY, "position": "other"}, radius=0,
        format="votable",
    )  # fmt: skip
    table = parse_single_table(io.BytesIO(reply.body))
    names = [f.name for f in table.fields]
    assert names[:3] == ["mag", "source_id", "ra"] and names[-2:] == ["separation", "position_angle"]
    fields = {f.name: f for f in table.fields}
    assert fields["mag_2"].ucd == "phot.mag;em.opt.V" and str(fields["separation"].unit) == "arcsec"
    assert len(table.array) == 500 and np.all(table.array["separation"] == 0)


@pytest.mark.parametrize("kind", ["csv", "votable", "fits", "parquet"])
def test_a_table_sent_along(address: str, kind: str) -> None:
    right = {"table": SKY, "columns": ["source_id"]}
    reply = send(address, {"left": written(kind)}, right=right, radius=5, join="left", format="csv")
    head, *lines = reply.body.decode().splitlines()
    near, far = sorted(lines)
    assert head == "my_id,RAJ2000,DEJ2000,source_id,separation,position_angle"
    assert near.startswith("1,10,20.0005,115") and float(near.split(",")[4]) == pytest.approx(1.8)
    assert float(near.split(",")[5]) == pytest.approx(180)
    assert far == "2,0,90,,,"


def test_two_tables_sent_along(address: str) -> None:
    files = {"left": written("csv"), "right": written("fits")}
    reply = send(address, files, radius=0.1, nearest=None, format="csv")
    assert sorted(line.split(",")[0] for line in reply.body.decode().splitlines()) == ["1", "2", "my_id"]


@pytest.mark.parametrize(
    ("files", "more", "status", "code"),
    [
        ({}, {}, 400, "match.side"),
        ({"left": b"ra,dec\n1,2\n"}, {"left": {"table": SKY}}, 400, "match.side"),
        ({"left": b"ra,dec\n1,2\n", "other": b""}, {}, 400, "match.part"),
        ({"left": gzip.compress(b"ra,dec\n1,2\n")}, {}, 400, "match.compressed"),
        ({"left": b"\0" * 600}, {}, 400, "reader.unreadable"),
        ({"left": b"<VOTABLE><RESOURCE><TABLE>"}, {}, 400, "votable.malformed"),
        ({"left": b"SIMPLE  =                    T"}, {}, 400, "reader.unreadable"),
        ({"left": b"PAR1 no parquet"}, {}, 400, "reader.unreadable"),
        ({"left": b"a,b\n1,2\n"}, {}, 400, "match.no_position"),
        ({"left": b"ra,dec\nx,2\n"}, {}, 400, "match.number"),
        ({"left": b"ra,dec\n1,2\n"}, {"radius": -1}, 400, "api.body"),
        ({"left": b"ra,dec\n1,2\n"}, {"format": "nothing"}, 400, "format.unknown"),
        ({"left": b"ra,dec\n1,2\n"}, {"right": {"table": "sky_dr1.none"}}, 404, "table.unknown"),
    ],
)
def test_what_is_refused(
    address: str, files: dict[str, bytes], more: dict[str, Any], status: int, code: str
) -> None:
    reply = send(address, files, **({"right": {"table": SKY}, "radius": 1} | more))
    assert (reply.status, reply.json["error"]["code"]) == (status, code), reply.body


def test_errors_of_positions(address: str) -> None:
    """The star is 1.8 arcsec away: within 3 sigmas of 0.7, not of 0.5."""
    asked = {"left": {"errors": {"sigma": "e"}}, "right": {"table": SKY, "columns": ["source_id"]}, "radius": 60}
    sent = {"left": b"e,ra,dec\n0.5,10,20.0005\n0.7,10,20.0005\n,10,20.0005\n"}
    lines = send(address, sent, **asked, format="csv").text.splitlines()
    assert [line.split(",")[0] for line in lines] == ["e", "0.7"]
    assert len(send(address, sent, **asked, sigmas=4, format="csv").text.splitlines()) == 3
    wrong = asked | {"left": {"errors": {"major": "e"}}}
    assert send(address, sent, **wrong).json["error"]["code"] == "match.errors"
