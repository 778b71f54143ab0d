"""The address callers know this installation by."""

from __future__ import annotations

import re

from starlette.requests import Request

from tianku.model.config.site import SiteConfig
from tianku.model.errors import UsageError

_HOST = re.compile(r"[A-Za-z0-9._-]+(:\d{1,5})?|\[[0-9A-Fa-f:.]+\](:\d{1,5})?")


def base_url(request: Request, site: SiteConfig) -> str:
    """Return ``scheme://host[:port][/prefix]`` without a final slash.

    ``url`` of site.yaml wins. Otherwise the request's Host says it; ``X-Forwarded-Proto`` and
    ``-Host`` count only from the addresses named in ``trusted_proxies``.
    """
    if site.url is not None:
        return site.url.rstrip("/")
    scheme = request.scope.get("scheme", "http")
    host = request.headers.get("host", "")
    client = request.scope.get("client")
    if client is not None and client[0] in site.trusted_proxies:
        scheme = _first(request.headers.get("x-forwarded-proto")) or scheme
        host = _first(request.headers.get("x-forwarded-host")) or host
    if not _HOST.fullmatch(host) or scheme not in ("http", "https"):
        raise UsageError("http.bad_host", "The Host header {host} is not a host name.", host=host[:80])
    return f"{scheme}://{host}{request.scope.get('root_path', '')}".rstrip("/")


def absolute(request: Request, site: SiteConfig, path: str) -> str:
    """Return the absolute address of `path`; addresses that are absolute already stay."""
    return path if re.match(r"[a-z][a-z0-9+.-]*://", path) else base_url(request, site) + path


def _first(header: str | None) -> str:
    return (header or "").partition(",")[0].strip()
