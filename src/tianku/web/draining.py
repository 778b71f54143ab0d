"""uvicorn as Tianku uses it: its settings, its socket and the order in which it stops."""

from __future__ import annotations

import asyncio
import socket

import uvicorn

from tianku.web.app import Application

#: seconds that streams get to end once the server stops
STREAM_SECONDS = 30
#: seconds between the first 503 of /readyz and the refusal of connections
NOTICE_SECONDS = 0.5


class DrainingServer(uvicorn.Server):
    """Stops in order: not ready, no new queries, streams end or are interrupted, the centre closes."""

    def __init__(self, config: uvicorn.Config, application: Application, notice: float = NOTICE_SECONDS) -> None:
        super().__init__(config)
        self._application, self._notice = application, notice

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Close the gate, give notice, then stop as uvicorn does."""
        self._application.context.gate.close()
        self._application.context.jobs.release()
        await asyncio.sleep(self._notice)
        await super().shutdown(sockets)


def listen(host: str, port: int) -> socket.socket:
    """Return a listening socket; port 0 takes a free one."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.create_server((host, port), family=family, backlog=2048, reuse_port=False)
    listener.set_inheritable(True)
    return listener


def server_config(
    application: Application, *, log_level: str = "info", stream_seconds: int = STREAM_SECONDS
) -> uvicorn.Config:
    """Return how uvicorn serves: own proxy rules, no versions told, bounded keep-alive."""
    return uvicorn.Config(
        application,
        http="httptools",
        loop="uvloop",
        ws="none",
        lifespan="on",
        proxy_headers=False,
        server_header=False,
        headers=[("server", "Tianku")],
        access_log=False,
        log_level=log_level,
        timeout_keep_alive=20,
        timeout_graceful_shutdown=stream_seconds,
    )
