"""Pages of a kept query: which rows are asked for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tianku.compat.family import Asked
from tianku.http.params import Params
from tianku.model.errors import UsageError
from tianku.usecases.kept_queries import KeptQueries

ROWS = 100


@dataclass(frozen=True, slots=True)
class Page:
    """The `number`-th page (from 1) of `rows` each."""

    number: int
    rows: int


def asked_page(params: Params) -> Page:
    """Return the page that ``page`` and ``rows`` ask for; `UsageError` ``compat.value``."""
    number, rows = params.count("page"), params.count("rows")
    for name, value in (("page", number), ("rows", rows)):
        if value == 0:
            raise UsageError("compat.value", "{column}: {reason}", column=name, reason="it counts from 1")
    return Page(number or 1, rows or ROWS)


def kept_number(text: str) -> int:
    """Return the number of a kept query, or raise `UsageError` ``compat.value``."""
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        raise UsageError("compat.value", "{column}: {reason}", column="sqlid", reason="it is a whole number")
    return int(text)


def first_row(asked: Asked, number: int, page: Page, total: Callable[[], int]) -> int:
    """Return the rows before a page; `total` is called only where it matters.

    Clients ask for the last page with as many ``rows`` as are left: its place follows from the size of
    the pages before.
    """
    kept, token = KeptQueries(asked.centre.data_root), asked.params.one("token") or ""
    size = kept.page_size(number, token)
    if page.number == 1:
        kept.keep_page_size(number, token, page.rows)
    elif size is not None and page.rows < size and (page.number - 1) * size + page.rows == total():
        return (page.number - 1) * size
    return (page.number - 1) * page.rows
