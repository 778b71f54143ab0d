"""Datasets and their tables."""

from __future__ import annotations

from itertools import groupby

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from tianku.pages import snippets
from tianku.pages.site import principal_of, source
from tianku.pages.views.pages import page


@require_safe
def datasets(request: HttpRequest) -> HttpResponse:
    """All datasets, by collection."""
    cards = source().datasets(principal_of(request))
    by_collection = {name: list(members) for name, members in groupby(cards, key=lambda card: card.collection)}
    groups = [(members[0].collection_title, members) for members in by_collection.values()]
    return page(request, "tianku/datasets.html", {"groups": groups})


@require_safe
def dataset(request: HttpRequest, dataset: str) -> HttpResponse:
    """The landing page of one dataset."""
    view = source().dataset(principal_of(request), dataset)
    base = request.build_absolute_uri("/").rstrip("/")
    context = {"view": view, "card": view.card, "snippets": snippets.for_dataset(view, base)}
    return page(request, "tianku/dataset.html", context)


@require_safe
def table(request: HttpRequest, dataset: str, table: str) -> HttpResponse:
    """A table: columns, coverage, services."""
    view = source().table(principal_of(request), dataset, table)
    base = request.build_absolute_uri("/").rstrip("/")
    context = {
        "view": view,
        "card": view.card,
        "snippets": snippets.for_table(view, base),
        "example": snippets.example_query(view.meta),
    }
    return page(request, "tianku/table.html", context)
