"""Who asks: one answer for every route, from a session cookie, a token, or nothing.

A request without credentials is anonymous without a look at the state database.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from urllib.parse import urlsplit

from django.http import parse_cookie

from tianku.model.access import ANONYMOUS, Principal
from tianku.model.errors import AuthError, CredentialsError
from tianku.state import repositories as state

SESSION_COOKIE = state.SESSION_COOKIE
CSRF_HEADER = "x-csrf-token"
#: Sent with 401: how to authenticate (RFC 9110 §11.6.1).
CHALLENGES = ('Bearer realm="tianku"', 'Basic realm="tianku", charset="UTF-8"')

_SAFE = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
#: User names that may stand beside a token in HTTP Basic, other than its owner's.
_TOKEN_USERS = frozenset({"", "token", "x-token"})
_DEFAULT_PORTS = {"http": 80, "https": 443}


def has_credentials(headers: Mapping[str, str], token: str | None = None) -> bool:
    """Whether `identify` may need the state database; `headers` has lower-case names."""
    return bool(token) or "authorization" in headers or SESSION_COOKIE in headers.get("cookie", "")


def identify(
    headers: Mapping[str, str],
    method: str = "GET",
    *,
    token: str | None = None,
    csrf: bool = False,
    origins: frozenset[str] = frozenset(),
) -> Principal:
    """Return who sends a request. Blocking: call it in a thread, inside `state.session()`.

    Parameters
    ----------
    headers
        Request headers with lower-case names.
    method
        HTTP method. A cookie counts on an unsafe one only when the request comes from a page
        of ours: its Origin (or Referer) is the Host, or one of `origins`.
    token
        A token given as a parameter (the LAMOST family's ``token=``).
    csrf
        Also require the session's CSRF token in ``X-CSRF-Token`` (routes under ``/api``;
        Django checks its own forms).
    origins
        Further hosts (``host[:port]``) that are this site, e.g. behind a proxy.

    Raises
    ------
    CredentialsError
        ``identity.credentials``: a token or scheme that is not valid.
    AuthError
        ``identity.csrf``: an unsafe request of a session without its CSRF token.
    """
    if not has_credentials(headers, token):
        return ANONYMOUS
    with state.session():
        if "authorization" in headers:
            return _from_authorization(headers["authorization"])
        if token:
            return _known(state.principal_for_token(token, "bearer"))
        return _from_cookie(headers, method.upper(), csrf, origins)


def _from_authorization(value: str) -> Principal:
    scheme, _, rest = value.strip().partition(" ")
    if scheme.lower() == "bearer":
        return _known(state.principal_for_token(rest.strip(), "bearer"))
    if scheme.lower() == "basic":
        return _from_basic(rest.strip())
    raise CredentialsError(
        "identity.scheme",
        "the Authorization scheme {scheme} is not one of Bearer (a token) and Basic (a token as the password)",
        scheme=scheme[:20],
        login=True,
    )


def _from_basic(encoded: str) -> Principal:
    try:
        name, _, secret = base64.b64decode(encoded, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        raise _wrong() from None
    principal = _known(state.principal_for_token(secret, "basic"))
    if name not in _TOKEN_USERS and name != principal.user:
        raise _wrong()
    return principal


def _known(principal: Principal | None) -> Principal:
    if principal is None:
        raise _wrong()
    return principal


def _wrong() -> CredentialsError:
    return CredentialsError(
        "identity.credentials",
        "the token is unknown, expired or revoked; make one on the account page, and send it as"
        " `Authorization: Bearer <token>` or as the password of HTTP Basic",
        login=True,
    )


def _from_cookie(headers: Mapping[str, str], method: str, csrf: bool, origins: frozenset[str]) -> Principal:
    key = session_key(headers)
    if key is None or (method not in _SAFE and not _same_origin(headers, origins)):
        return ANONYMOUS
    principal = state.principal_for_session(key)
    if principal is None:
        return ANONYMOUS
    if csrf and method not in _SAFE and not state.csrf_token_matches(key, headers.get(CSRF_HEADER, "")):
        raise AuthError(
            "identity.csrf",
            "a session's {method} request needs the header X-CSRF-Token that its pages carry;"
            " programs use a token instead",
            method=method,
            login=False,
        )
    return principal


def session_key(headers: Mapping[str, str]) -> str | None:
    """Return the value of the session cookie, if the request has one."""
    return parse_cookie(headers.get("cookie", "")).get(SESSION_COOKIE) or None


def _same_origin(headers: Mapping[str, str], origins: frozenset[str]) -> bool:
    source = headers.get("origin") or headers.get("referer")
    host = headers.get("host")
    if not source or not host:
        return False
    parts = urlsplit(source)
    if parts.scheme not in _DEFAULT_PORTS or not parts.netloc:
        return False
    asked = _host_port(parts.netloc, parts.scheme)
    return asked in {_host_port(name, parts.scheme) for name in (host, *origins)}


def _host_port(netloc: str, scheme: str) -> tuple[str, int]:
    parts = urlsplit(f"//{netloc}")
    try:
        return (parts.hostname or "", parts.port or _DEFAULT_PORTS[scheme])
    except ValueError:
        return ("", 0)
