"""``tianku serve``: one or more server processes over one socket."""

from __future__ import annotations

import multiprocessing
import os
import signal
import socket
import sys
import threading
from contextlib import nullcontext
from pathlib import Path

from tianku.storage.handles import raise_open_files
from tianku.usecases.centre import Centre
from tianku.usecases.installation import connect
from tianku.web.app import Application, create_app
from tianku.web.draining import DrainingServer, listen, server_config
from tianku.web.embedded import embedded_worker
from tianku.web.workers import supervise


def serve(root: Path, host: str = "127.0.0.1", port: int = 8000, workers: int = 1, *, jobs: bool = True) -> None:
    """Serve the installation in `root` until a signal ends it; do its `jobs` too."""
    listener = listen(host, port)
    address = f"http://{f'[{host}]' if ':' in host else host}:{listener.getsockname()[1]}/"
    sys.stderr.write(f"Tianku serves {root} at {address} with {workers} process(es)\n")
    with embedded_worker(root) if jobs else nullcontext():
        if workers == 1:
            run_worker(root, listener, 1)
        else:
            supervise(run_worker, root, listener, workers)


def run_worker(root: Path, listener: socket.socket, workers: int) -> None:
    """Run one of `workers` server processes on `listener`; blocks until it is told to stop."""
    _end_with_parent()
    raise_open_files()
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
