"""``tianku serve``: one or more server processes over one socket."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import signal
import socket
import threading
from pathlib import Path

import uvicorn

from tianku.usecases.centre import Centre
from tianku.usecases.installation import connect
from tianku.web.app import Application, create_app
from tianku.web.workers import supervise

#: seconds that streams get to end once the server stops
STREAM_SECONDS = 30
#: seconds between the first 503 of /readyz and the refusal of connections
NOTICE_SECONDS = 0.5


class DrainingServer(uvicorn.Server):
    """Stops in order: not ready, no new queries, streams end or are interrupted, the centre closes."""

    def __init__(self, config: uvicorn.Config, application: Application) -> None:
        super().__init__(config)
        self._application = application

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Close the gate, give notice, then stop as uvicorn does."""
        self._application.context.gate.close()
        await asyncio.sleep(NOTICE_SECONDS)
        await super().shutdown(sockets)


def serve(root: Path, host: str = "127.0.0.1", port: int = 8000, workers: int = 1) -> None:
    """Serve the installation in `root` until a signal ends it."""
    listener = listen(host, port)
    if workers == 1:
        run_worker(root, listener, 1)
    else:
        supervise(run_worker, root, listener, workers)


def listen(host: str, port: int) -> socket.socket:
    """Return a listening socket; port 0 takes a free one."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.create_server((host, port), family=family, backlog=2048, reuse_port=False)
    listener.set_inheritable(True)
    return listener


def run_worker(root: Path, listener: socket.socket, workers: int) -> None:
    """Run one of `workers` server processes on `listener`; blocks until it is told to stop."""
    _end_with_parent()
    application = build(root, workers)
    server = DrainingServer(server_config(application), application)
    server.run(sockets=[listener])


def _end_with_parent() -> None:
    """Stop when the supervisor is gone, however it went."""
    parent = multiprocessing.parent_process()
    if parent is None:
        return

    def watch() -> None:
        parent.join()
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watch, name="tianku-parent", daemon=True).start()


def build(root: Path, workers: int) -> Application:
    """Set the process up for the web and open the installation."""
    connect(root, profile="web")
    # Django's models can be imported only now
    from tianku.pages.source import CentreSource
    from tianku.pages.wsgi import application_for

    centre = Centre.open(root, workers)
    return create_app(centre, pages=application_for(CentreSource(centre)))


def server_config(application: Application) -> uvicorn.Config:
    """Return how uvicorn serves: own proxy rules, no banner, bounded keep-alive."""
    return uvicorn.Config(
        application,
        http="httptools",
        loop="uvloop",
        ws="none",
        lifespan="on",
        proxy_headers=False,
        server_header=False,
        access_log=False,
        log_level="info",
        timeout_keep_alive=20,
        timeout_graceful_shutdown=STREAM_SECONDS,
    )
