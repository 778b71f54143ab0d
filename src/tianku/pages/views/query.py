"""Finding tables, the query form, and the SQL page: shells whose contents the API fills."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_safe

from tianku.pages import finding, plain_query
from tianku.pages.ports.datasets import TableView
from tianku.pages.site import principal_of, source
from tianku.pages.views.pages import page


@require_safe
def table_query(request: HttpRequest, dataset: str, table: str) -> HttpResponse:
    """The query form of one table; with ``run``, what its fields ask for (as browsers without scripts do)."""
    view = source().table(principal_of(request), dataset, table)
    if "run" in request.GET:
        return HttpResponseRedirect(plain_query.address(view.meta, request.GET))
    context = {
        "view": view,
        "card": view.card,
        "query_config": query_config(view),
        "plain_rows": range(plain_query.ROWS),
        "plain_operators": plain_query.OPERATORS,
        "plain_formats": ("text", "csv", "votable", "fits", "parquet", "json"),
    }
    return page(request, "tianku/query.html", context)


@require_safe
def search(request: HttpRequest) -> HttpResponse:
    """Tables and datasets by words, or tables with positions by a place on the sky."""
    words = request.GET.get("q", "").strip()[:200]
    cards = source().datasets(principal_of(request))
    place = finding.place(words)
    found = finding.tables_with_positions(cards) if place else finding.by_words(cards, words)
    context = {"words": words, "place": place, "found": found}
    return page(request, "tianku/search.html", context)


@require_safe
def sql(request: HttpRequest) -> HttpResponse:
    """The SQL editor over everything the principal may query."""
    cards = source().datasets(principal_of(request))
    tables = [table for card in cards for table in card.tables if table.access.rows]
    config = {
        "query": request.GET.get("query", "")[:100_000],
        "tables": [{"name": t.qualified_name, "columns": list(t.columns)} for t in tables],
    }
    return page(request, "tianku/sql.html", {"tables": tables, "sql_config": config})


def _links(view: TableView) -> dict[str, str]:
    """Return the address of a row's product, by the column that names it; `{value}` stands for the value."""
    if view.product_set is None or view.product_key is None:
        return {}
    return {view.product_key: reverse("products", args=[view.dataset.id, view.product_set]) + "{value}"}


def query_config(view: TableView) -> dict[str, Any]:
    """Return what the query form needs to draw itself and to write its ADQL."""
    position = view.meta.main_position
    return {
        "dataset": view.dataset.id,
        "table": view.meta.qualified_name,
        "rows": view.card.rows,
        "id": view.meta.id_column,
        "position": {"ra": position.ra, "dec": position.dec} if position else None,
        "links": _links(view),
        "columns": [
            {
                "name": one.column.name,
                "type": one.column.type.value,
                "arraysize": one.column.arraysize,
                "unit": one.column.unit,
                "ucd": one.column.ucd,
                "description": {"en": one.column.description.en, "zh": one.column.description.zh},
                "principal": one.column.principal,
                "indexed": one.column.indexed,
                "minimum": one.statistics.minimum if one.statistics else None,
                "maximum": one.statistics.maximum if one.statistics else None,
                "histogram": list(one.statistics.histogram) if one.statistics else [],
                "nulls": one.statistics.nulls if one.statistics else None,
            }
            for one in view.columns
        ],
    }
