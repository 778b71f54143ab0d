"""Resolution of CASE, which ADQL has not and PostgreSQL has."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from sqlglot import exp

from tianku.adql.conditions import Conditions
from tianku.adql.operands import Operands
from tianku.adql.values import Value, common_type, plain


class Cases(Conditions):
    """Turns CASE into a canonical one: branches of one type."""

    def _case(self, node: exp.Case) -> Value:
        branches = node.args["ifs"]
        tests = [self.condition(one.this) for one in branches]
        values = [self.value(one.args["true"]) for one in branches]
        default = node.args.get("default")
        if default is not None:
            values.append(self.value(default))
        known = [one for one in values if not one.null] or values
        kind = common_type([one.type for one in known])
        if kind is None or any(one.column.arraysize for one in known):
            raise self.error("adql.type_mismatch", node, "the values of CASE are of different types")
        units = {one.column.unit for one in known if not one.literal}
        made = exp.Case(
            ifs=[exp.If(this=test, true=value.node) for test, value in zip(tests, values, strict=False)],
            default=values[-1].node if default is not None else None,
        )
        return Value(made, plain(kind, "case", units.pop() if len(units) == 1 else None))

    _HANDLERS: ClassVar[dict[type, Callable[..., Value]]] = Operands._HANDLERS | {exp.Case: _case}
