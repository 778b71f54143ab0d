"""Rendering a page, with the caching that its contents allow."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.cache import patch_vary_headers

from tianku.pages.site import principal_of


def page(request: HttpRequest, template: str, context: Mapping[str, Any], status: int = 200) -> HttpResponse:
    """Render `template`; what a principal sees is never stored by caches on the way."""
    response = render(request, template, dict(context), status=status)
    # Release dates open at an instant: even public pages are asked for anew.
    response["Cache-Control"] = "no-cache" if principal_of(request).anonymous else "private, no-store"
    patch_vary_headers(response, ["Authorization", "Cookie"])
    return response
