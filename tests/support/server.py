"""The whole application on a real socket, in a thread of the test."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from wsgiref.types import WSGIApplication

from tianku.web.app import Application, create_app
from tianku.web.draining import DrainingServer, listen, server_config


@dataclass
class Running:
    """A server in a thread."""

    address: str
    application: Application
    server: DrainingServer
    thread: threading.Thread

    def stop(self) -> None:
        """Ask it to stop, as a signal would."""
        self.server.should_exit = True

    def ended(self, seconds: float = 20) -> bool:
        """Whether it stops in time."""
        self.thread.join(seconds)
        return not self.thread.is_alive()


@contextmanager
def running(centre: Any, pages: WSGIApplication | None = None, stream_seconds: int = 10) -> Iterator[Running]:
    """Serve `centre` on a free port."""
    listener = listen("127.0.0.1", 0)
    application = create_app(centre, pages=pages, cores=2)
    config = server_config(application, log_level="critical", stream_seconds=stream_seconds)
    server = DrainingServer(config, application, notice=0.05)
    thread = threading.Thread(target=server.run, args=([listener],), daemon=True)
    address = f"http://127.0.0.1:{listener.getsockname()[1]}"
    thread.start()
    deadline = time.monotonic() + 20
    while not server.started and time.monotonic() < deadline:
        time.sleep(0.01)
    one = Running(address, application, server, thread)
    try:
        yield one
    finally:
        one.stop()
        one.ended()
        listener.close()


@contextmanager
def serving(centre: Any, pages: WSGIApplication | None = None) -> Iterator[tuple[str, Application]]:
    """Serve `centre` on a free port; give its address and the application."""
    with running(centre, pages) as one:
        yield one.address, one.application
