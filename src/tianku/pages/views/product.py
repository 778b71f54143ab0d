"""Pages of single products."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from tianku.pages.site import principal_of, source
from tianku.pages.views.pages import page


@require_safe
def product(request: HttpRequest, dataset: str, product_set: str, key: str) -> HttpResponse:
    """Metadata, parts, files, and the viewer of a spectrum."""
    view = source().product(principal_of(request), dataset, product_set, key)
    return page(request, "tianku/product.html", {"view": view})
