"""The cross-match page: a form that starts a job."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import get_language
from django.views.decorators.http import require_http_methods

from tianku.model.errors import UsageError
from tianku.pages.match_form import FORMATS, asked_of, fields_of
from tianku.pages.messages import error_text, stated_text
from tianku.pages.site import principal_of, source
from tianku.pages.views.pages import page
from tianku.usecases.jobs import service
from tianku.usecases.match_job import submit


@require_http_methods(["GET", "HEAD", "POST"])
def match(request: HttpRequest) -> HttpResponse:
    """Two tables to be matched; what cannot be matched is said above the form, which keeps its fields."""
    if request.method == "POST":
        try:
            started = _start(request)
        except UsageError as error:
            return _form(request, error_text(error, get_language() or "en"), error.status)
        if isinstance(started, str):
            return _form(request, started, 400)
        return started
    return _form(request, "", 200)


def _start(request: HttpRequest) -> HttpResponse | str:
    """Start the job and lead to its page; or return why it cannot run."""
    asked, files = asked_of(request)
    desk = source().desk()
    base = desk.site.url or request.build_absolute_uri("/")
    address = request.headers.get("x-client-address", "")
    job = submit(desk, principal_of(request), address, asked, files, base.rstrip("/"))
    if job.error is not None:
        service.delete(desk.data_root, job)
        return stated_text(job.error, get_language() or "en")
    return HttpResponseRedirect(reverse("job", args=[job.id]))


def _form(request: HttpRequest, error: str, status: int) -> HttpResponse:
    cards = source().datasets(principal_of(request))
    tables = [table for card in cards for table in card.tables if table.access.rows]
    given = request.POST if request.method == "POST" else request.GET
    context = {"tables": tables, "fields": fields_of(given), "formats": FORMATS, "error": error}
    return page(request, "tianku/match.html", context, status=status)
