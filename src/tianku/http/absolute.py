"""The address callers know this installation by."""

from __future__ import annotations

import re
from ipaddress import ip_address, ip_network

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


def client_address(request: Request, site: SiteConfig) -> str:
    """Return the network address of who asks, as far as it can be believed; of IPv6 the network.

    ``X-Forwarded-For`` counts only from the addresses named in ``trusted_proxies``, its last
    entry that is not one of them.
    """
    peer = request.scope.get("client")
    hops = [peer[0]] if peer is not None else []
    if hops and hops[0] in site.trusted_proxies:
        hops = [hop.strip() for hop in request.headers.get("x-forwarded-for", "").split(",")] + hops
    host = next((hop for hop in reversed(hops) if hop not in site.trusted_proxies), "")
    try:
        address = ip_address(host)
    except ValueError:
        return host[:80]
    return str(address) if address.version == 4 else str(ip_network((address, 64), strict=False))


def absolute(request: Request, site: SiteConfig, path: str) -> str:
    """Return the absolute address of `path`; addresses that are absolute already stay."""
    return path if re.match(r"[a-z][a-z0-9+.-]*://", path) else base_url(request, site) + path


def _first(header: str | None) -> str:
    return (header or "").partition(",")[0].strip()
