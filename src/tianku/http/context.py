"""What every route is given: the centre, the pools and the state of this process."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, cast
from urllib.parse import urlsplit

from starlette.requests import Request

from tianku.http.identity import CSRF_HEADER, has_credentials, identify
from tianku.http.pools import Pools
from tianku.http.stream import Gauges
from tianku.http.waiting import JobWatch
from tianku.model.access import ANONYMOUS, Principal
from tianku.model.config.site import SiteConfig
from tianku.model.errors import TransientError

if TYPE_CHECKING:
    from tianku.usecases.centre import Centre

#: bytes of a form or JSON body of a query; uploads have their own limit
FORM_BYTES = 4 << 20


@dataclass(slots=True)
class Gate:
    """Open while the server takes new work; closed once it is shutting down."""

    _closed: threading.Event = field(default_factory=threading.Event)

    @property
    def closed(self) -> bool:
        """True once the server is shutting down."""
        return self._closed.is_set()

    def close(self) -> None:
        """Refuse new work from now on."""
        self._closed.set()

    def check(self) -> None:
        """Raise `TransientError` ``http.stopping`` when closed."""
        if self.closed:
            raise TransientError(
                "http.stopping", "The server is restarting; try again in {seconds} s.", retry_after=30, seconds=30
            )


@dataclass(frozen=True, slots=True)
class Context:
    """Everything the routes of one application share."""

    centre: Centre
    pools: Pools
    gauges: Gauges = field(default_factory=Gauges)
    gate: Gate = field(default_factory=Gate)
    started: datetime = field(default_factory=lambda: datetime.now(UTC))
    jobs: JobWatch = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "jobs", JobWatch(self.pools))

    @property
    def site(self) -> SiteConfig:
        """The installation's configuration."""
        return self.centre.site


def context_of(request: Request) -> Context:
    """Return the context of the application that serves `request`."""
    return cast(Context, request.app.state.context)


async def principal_of(request: Request, form_token: str | None = None, *, token: str | None = None) -> Principal:
    """Return who asks; anonymous requests touch no thread and no database.

    `form_token` is the session's CSRF token as a form without scripts sends it: in a field, not in a header.
    `token` is a personal token given as a parameter.

    Raises
    ------
    CredentialsError, AuthError
        See `tianku.http.identity.identify`.
    """
    headers = dict(request.headers)
    if not has_credentials(headers, token):
        return ANONYMOUS
    if form_token is not None:
        headers.setdefault(CSRF_HEADER, form_token)
    context = context_of(request)
    public = urlsplit(context.site.url or "").netloc
    origins = frozenset({public}) if public else frozenset()
    csrf = request.url.path.startswith("/api/")
    return await context.pools.state.run(
        lambda: identify(headers, request.method, token=token, csrf=csrf, origins=origins)
    )
