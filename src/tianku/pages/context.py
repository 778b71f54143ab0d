"""What every template is given."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest

from tianku.http.identity import session_key
from tianku.model.access import ANONYMOUS
from tianku.model.errors import AuthError
from tianku.pages import language
from tianku.pages.site import principal_of, source
from tianku.state import repositories as state


def site(request: HttpRequest) -> dict[str, Any]:
    """Return what our pages show; the editor's own, made of many templates, show none of it."""
    return {} if request.path.startswith("/admin/") else frame(request)


def frame(request: HttpRequest) -> dict[str, Any]:
    """Return the installation, who asks, and the page's settings for scripts."""
    try:
        principal = principal_of(request)
    except AuthError:  # the page that says so is being rendered
        principal = ANONYMOUS
    return {
        # Not `site`: allauth and Wagtail use that name for their own.
        "installation": source().site(principal),
        "principal": principal,
        "signup_open": settings.TIANKU_SIGNUP,
        "language_code": language.short(),
        "html_lang": "zh-Hans" if language.is_chinese() else "en",
        "other_language_url": language.swapped(request.get_full_path()),
        "page_config": _page_config(request, principal.anonymous),
    }


def _page_config(request: HttpRequest, anonymous: bool) -> dict[str, Any]:
    config: dict[str, Any] = {"api": "/api/v1", "language": language.short()}
    key = session_key({"cookie": request.headers.get("Cookie", "")})
    if key and not anonymous:
        config["csrf"] = state.csrf_token(key)
    return config
