"""What every page request passes through."""

from __future__ import annotations

from collections.abc import Callable

from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.http import Http404, HttpRequest, HttpResponse
from django.http.multipartparser import MultiPartParserError
from django.utils import translation

from tianku.pages import errors, language

Next = Callable[[HttpRequest], HttpResponse]

_SITE = (
    "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; object-src 'none';"
    " base-uri 'self'; form-action 'self'; frame-ancestors 'self'"
)
#: The editor's own pages carry inline scripts.
_EDITOR = _SITE + "; script-src 'self' 'unsafe-inline'"
_EDITOR_PATH = "/admin/cms/"


class ContentSecurityPolicy:
    """Scripts come from this site's files only; nothing is loaded from elsewhere."""

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Add the header."""
        response = self.get_response(request)
        policy = _EDITOR if request.path.startswith(_EDITOR_PATH) else _SITE
        response.headers.setdefault("Content-Security-Policy", policy)
        return response


class NotForCaches:
    """Pages that say nothing about caches, such as those of accounts, are kept by none."""

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Add the header."""
        response = self.get_response(request)
        response.headers.setdefault("Cache-Control", "private, no-store")
        return response


class LanguageOfPath:
    """Activates the language that the address names."""

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Run the request in its language and say which it was."""
        code = language.of_path(request.path_info)
        request.LANGUAGE_CODE = code
        with translation.override(code):
            response = self.get_response(request)
        response.headers.setdefault("Content-Language", code)
        return response


class ErrorPages:
    """Turns our errors into pages, and unexpected ones into incidents."""

    #: Django has pages for these (see `tianku.pages.urls`).
    _DJANGO = (Http404, PermissionDenied, SuspiciousOperation, MultiPartParserError)

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Pass the request on."""
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """Render what a view raised."""
        return None if isinstance(error, self._DJANGO) else errors.render_error(request, error)
