"""One archive, fetched from several server processes."""

from __future__ import annotations

import itertools
import json

from tests.acceptance.conftest import Site
from tests.support.archive import SPECTRA
from tests.support.web import fetch


def test_processes_serve_alternate_segments_of_one_archive(two_workers: Site) -> None:
    body = json.dumps({"set": f"{SPECTRA}/lrs"}).encode()
    made = fetch(two_workers.address, "/download", "POST", body=body)
    path, size = f"{made.headers['location']}.tar", made.json["tar_bytes"]
    workers = itertools.cycle(two_workers.served.workers)
    whole = [worker.get(path) for worker in two_workers.served.workers]
    assert whole[0].body == whole[1].body and len(whole[0].body) == size
    assert whole[0].headers["etag"] == whole[1].headers["etag"]
    pieces = [
        next(workers).get(path, {"Range": f"bytes={first}-{first + 99_999}", "If-Range": whole[0].headers["etag"]})
        for first in range(0, size, 100_000)
    ]
    assert {piece.status for piece in pieces} == {206}
    assert b"".join(piece.body for piece in pieces) == whole[0].body
