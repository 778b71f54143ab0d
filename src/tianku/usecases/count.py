"""How many rows a query has: counted if that is quick, else estimated."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from sqlglot import exp

from tianku.adql.parser import Statement, parse
from tianku.engines.base import Cancellation, Limits
from tianku.model.access import Principal
from tianku.model.errors import UsageError
from tianku.usecases.query import prepare

if TYPE_CHECKING:
    from tianku.usecases.centre import Centre

#: seconds that a count may take
SECONDS = 3.0


@dataclass(frozen=True, slots=True)
class Count:
    """Rows of a query; not exact: at most so many are expected. `public` as of `Answer`."""

    rows: int
    exact: bool
    public: bool


def count_rows(
    centre: Centre, principal: Principal, adql: str, *, cancellation: Cancellation | None = None
) -> Count:
    """Return the rows that `adql`, without TOP and ORDER BY, would give `principal`.

    The query is ``SELECT COUNT(*) …``: its one value is the count.

    Raises
    ------
    UsageError
        ``adql.*``; ``count.not_a_count`` for a query of another form.
    """
    statement = parse(adql)
    if not _counts(statement):
        raise UsageError("count.not_a_count", "the query must be SELECT COUNT(*) FROM one table or join")
    planned, viewer, _ = prepare(centre, principal, statement, 1, Limits(seconds=SECONDS))
    engine = centre.short if planned.lane == "short" else centre.long
    try:
        with engine.run(planned.query, cancellation) as result:
            rows = next(int(batch.column(0)[0].as_py()) for batch in result if batch.num_rows)
    except UsageError as error:
        if error.code != "query.timeout":
            raise
        return Count(round(planned.rows), exact=False, public=viewer.public)
    return Count(rows, exact=True, public=viewer.public)


def _counts(statement: Statement) -> bool:
    tree = statement.tree
    if not isinstance(tree, exp.Select) or any(tree.args.get(a) for a in ("group", "having", "limit", "offset")):
        return False
    only = [e.unalias() for e in cast(list[exp.Expr], tree.expressions)]
    return len(only) == 1 and isinstance(only[0], exp.Anonymous) and str(only[0].this).upper() == "COUNT"
