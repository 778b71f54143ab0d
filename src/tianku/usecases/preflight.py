"""Before an ingest begins: every table's configuration against the headers of its files."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator

import pyarrow as pa

from tianku.catalogue.plan import TablePlan
from tianku.catalogue.preview import preview_table
from tianku.model.config.load import LoadedDataset
from tianku.model.errors import UsageError
from tianku.products.expressions import check, referenced
from tianku.products.keys import canonical


def check_tables(dataset: LoadedDataset, tables: Iterable[str]) -> None:
    """Refuse a configuration that names a column, extension or format which the files lack.

    Raises
    ------
    UsageError
        The first mistake, with what was perhaps meant.
    """
    for table in tables:
        plan, schema = preview_table(dataset, table, types=False)
        if problem := date_problem(plan):
            raise UsageError(
                "ingest.public_from", "table {table}, public_from: {problem}", table=table, problem=problem
            )
        for name, problem in expression_problems(plan, schema):
            raise UsageError(
                "ingest.expression",
                "table {table}, column {column}: {problem}",
                table=table,
                column=name,
                problem=problem,
            )


def date_problem(plan: TablePlan) -> str | None:
    """Return what is wrong with the expression of when rows become public, over the published columns."""
    if plan.public_from is None:
        return None
    try:
        check(plan.public_from, {column.meta.name: column.meta.type for column in plan.columns})
    except UsageError as error:
        return error.message
    return None


def expression_problems(plan: TablePlan, schema: pa.Schema) -> Iterator[tuple[str, str]]:
    """Yield (published column, what is wrong) for expressions that cannot be evaluated over the source."""
    known = {canonical(name): name for name in schema.names}
    there = ", ".join(list(known.values())[:40])
    for column, (text, _) in plan.expressions.items():
        try:
            check(text)
            lacking = [n for n in referenced(text) if n not in known]
        except UsageError as error:
            yield column, error.message
            continue
        for name in lacking:
            near = difflib.get_close_matches(name, known, 1)
            hint = f"; did you mean {known[near[0]]}?" if near else f" (it has {there})"
            yield column, f"{text!r} reads {name!r}, the source has no such column{hint}"
