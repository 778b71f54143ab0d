"""The whole application on a real socket, in a thread of the test."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from wsgiref.types import WSGIApplication

import uvicorn

from tianku.web.app import Application, create_app
from tianku.web.draining import listen, server_config


@contextmanager
def serving(centre: Any, pages: WSGIApplication | None = None) -> Iterator[tuple[str, Application]]:
    """Serve `centre` on a free port; give its address and the application."""
    listener = listen("127.0.0.1", 0)
    application = create_app(centre, pages=pages, cores=2)
    server = uvicorn.Server(server_config(application, "warning"))
    thread = threading.Thread(target=server.run, args=([listener],), daemon=True)
    thread.start()
    deadline = time.monotonic() + 20
    while not server.started and time.monotonic() < deadline:
        time.sleep(0.01)
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}", application
    finally:
        server.should_exit = True
        thread.join(20)
        listener.close()
