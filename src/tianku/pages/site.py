"""Where views get the published picture and the one who asks."""

from __future__ import annotations

from typing import cast

from django.http import HttpRequest

from tianku.http.identity import has_credentials, identify
from tianku.model.access import ANONYMOUS, Principal
from tianku.model.errors import FatalError
from tianku.pages.ports.source import Source

_installed: list[Source] = []


def install(source: Source) -> None:
    """Make `source` what the pages of this process show."""
    _installed[:] = [source]


def source() -> Source:
    """Return what the pages show."""
    if not _installed:
        raise FatalError("pages.no_source", "pages were asked for before `application_for` was called")
    return _installed[0]


def principal_of(request: HttpRequest) -> Principal:
    """Return who asks, looked up once per request; anonymous requests touch no database."""
    known = getattr(request, "_principal", None)
    if known is None:
        headers = {name.lower(): value for name, value in request.headers.items()}
        known = identify(headers, str(request.method)) if has_credentials(headers) else ANONYMOUS
        request._principal = known
    return cast(Principal, known)
