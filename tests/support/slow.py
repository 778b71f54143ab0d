"""Clients that take their time: they read a little, wait, stall, or go."""

from __future__ import annotations

import http.client
import socket
from urllib.parse import quote, urlsplit


def tap(adql: str, form: str = "csv") -> str:
    """Return the path of a synchronous query."""
    return f"/vo/tap/sync?LANG=ADQL&FORMAT={quote(form)}&QUERY={quote(adql)}"


def connect(address: str) -> socket.socket:
    """Return a connection that takes little before its owner reads."""
    host, port = urlsplit(address).netloc.split(":")
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 16)
    connection.settimeout(30)
    connection.connect((host, int(port)))
    return connection


class SlowReader:
    """A client that reads an answer as slowly as it likes; leaving the block leaves the server."""

    def __init__(self, address: str, path: str, headers: dict[str, str] | None = None) -> None:
        self.connection = http.client.HTTPConnection(urlsplit(address).netloc)
        self.connection.sock = connect(address)
        self.connection.request("GET", path, headers=headers or {})
        self._reply: http.client.HTTPResponse | None = None

    def read(self, size: int | None = None) -> bytes:
        """Return the next `size` bytes, or all that follow; an answer that was cut raises."""
        if self._reply is None:
            self._reply = self.connection.getresponse()
            assert self._reply.status == 200, self._reply.read()
        return self._reply.read() if size is None else self._reply.read(size)

    def __enter__(self) -> SlowReader:
        return self

    def __exit__(self, *exc: object) -> None:
        if self._reply is not None:
            self._reply.close()
        self.connection.close()
