"""``/healthz``, ``/readyz``, ``/metrics`` and ``/robots.txt``."""

from __future__ import annotations

import logging
import os
import threading
from ipaddress import ip_address
from pathlib import Path

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from tianku.http.context import Context, context_of, principal_of
from tianku.http.errors import guarded, text_error
from tianku.model.errors import AuthError
from tianku.state import repositories
from tianku.state.repositories import JOB_PHASES

log = logging.getLogger(__name__)

_NO_STORE = {"cache-control": "no-store"}
_SERVICES = "Disallow: /vo/\nDisallow: /api/\nDisallow: /download/\nDisallow: /account\n"
#: `wget -r` keeps to this file: the tree of files is for it, and for no crawler
_ROBOTS = f"User-agent: wget\n{_SERVICES}\nUser-agent: *\n{_SERVICES}Disallow: /sas/\n"


async def healthz(request: Request) -> Response:
    """The process answers."""
    return PlainTextResponse("ok\n", headers=_NO_STORE)


async def readyz(request: Request) -> Response:
    """The process takes new work: 503 once it is shutting down."""
    if context_of(request).gate.closed:
        return PlainTextResponse("stopping\n", 503, _NO_STORE | {"retry-after": "30"})
    return PlainTextResponse("ready\n", headers=_NO_STORE)


async def robots(request: Request) -> Response:
    """Services and files are not for crawlers."""
    return PlainTextResponse(_ROBOTS)


async def metrics(request: Request) -> Response:
    """Prometheus text format 0.0.4, of this server process; for this machine and for operators.

    What is published to nobody moves these numbers too, so they are not for everybody.
    """
    context = context_of(request)
    principal = None if _local(request) else await principal_of(request)
    if principal is not None and not principal.operator:
        raise AuthError(
            "metrics.closed",
            "Metrics are for operators and for this machine itself.",
            login=principal.anonymous,
        )
    numbers = await context.pools.files.run(lambda: collect(context))
    pid = os.getpid()
    lines = []
    for name, (kind, text, value) in numbers.items():
        lines += [f"# HELP tianku_{name} {text}", f"# TYPE tianku_{name} {kind}"]
        lines.append(f'tianku_{name}{{pid="{pid}"}} {value}')
    lines += ["# HELP tianku_pool_pending calls running or waiting", "# TYPE tianku_pool_pending gauge"]
    pending = {p.name: p.pending for p in context.pools.all()}
    lines += [f'tianku_pool_pending{{pid="{pid}",pool="{name}"}} {n}' for name, n in pending.items()]
    lines += ["# HELP tianku_jobs jobs of the installation", "# TYPE tianku_jobs gauge"]
    counts = await context.pools.state.run(_job_counts)
    lines += [f'tianku_jobs{{phase="{phase}"}} {n}' for phase, n in counts.items()]
    return PlainTextResponse("\n".join(lines) + "\n", headers=_NO_STORE, media_type="text/plain; version=0.0.4")


def _job_counts() -> dict[str, int]:
    """Return the number of jobs in each phase; nothing when the state database is away, which metrics survive."""
    try:
        with repositories.session():
            counts = repositories.job_counts()
    except Exception:  # whatever keeps jobs from being counted must not take the other metrics away
        log.exception("jobs cannot be counted")
        return {}
    return {phase: counts.get(phase, 0) for phase in JOB_PHASES}


def _local(request: Request) -> bool:
    """Whether the peer is this machine, and not a proxy on it that speaks for others."""
    forwarded = any(name in request.headers for name in ("forwarded", "x-forwarded-for", "x-forwarded-host"))
    client = request.client
    return not forwarded and client is not None and ip_address(client.host).is_loopback


def collect(context: Context) -> dict[str, tuple[str, str, int]]:
    """Return name -> (type, help, value)."""
    centre, gauges = context.centre, context.gauges
    return {
        "streams_open": ("gauge", "answers being made or sent", gauges.open),
        "streams_broken_total": ("counter", "answers that failed after their head was sent", gauges.broken),
        "streams_abandoned_total": ("counter", "answers whose client left", gauges.abandoned),
        "cursors": ("gauge", "queries of the short lane that hold a cursor", centre.short.active()),
        "child_queries": ("gauge", "queries that run in a child", centre.long.active()),
        "children": ("gauge", "query children alive, warm ones among them", centre.long.children()),
        "temporary_files": ("gauge", "files in the temporary folder", temporary_files(centre.data_root / "tmp")),
        "open_files": ("gauge", "file descriptors open", _descriptors()),
        "threads": ("gauge", "threads alive", threading.active_count()),
        "generation": ("gauge", "generation that is served", centre.picture().generation),
    }


def temporary_files(folder: Path) -> int:
    """Return the number of files below `folder`."""
    return sum(len(files) for _, _, files in os.walk(folder))


def _descriptors() -> int:
    for folder in ("/proc/self/fd", "/dev/fd"):
        if Path(folder).is_dir():
            return sum(1 for _ in Path(folder).iterdir())
    return 0


def routes() -> list[Route]:
    """Return the routes of operations."""
    return [
        Route("/healthz", healthz),
        Route("/readyz", readyz),
        Route("/metrics", guarded(text_error)(metrics)),
        Route("/robots.txt", robots),
    ]
