"""Files: ranges, validators, headers, against what RFC 9110 says."""

from __future__ import annotations

import asyncio
import hashlib
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tests.support.asgi import Answer, call
from tianku.http.context import Context
from tianku.http.files import modified_of, send_file
from tianku.http.pools import Pools
from tianku.usecases.products import FileToSend

CONTENT = bytes(range(256)) * 20


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> FileToSend:
    path = tmp_path_factory.mktemp("files") / "谱 a.fits"
    path.write_bytes(CONTENT)
    checksum = hashlib.sha256(CONTENT).hexdigest()
    return FileToSend(path, len(CONTENT), 1_600_000_000.5, checksum, "application/fits", path.name)


def fetch(file: FileToSend, method: str = "GET", **headers: str) -> Answer:
    async def endpoint(request: Request) -> Response:
        return await send_file(request, file)

    async def main() -> Answer:
        app = Starlette(routes=[Route("/f", endpoint, methods=["GET"])])
        centre: Any = SimpleNamespace()
        app.state.context = Context(centre, Pools(2))
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        answer = await call(app, method, "/f", headers=given)
        app.state.context.pools.close()
        return answer

    return asyncio.run(main())


def test_the_whole_file_with_headers_that_keep_it_a_file(file: FileToSend) -> None:
    answer = fetch(file)
    assert answer.status == 200 and bytes(answer.body) == CONTENT
    assert answer.headers["content-length"] == str(len(CONTENT))
    assert answer.headers["etag"] == f'"{file.sha256}"'
    assert answer.headers["content-disposition"].startswith(
        "attachment; filename=\"__a.fits\"; filename*=UTF-8''%E8"
    )
    assert "sandbox" in answer.headers["content-security-policy"]
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cache-control"] == "public, no-cache"


@given(st.integers(0, len(CONTENT) - 1), st.integers(0, 2 * len(CONTENT)))
def test_any_range_is_that_slice(file: FileToSend, first: int, length: int) -> None:
    answer = fetch(file, range=f"bytes={first}-{first + length}")
    last = min(first + length, len(CONTENT) - 1)
    assert answer.status == 206 and bytes(answer.body) == CONTENT[first : last + 1]
    assert answer.headers["content-range"] == f"bytes {first}-{last}/{len(CONTENT)}"


@pytest.mark.parametrize(
    ("text", "status", "length"),
    [
        ("bytes=100-", 206, len(CONTENT) - 100),
        ("bytes=-10", 206, 10),
        (f"bytes=-{10 * len(CONTENT)}", 206, len(CONTENT)),
        (f"bytes={len(CONTENT)}-", 416, 0),
        ("bytes=-0", 416, 0),
        ("bytes=5-3", 416, 0),
        ("bytes=-", 200, len(CONTENT)),
        ("bytes=0-1,5-6", 200, len(CONTENT)),
        ("lines=0-1", 200, len(CONTENT)),
        ("bytes=" + "9" * 5000 + "-", 200, len(CONTENT)),
    ],
)
def test_edges_of_ranges(file: FileToSend, text: str, status: int, length: int) -> None:
    answer = fetch(file, range=text)
    assert (answer.status, len(answer.body)) == (status, length)
    if status == 416:
        assert answer.headers["content-range"] == f"bytes */{len(CONTENT)}"


def test_if_range_decides_between_part_and_whole(file: FileToSend) -> None:
    assert fetch(file, range="bytes=0-9", if_range=f'"{file.sha256}"').status == 206
    assert fetch(file, range="bytes=0-9", if_range=modified_of(file)).status == 206
    assert fetch(file, range="bytes=0-9", if_range='"other"').status == 200


def test_validators_spare_the_body(file: FileToSend) -> None:
    assert fetch(file, if_none_match=f'"x", W/"{file.sha256}"').status == 304
    assert fetch(file, if_none_match='"x"', if_modified_since=modified_of(file)).status == 200
    assert fetch(file, if_modified_since=modified_of(file)).status == 304
    assert fetch(file, if_modified_since="Sun, 06 Nov 1994 08:49:37 GMT").status == 200
    assert fetch(file, if_modified_since="yesterday").status == 200


def test_head_has_the_headers_of_get(file: FileToSend) -> None:
    whole, head = fetch(file), fetch(file, "HEAD")
    assert not head.body and head.headers == whole.headers
    part = fetch(file, "HEAD", range="bytes=0-9")
    assert part.status == 206 and part.headers["content-length"] == "10"


def test_a_file_that_shrank_breaks_the_connection(file: FileToSend, tmp_path: Path) -> None:
    path = tmp_path / "short"
    path.write_bytes(b"x" * (3 << 20))
    claimed = FileToSend(path, 9 << 20, 0.0, "0", "application/fits", "short")
    with pytest.raises(Exception, match="shorter"):
        fetch(claimed)


def test_a_closed_file_is_not_kept_by_caches(file: FileToSend) -> None:
    closed = FileToSend(
        file.path, file.size, file.mtime, file.sha256, file.media_type, file.filename, public=False
    )
    answer = fetch(closed)
    assert answer.headers["cache-control"] == "private, no-store" and "Cookie" in answer.headers["vary"]
