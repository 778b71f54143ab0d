"""Collections, datasets and their tables."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_safe

from tianku.model.access import Principal
from tianku.model.errors import NotFoundError
from tianku.pages import snippets
from tianku.pages.catalogue import facets, wanted_of
from tianku.pages.ports.datasets import DatasetView
from tianku.pages.site import principal_of, source
from tianku.pages.views.pages import page


@require_safe
def datasets(request: HttpRequest) -> HttpResponse:
    """The catalogue of data sets: those wanted, by collection, and facets to narrow it down."""
    wanted = wanted_of(request.GET)
    view = source().catalogue(principal_of(request), wanted)
    listed = facets(view.facets, wanted)
    chosen = [(facet, choice) for facet in listed for choice in facet.choices if choice.chosen]
    return page(
        request, "tianku/datasets.html", {"view": view, "wanted": wanted, "facets": listed, "chosen": chosen}
    )


@require_safe
def downloads(request: HttpRequest, dataset: str) -> HttpResponse:
    """Whole tables as files, and the folders of product files."""
    view = source().downloads(principal_of(request), dataset)
    return page(request, "tianku/downloads.html", {"view": view, "card": view.card})


@require_safe
def dataset(request: HttpRequest, dataset: str) -> HttpResponse:
    """The landing page of one dataset; of a collection or release where that is all the address names."""
    principal = principal_of(request)
    view = _dataset_or_none(principal, dataset)
    if view is None:
        return _collection(request, principal, dataset)
    base = request.build_absolute_uri("/").rstrip("/")
    context = {
        "view": view,
        "card": view.card,
        "snippets": snippets.for_dataset(view, base),
        "downloads": source().downloads(principal, dataset),
    }
    return page(request, "tianku/dataset.html", context)


def _dataset_or_none(principal: Principal, dataset: str) -> DatasetView | None:
    """Return the dataset, or None when a collection may be meant."""
    try:
        return source().dataset(principal, dataset)
    except NotFoundError:
        name, _, rest = dataset.partition("/")
        known = any(one.id == name for one in source().site(principal).collections)
        if not known or "/" in rest:
            raise
        return None


def _collection(request: HttpRequest, principal: Principal, name: str) -> HttpResponse:
    collection = source().collection(principal, name.partition("/")[0])
    if "/" not in name:
        return page(request, "tianku/collection.html", {"collection": collection})
    versions = [one.id for one in collection.datasets if one.id.startswith(f"{name}/")]
    if not versions:
        raise NotFoundError("dataset.unknown", "there is no dataset {dataset}", dataset=name)
    # A release stands for its current version, or the newest.
    return redirect("dataset", collection.current if collection.current in versions else versions[0])


@require_safe
def latest(request: HttpRequest, prefix: str, rest: str) -> HttpResponse:
    """Lead from ``/data/<collection>[/<release>]/latest/…`` to the newest version the asker may read."""
    dataset = source().latest(principal_of(request), prefix)
    target = request.get_full_path().replace(f"/{prefix}/latest/", f"/{dataset}/", 1)
    return redirect(target)


@require_safe
def table(request: HttpRequest, dataset: str, table: str) -> HttpResponse:
    """A table: columns, coverage, services."""
    view = source().table(principal_of(request), dataset, table)
    base = request.build_absolute_uri("/").rstrip("/")
    context = {
        "view": view,
        "card": view.card,
        "snippets": snippets.for_table(view, base),
        "example": snippets.example_query(view.meta, view.coverage_point),
    }
    return page(request, "tianku/table.html", context)
