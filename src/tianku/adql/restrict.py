"""Conditions on every row that one table reference gives, put beneath everything else."""

from __future__ import annotations

from collections.abc import Mapping

from sqlglot import exp

from tianku.adql.terms import add_condition


def filtered(
    table: exp.Table, condition: exp.Expr | None, computed: Mapping[str, exp.Expr] | None = None
) -> exp.Subquery:
    """Return the rows of a key that meet `condition` (unqualified physical columns), under the same name.

    `computed` gives columns whose values are not those stored.
    """
    replaced = [exp.alias_(value.copy(), name, quoted=True) for name, value in (computed or {}).items()]
    inner = exp.Select(expressions=[exp.Star(replace=replaced or None)], from_=exp.From(this=table))
    if condition is not None:
        inner.set("where", exp.Where(this=condition))
    inner.meta["filter"] = table.name
    return exp.Subquery(this=inner, alias=exp.TableAlias(this=exp.Identifier(this=table.name, quoted=True)))


def restrict(tree: exp.Expr, conditions: dict[str, exp.Expr]) -> exp.Expr:
    """AND conditions into the table references of a canonical tree, in place.

    Parameters
    ----------
    conditions
        Reference key -> condition on unqualified, quoted physical columns.
    """
    if not conditions:
        return tree
    for table in list(tree.find_all(exp.Table)):
        condition = conditions.get(table.name)
        if condition is None or table.args.get("alias") is not None:
            continue
        select = table.parent_select
        if select is not None and select.meta.get("filter") == table.name:
            add_condition(select, condition)
        else:
            joins = table.args.get("joins")
            table.set("joins", None)
            replacement = filtered(table.copy(), condition)
            replacement.set("joins", joins)
            table.replace(replacement)
    return tree
