"""The body of a structured query, which both interfaces have: conditions, a place on the sky, columns, a page."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, replace
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from pydantic_core import ErrorDetails
from starlette.requests import Request

from tianku.adql.build import AnyOf, Condition, Order, Scalar
from tianku.compat.wire import FORMATS
from tianku.formats.positions import PositionList, read_positions
from tianku.http.body import BoundedBody, read_body
from tianku.http.context import FORM_BYTES
from tianku.model.errors import UsageError
from tianku.model.metadata import Column, Position, TableMeta
from tianku.model.types import DataType

#: asks for the number of a query, whose rows are fetched page by page
SUBMIT = ("html", "dbgrid")
#: arcsec
RADIUS = 2.0
_INTEGERS = (DataType.UINT8, DataType.INT16, DataType.INT32, DataType.INT64)


def _list(value: Any) -> Any:
    return [one for one in value.replace(",", " ").split() if one] if isinstance(value, str) else value


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", populate_by_name=True)


class Constraint(_Part):
    """One condition on a column."""

    column_name: str
    operation: Literal[
        "equal", "notequal", "less", "lessequal", "greater", "greaterequal", "between", "contains", "in",
        "isnull", "notnull",
    ]  # fmt: skip
    constraint: Scalar | None = None
    min: Scalar | None = None
    max: Scalar | None = None
    textarea: str | None = None
    select: list[Scalar] | Scalar | None = None


class ConeBody(_Part):
    """A cone; arcsec."""

    racenter: float = Field(ge=0, le=360)
    deccenter: float = Field(ge=-90, le=90)
    radius: float = Field(RADIUS, gt=0, le=180 * 3600)
    cone_nearestonly: bool = False


class RectBody(_Part):
    """A field between two meridians and two parallels; degrees."""

    ramin: float = Field(ge=0, le=360)
    ramax: float = Field(ge=0, le=360)
    decmin: float = Field(ge=-90, le=90)
    decmax: float = Field(ge=-90, le=90)


class ProximityBody(_Part):
    """A list of positions."""

    radec_textarea: str = Field(alias="radecTextarea", min_length=1)
    default_radius: float = Field(RADIUS, alias="defaultRadius", gt=0)
    proximity_nearestonly: bool = False


class PosBody(_Part):
    """Where on the sky."""

    type: Literal["cone", "rect", "proximity"] | None = None
    cone: ConeBody | None = None
    rect: RectBody | None = None
    proximity: ProximityBody | None = None


class QueryBody(_Part):
    """The whole body."""

    column_constraints: list[Constraint] = []
    pos: PosBody | None = None
    pos_group: str | None = None
    showcol: Annotated[list[str] | None, BeforeValidator(_list)] = None
    sort: str | None = None
    order: Literal["asc", "desc", "ASC", "DESC"] = "asc"
    rows: int | None = Field(None, ge=1)
    page: int = Field(1, ge=1)
    limit: int | None = Field(None, ge=0)
    offset: int = Field(0, ge=0)
    output: str | None = Field(None, alias="output.fmt")
    format: str | None = None
    token: str | None = None

    @property
    def bounds(self) -> tuple[int | None, int]:
        """Rows at most, and rows before them."""
        if self.limit is not None:
            return self.limit, self.offset
        return self.rows, self.offset + (0 if self.rows is None else (self.page - 1) * self.rows)

    @property
    def output_format(self) -> str:
        """What ``output.fmt`` asks for, in lower case."""
        return (self.output or self.format or "json").lower()


@dataclass(frozen=True, slots=True)
class Search:
    """What a body asks of a table.

    Attributes
    ----------
    columns
        All if None.
    cone
        Right ascension, declination, radius around `position`; degrees.
    near
        A list of positions; `nearest`: only the nearest row of each.
    named
        The list is the caller's, and its columns belong to the answer.
    """

    columns: tuple[str, ...] | None
    where: tuple[Condition | AnyOf, ...]
    order: Order | None
    position: Position | None = None
    cone: tuple[float, float, float] | None = None
    near: PositionList | None = None
    nearest: bool = False
    named: bool = False

    def sorted_by(self, order: Order) -> Search:
        """Return the same search in another order."""
        return replace(self, order=order)

    def of_columns(self, columns: tuple[str, ...]) -> Search:
        """Return the same search for other columns."""
        return replace(self, columns=columns)


async def read_query_body(request: Request) -> QueryBody:
    """Return the body of a request; see `query_body`."""
    bounded = BoundedBody(request.receive, FORM_BYTES, request.headers.get("content-length"))
    return query_body(await read_body(bounded))


def query_body(content: bytes | str) -> QueryBody:
    """Read a body.

    Raises
    ------
    UsageError
        ``compat.body``, naming what is wrong.
    """
    try:
        return QueryBody.model_validate(json.loads(content or "{}"))
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "the body"
        raise UsageError("compat.body", "{where}: {reason}", where=where[:100], reason=_said(first)) from None
    except (ValueError, RecursionError):
        raise UsageError("compat.body", "{where}: {reason}", where="the body", reason="it is not JSON") from None


def _said(error: ErrorDetails) -> str:
    """Return what is wrong; of a word that is not known, those that are."""
    if error["type"] != "extra_forbidden" or len(error["loc"]) > 1:
        return str(error["msg"])
    return "it is not one of " + ", ".join(one.alias or name for name, one in QueryBody.model_fields.items())


def search_of(body: QueryBody, table: TableMeta) -> Search:
    """Return what a body asks of `table`.

    Raises
    ------
    UsageError
        ``compat.format``, ``compat.value``, ``compat.positions``, ``adql.unknown_column``, ``positions.*``
    """
    if body.output_format not in (*FORMATS, *SUBMIT):
        raise UsageError(
            "compat.format", "output.fmt={format} is not one of {known}",
            format=body.output_format[:40], known=", ".join((*FORMATS, *SUBMIT)),
        )  # fmt: skip
    columns = None if not body.showcol else tuple(_column(table, one).name for one in body.showcol)
    where: list[Condition | AnyOf] = [_condition(table, one) for one in body.column_constraints]
    order = Order(_column(table, body.sort).name, body.order.lower() == "desc") if body.sort else None
    pos = body.pos
    if pos is None or not (pos.cone or pos.rect or pos.proximity):
        return Search(columns, tuple(where), order)
    position = position_of(table, body.pos_group)
    if pos.rect is not None:
        return Search(columns, (*where, *_rect(pos.rect, position)), order, position)
    if pos.proximity is not None:
        listed = read_positions(pos.proximity.radec_textarea, pos.proximity.default_radius)
        return Search(
            columns, tuple(where), order, position,
            near=listed, nearest=pos.proximity.proximity_nearestonly, named=True,
        )  # fmt: skip
    assert pos.cone is not None
    cone = (pos.cone.racenter, pos.cone.deccenter, pos.cone.radius / 3600)
    if pos.cone.cone_nearestonly:
        return Search(columns, tuple(where), order, position, near=alone(*cone), nearest=True)
    return Search(columns, tuple(where), order, position, cone=cone)


def position_of(table: TableMeta, group: str | None) -> Position:
    """Return the position whose columns ``pos_group`` names, the main one if it names none."""
    wanted = None if not group else tuple(one.strip().lower() for one in group.split(","))
    for one in table.positions:
        if one.main if wanted is None else (one.ra.lower(), one.dec.lower()) == wanted:
            return one
    known = "; ".join(f"{p.ra},{p.dec}" for p in table.positions) or "none"
    raise UsageError(
        "compat.positions", "{table} has no position of columns {group}; there are: {known}",
        table=table.name, group=group or "(main)", known=known,
    )  # fmt: skip


def alone(ra: float, dec: float, radius: float) -> PositionList:
    """Return the list of one position; degrees."""
    one = (np.array([value], dtype=np.float64) for value in (ra, dec, radius))
    return PositionList(np.array([1], dtype=np.int64), (None,), *one)


def _rect(rect: RectBody, position: Position) -> list[Condition | AnyOf]:
    """A field may reach over the meridian of 0 degrees."""
    if rect.decmin > rect.decmax:
        raise UsageError("compat.value", "{column}: {reason}", column="decmin", reason="it is larger than decmax")
    made: list[Condition | AnyOf] = [Condition(position.dec, "between", (rect.decmin, rect.decmax))]
    if rect.ramin <= rect.ramax:
        made.append(Condition(position.ra, "between", (rect.ramin, rect.ramax)))
    else:
        east, west = (Condition(position.ra, "greaterequal", (rect.ramin,)),
                      Condition(position.ra, "lessequal", (rect.ramax,)))  # fmt: skip
        made.append(AnyOf(((east,), (west,))))
    return made


def _column(table: TableMeta, name: str) -> Column:
    column = table.column(name)
    if column is None:
        raise UsageError(
            "adql.unknown_column", "no column `{name}` in {where}{hint}",
            name=name[:60], where=table.qualified_name, hint="",
        )  # fmt: skip
    return column


def _condition(table: TableMeta, said: Constraint) -> Condition:
    column = _column(table, said.column_name)
    if said.operation in ("isnull", "notnull"):
        return Condition(column.name, said.operation)
    if said.operation == "between":
        values: list[Scalar | None] = [said.min, said.max]
    elif said.operation == "in":
        values = _listed(said)
    else:
        values = [said.constraint]
    text = said.operation == "contains"
    return Condition(column.name, said.operation, tuple(_value(one, column, text=text) for one in values))


def _listed(said: Constraint) -> list[Scalar | None]:
    if said.select is not None:
        return list(said.select) if isinstance(said.select, list) else [said.select]
    text = said.textarea if said.textarea is not None else str(said.constraint or "")
    lines = text.replace(";", "\n").replace(",", "\n").splitlines()
    return [one.strip() for one in lines if one.strip()]


def _value(value: Scalar | None, column: Column, *, text: bool) -> Scalar:
    """Return a value as the column has it; text of a number is read."""
    if value is None:
        raise UsageError("compat.value", "{column}: {reason}", column=column.name, reason="a value is missing")
    if text or column.type is DataType.STRING:
        return str(value)
    if column.type is DataType.TIMESTAMP:
        return str(value)
    try:
        number = int(value) if column.type in _INTEGERS and _is_whole(value) else float(value)
    except (ValueError, OverflowError):
        number = math.nan
    if math.isnan(number) or math.isinf(number):
        raise UsageError(
            "compat.value", "{column}: {reason}", column=column.name, reason=f"{str(value)[:40]!r} is no number"
        )
    # what no column of integers holds is compared as a number all the same
    return number if -(2**63) <= number < 2**63 else float(number)


def _is_whole(value: Scalar) -> bool:
    return isinstance(value, int) or str(value).strip().lstrip("+-").isdecimal()
