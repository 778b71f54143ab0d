"""Calls an ASGI application as a server would, with the client's part in the test's hands."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote


@dataclass
class Answer:
    """What the application sent."""

    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    body: bytearray = field(default_factory=bytearray)
    chunks: list[int] = field(default_factory=list)
    complete: bool = False

    @property
    def text(self) -> str:
        return self.body.decode()


def scope(
    method: str, target: str, headers: dict[str, str] | None = None, client: str = "127.0.0.1"
) -> dict[str, Any]:
    """Return an HTTP scope for `target` (path and query string)."""
    path, _, query = target.partition("?")
    given = {"host": "test"} | (headers or {})
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "path": path,
        "raw_path": quote(path).encode(),
        "query_string": query.encode(),
        "root_path": "",
        "scheme": "http",
        "headers": [(k.lower().encode(), v.encode()) for k, v in given.items()],
        "client": (client, 1234),
        "server": ("test", 80),
    }


@dataclass
class Client:
    """One request's client: what it sends, and when it leaves or reads."""

    pieces: list[bytes] = field(default_factory=list)
    leave: asyncio.Event = field(default_factory=asyncio.Event)
    reading: asyncio.Event = field(default_factory=asyncio.Event)
    answer: Answer = field(default_factory=Answer)
    stalled: bool = False

    def __post_init__(self) -> None:
        self.reading.set()
        self._sent = 0

    async def receive(self) -> dict[str, Any]:
        if self._sent < max(1, len(self.pieces)) and not self.stalled:
            body = self.pieces[self._sent] if self.pieces else b""
            self._sent += 1
            return {"type": "http.request", "body": body, "more_body": self._sent < len(self.pieces)}
        await self.leave.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: dict[str, Any]) -> None:
        await self.reading.wait()
        if message["type"] == "http.response.start":
            self.answer.status = message["status"]
            self.answer.headers = {k.decode().lower(): v.decode() for k, v in message["headers"]}
            return
        body = message.get("body", b"")
        self.answer.body += body
        self.answer.chunks.append(len(body))
        self.answer.complete = not message.get("more_body", False)


async def call(app: Any, method: str, target: str, **more: Any) -> Answer:
    """Send one request and return the whole answer; `body`, `headers` as given."""
    body: bytes | Iterable[bytes] = more.pop("body", b"")
    pieces = [body] if isinstance(body, bytes) else list(body)
    client = Client(pieces=pieces)
    await app(scope(method, target, **more), client.receive, client.send)
    return client.answer


def get(app: Any, target: str, **more: Any) -> Answer:
    """GET `target` in a loop of its own."""
    return asyncio.run(call(app, "GET", target, **more))
