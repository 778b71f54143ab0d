"""A tiny web server for the front end alone: bundles, shells of pages, and answers that a test gives it."""

from __future__ import annotations

import json
import mimetypes
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

Answer = tuple[int, str, bytes]
POLICY = "default-src 'self'; img-src 'self' data: blob:"


def as_json(value: Any, status: int = 200) -> Answer:
    """A JSON answer."""
    return status, "application/json", json.dumps(value).encode()


@dataclass
class Site:
    """What is served: `routes` by path; a callable gets the request's body."""

    static: Path
    routes: dict[str, Answer | Callable[[bytes], Answer]] = field(default_factory=dict)
    requests: list[tuple[str, bytes]] = field(default_factory=list)
    base: str = ""

    def page(self, path: str, body: str, *, script: str, styles: tuple[str, ...] = (), lang: str = "en") -> str:
        """Serve a shell at `path` around `body`, with the bundles named; return its address."""
        names = json.loads((self.static / "manifest.json").read_text())
        links = "".join(f'<link rel="stylesheet" href="/static/{names[name]}">' for name in ("site.css", *styles))
        scripts = "".join(
            f'<script type="module" src="/static/{names[name]}"></script>' for name in ("site.js", script)
        )
        head = f'<meta charset="utf-8"><meta name="viewport" content="width=device-width">{links}<title>t</title>'
        html = f'<!doctype html><html lang="{lang}"><head>{head}</head><body>{body}{scripts}</body></html>'
        self.routes[path] = (200, "text/html; charset=utf-8", html.encode())
        return self.base + path

    def answer(self, path: str, body: bytes) -> Answer:
        self.requests.append((path, body))
        if path.startswith("/static/"):
            file = self.static / path.removeprefix("/static/")
            kind = mimetypes.guess_type(file.name)[0] or "application/octet-stream"
            return (200, kind, file.read_bytes()) if file.is_file() else (404, "text/plain", b"no such file")
        if path == "/favicon.ico":
            return 204, "image/x-icon", b""
        found = self.routes.get(path, (404, "text/plain", b"no such page"))
        return found(body) if callable(found) else found


def _handler(site: Site) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def _serve(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            status, kind, content = site.answer(self.path.partition("?")[0], body)
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(content)))
            self.send_header("Content-Security-Policy", POLICY)
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = _serve  # noqa: N815 - names the base class asks for

        def log_message(self, *_: Any) -> None:
            """Keep the test's output quiet."""

    return Handler


@contextmanager
def serving(static: Path) -> Iterator[Site]:
    """Serve `static` and a site's routes on a free port of this machine."""
    site = Site(static)
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(site))
    site.base = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield site
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
