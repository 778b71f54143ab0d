"""The statement that looks for the positions of a list in a table: a join with an uploaded table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlglot import exp

from tianku.adql.build import Condition, Order, select
from tianku.adql.parser import Statement
from tianku.adql.schema import Resolved
from tianku.adql.uploads import SCHEMA
from tianku.model.errors import UsageError
from tianku.model.metadata import Column, TableMeta
from tianku.model.text import Text
from tianku.model.types import DataType

TABLE = "positions"


@dataclass(frozen=True, slots=True)
class Names:
    """What the columns of the list are called in the answer: names that the table does not have."""

    line: str
    name: str
    ra: str
    dec: str
    radius: str
    separation: str

    @classmethod
    def beside(cls, table: TableMeta) -> Names:
        """Return the names for a search in `table`."""
        wanted = ("input_line", "input_name", "input_ra", "input_dec", "input_radius", "separation")
        return cls(*(_free(name, table) for name in wanted))


def listed_meta(names: Names) -> TableMeta:
    """Return the metadata of the list, as of a table that was uploaded."""
    columns = (
        Column(name=names.line, type=DataType.INT64, ucd="meta.record", nullable=False,
               description=Text(en="Line of the list", zh="列表中的行号")),
        Column(name=names.name, type=DataType.STRING, ucd="meta.id",
               description=Text(en="Name in the list", zh="列表中的名称")),
        Column(name=names.ra, type=DataType.FLOAT64, unit="deg", ucd="pos.eq.ra", nullable=False,
               description=Text(en="Right ascension in the list", zh="列表中的赤经")),
        Column(name=names.dec, type=DataType.FLOAT64, unit="deg", ucd="pos.eq.dec", nullable=False,
               description=Text(en="Declination in the list", zh="列表中的赤纬")),
        Column(name=names.radius, type=DataType.FLOAT64, unit="deg", ucd="phys.angSize", nullable=False,
               description=Text(en="Search radius in the list", zh="列表中的检索半径")),
    )  # fmt: skip
    return TableMeta(schema_name=SCHEMA, name=TABLE, columns=columns)


def separation_column(names: Names) -> Column:
    """Return what is said of the distance between a position and a row."""
    said = Text(en="Distance of the row from the position in the list", zh="该行与列表中坐标的角距离")
    return Column(
        name=names.separation, type=DataType.FLOAT64, unit="arcsec", ucd="pos.angDistance", description=said
    )


def select_near(
    table: TableMeta,
    names: Names,
    columns: Sequence[str] | None = None,
    where: Sequence[Condition] = (),
    order_by: Sequence[Order] = (),
) -> Statement:
    """Return the rows of `table` near the positions: line, name, position, separation, then `columns`.

    All columns if None. Sorted by `order_by`, else by line and separation.

    Raises
    ------
    UsageError
        ``adql.unknown_column``, ``adql.no_position``, ``adql.condition``
    """
    position = table.main_position
    if position is None:
        raise UsageError("adql.no_position", "{table} has no position to search by", table=table.qualified_name)
    chosen = [c.name for c in table.columns] if columns is None else columns
    statement = select(table, columns=chosen, where=where, order_by=order_by)
    tree = statement.tree
    there = _call("POINT", _column(position.ra), _column(position.dec))
    circle = _call("CIRCLE", _column(names.ra), _column(names.dec), _column(names.radius))
    inside = exp.EQ(this=exp.Literal.number(1), expression=_call("CONTAINS", there, circle))
    here = _call("POINT", _column(names.ra), _column(names.dec))
    apart = exp.Mul(this=_call("DISTANCE", there.copy(), here), expression=exp.Literal.number(3600))
    own = [_column(n) for n in (names.line, names.name, names.ra, names.dec)]
    shown = exp.Alias(this=apart, alias=exp.Identifier(this=names.separation, quoted=False))
    tree.set("expressions", [*own, shown, *tree.expressions])
    listed = exp.Table(this=exp.Identifier(this=TABLE, quoted=False), db=exp.Identifier(this=SCHEMA, quoted=False))
    listed.set("joins", [exp.Join(this=tree.args["from_"].this, on=inside)])
    tree.set("from_", exp.From(this=listed))
    if not order_by:
        ascending = [exp.Ordered(this=_column(n), desc=False) for n in (names.line, names.separation)]
        tree.set("order", exp.Order(expressions=ascending))
    return statement


def keep_nearest(resolved: Resolved, names: Names) -> None:
    """Keep of the rows of each position the one with the smallest separation, in place."""
    here = next(iter(resolved.references))
    tree = resolved.tree
    apart = next(e for e in tree.selects if e.alias_or_name == names.separation).unalias().copy()
    line = exp.Column(
        this=exp.Identifier(this=names.line, quoted=True), table=exp.Identifier(this=here, quoted=True)
    )
    ranked = exp.Window(
        this=exp.RowNumber(),
        partition_by=[line],
        order=exp.Order(expressions=[exp.Ordered(this=apart, desc=False)]),
    )
    tree.set("qualify", exp.Qualify(this=exp.EQ(this=ranked, expression=exp.Literal.number(1))))


def _free(name: str, table: TableMeta) -> str:
    while table.column(name) is not None:
        name += "_"
    return name


def _column(name: str) -> exp.Column:
    return exp.Column(this=exp.Identifier(this=name, quoted=True))


def _call(name: str, *arguments: exp.Expr) -> exp.Anonymous:
    return exp.Anonymous(this=name, expressions=list(arguments))
