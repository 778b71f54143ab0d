"""Plain HTTP for tests: no client library between the test and the bytes."""

from __future__ import annotations

import http.client
import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode, urlsplit


@dataclass(frozen=True)
class Reply:
    """A whole answer."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()

    @property
    def json(self) -> Any:
        return json.loads(self.body)


def fetch(
    base: str,
    path: str,
    method: str = "GET",
    params: dict[str, Any] | list[tuple[str, Any]] | None = None,
    headers: dict[str, str] | None = None,
    body: bytes | None = None,
) -> Reply:
    """Send one request; `params` go into the query string of GET and the form of POST."""
    given = dict(headers or {})
    if params is not None and method == "POST":
        body = urlencode(params).encode()
        given.setdefault("Content-Type", "application/x-www-form-urlencoded")
    elif params is not None:
        path = f"{path}?{urlencode(params, quote_via=quote)}"
    connection = http.client.HTTPConnection(urlsplit(base).netloc, timeout=30)
    try:
        connection.request(method, path, body, given)
        reply = connection.getresponse()
        return Reply(reply.status, {k.lower(): v for k, v in reply.getheaders()}, reply.read())
    finally:
        connection.close()
