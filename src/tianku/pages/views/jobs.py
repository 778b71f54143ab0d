"""Jobs: the list of one's own, and one job; what is done to them goes through the API."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.utils.translation import get_language
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from tianku.pages.messages import stated_text
from tianku.pages.site import principal_of, source
from tianku.pages.views.pages import page
from tianku.usecases.jobs import service
from tianku.usecases.jobs.first_rows import first_rows

MOST_SHOWN = 200


@never_cache
@require_safe
def jobs(request: HttpRequest) -> HttpResponse:
    """The jobs of whoever is logged in, the newest first."""
    return page(request, "tianku/jobs.html", {"jobs": service.mine(principal_of(request), last=MOST_SHOWN)})


@never_cache
@require_safe
def job(request: HttpRequest, job: str) -> HttpResponse:
    """One job: where it stands, what it was asked, what it gave."""
    found = service.visible(principal_of(request), job)
    error = stated_text(found.error, get_language() or "en") if found.error else ""
    context = {
        "job": found,
        "query": dict(found.parameters).get("QUERY", ""),
        "error": error,
        "first": first_rows(source().desk().data_root, found),
    }
    return page(request, "tianku/job.html", context)
