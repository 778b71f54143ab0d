"""The front page."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from tianku.pages.site import principal_of, source
from tianku.pages.views.pages import page


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """Collections with live numbers, and where to begin."""
    principal = principal_of(request)
    newest = sorted(source().datasets(principal), key=lambda card: card.released or 0.0, reverse=True)
    return page(request, "tianku/home.html", {"newest": newest[:6]})
