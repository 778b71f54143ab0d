"""What changed between two versions."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from tianku.pages.site import principal_of, source
from tianku.pages.views.pages import page
from tianku.pages.views.product import PAGE, page_number

#: formats that the list of changes is offered in
FORMS = ("csv", "votable", "fits", "parquet")
#: lines asked for by the links; the site's own limit holds
MOST = 10**9


@require_safe
def difference(request: HttpRequest, dataset: str, other: str) -> HttpResponse:
    """The tables of two versions; with ``?table=`` what changed in one of them, and which values."""
    table = request.GET.get("table") or None
    number = page_number(request.GET.get("page", "1"))
    view = source().difference(principal_of(request), dataset, other, table, (number - 1) * PAGE, PAGE)
    return page(request, "tianku/difference.html", {"view": view, "number": number, "forms": FORMS, "most": MOST})
