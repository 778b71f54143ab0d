"""The front page."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from tianku.pages.views.pages import page


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """Collections with live numbers, and where to begin."""
    return page(request, "tianku/home.html", {})
