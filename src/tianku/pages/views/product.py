"""Pages of single products, and lists of them."""

from __future__ import annotations

from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_safe

from tianku.model.errors import UsageError
from tianku.pages.site import principal_of, source
from tianku.pages.views.pages import page

#: products on one page of a list
PAGE = 50


@dataclass(frozen=True, slots=True)
class Place:
    """Where in a list of `total` a page is; pages count from 1."""

    number: int
    total: int

    @property
    def pages(self) -> int:
        """How many pages there are, at least one."""
        return max(1, -(-self.total // PAGE))

    @property
    def first(self) -> int:
        """The first shown, counted from 1."""
        return min(self.total, (self.number - 1) * PAGE + 1)

    @property
    def last(self) -> int:
        """The last shown."""
        return min(self.total, self.number * PAGE)

    @property
    def previous(self) -> int | None:
        """The page before."""
        return self.number - 1 if self.number > 1 else None

    @property
    def next(self) -> int | None:
        """The page after."""
        return self.number + 1 if self.number < self.pages else None


@require_safe
def product(request: HttpRequest, dataset: str, product_set: str, key: str) -> HttpResponse:
    """Metadata, parts, files, and the viewer of a spectrum."""
    view = source().product(principal_of(request), dataset, product_set, key)
    return page(request, "tianku/product.html", {"view": view})


@require_safe
def products(request: HttpRequest, dataset: str, product_set: str) -> HttpResponse:
    """The products of a set in pages; ``?key=`` leads to one of them."""
    key = request.GET.get("key", "").strip()
    if key:
        return redirect("product", dataset, product_set, key)
    number = page_number(request.GET.get("page", "1"))
    view = source().products(principal_of(request), dataset, product_set, (number - 1) * PAGE, PAGE)
    return page(request, "tianku/products.html", {"view": view, "place": Place(number, view.total)})


def page_number(text: str) -> int:
    """Return the page that ``?page=`` asks for, or raise `UsageError` ``pages.page``."""
    if not text.isdecimal() or len(text) > 9 or int(text) < 1:
        raise UsageError("pages.page", "page must be a whole number from 1 on, not {page}", page=text[:20])
    return int(text)
