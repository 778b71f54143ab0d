"""Error pages."""

from __future__ import annotations

import logging
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from tianku.http.identity import CHALLENGES
from tianku.model.errors import AuthError, FatalError, TiankuError, TransientError
from tianku.pages.context import frame
from tianku.pages.messages import error_text

log = logging.getLogger(__name__)


def render_error(request: HttpRequest, error: Exception) -> HttpResponse:
    """Return the page of an error; an unexpected one becomes an incident in the log."""
    known = error if isinstance(error, TiankuError) else FatalError("internal", "unexpected error")
    if isinstance(known, FatalError):
        log.error("incident %s at %s", known.incident, request.path, exc_info=error)
    login = isinstance(known, AuthError) and bool(known.params.get("login"))
    status = 401 if login else known.status
    response = _page(request, status, error_text(known, get_language() or "en"), offer_login=login)
    if status == 401:
        response["WWW-Authenticate"] = CHALLENGES[0]
    if isinstance(known, TransientError):
        response["Retry-After"] = str(known.retry_after)
    return response


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """400: a request that Django refuses."""
    return _page(request, 400, _("The request cannot be understood."))


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """403: a page for others."""
    return _page(request, 403, _("Your account may not see this page."))


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """403: a form that was not ours, or too old."""
    return _page(request, 403, _("The form has expired, or cookies are blocked. Load the page again and repeat."))


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """404: no such page."""
    return _page(request, 404, _("There is no page at this address."))


def server_error(request: HttpRequest) -> HttpResponse:
    """500: outside any view."""
    return _page(request, 500, _("Something went wrong on our side. Please try again later."))


def _page(request: HttpRequest, status: int, text: str, **more: Any) -> HttpResponse:
    titles = {
        400: _("Bad request"),
        401: _("Log in to see this"),
        403: _("Closed to you"),
        404: _("Not found"),
        413: _("Too large"),
        503: _("Try again shortly"),
    }
    title = titles.get(status, _("Something went wrong") if status >= 500 else titles[400])
    # the frame too: errors in the editor are shown as our pages
    shown = {"error_status": status, "error_title": title, "error_message": text, **frame(request), **more}
    response = render(request, "tianku/error.html", shown, status=status)
    response["Cache-Control"] = "private, no-store"
    response["Vary"] = "Cookie, Authorization"
    return response
