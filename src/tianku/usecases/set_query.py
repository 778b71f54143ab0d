"""Products of one set, found by their ObsCore columns: what SSA and its like ask."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, cast

from sqlglot import exp

from tianku.adql.build import AnyOf, Condition, select
from tianku.adql.resolve import resolve
from tianku.catalogue.tap_schema import OWNER_COLUMN
from tianku.engines.base import Cancellation, Limits
from tianku.model.access import Principal
from tianku.model.errors import NotFoundError
from tianku.model.metadata import TableMeta
from tianku.planner.plan import plan
from tianku.usecases.picture import Picture, PublishedSet
from tianku.usecases.query import Answer, check_cone, row_limit
from tianku.usecases.viewer import Viewer

if TYPE_CHECKING:
    from tianku.usecases.centre import Centre

OBSCORE_NAME = "ivoa.obscore"


def served_set(centre: Centre, principal: Principal, dataset: str, name: str, protocol: str) -> PublishedSet:
    """Return a set that `protocol` is offered for, and that lists its products.

    Raises
    ------
    NotFoundError
        ``dataset.unknown``, ``set.unknown``; ``set.not_served`` when its configuration does not ask for it.
    AuthError
        ``policy.closed``
    """
    viewer = Viewer(centre.picture(), principal, centre.clock())
    one = viewer.published_set(dataset, name, by_row=True)
    if not serves(one, protocol):
        raise NotFoundError(
            "set.not_served",
            "{dataset}/{name} is not offered by {protocol}",
            dataset=dataset,
            name=name,
            protocol=protocol.upper(),
        )
    return one


def serves(one: PublishedSet, protocol: str) -> bool:
    """Return whether `protocol`, which searches ObsCore rows, is offered for a set."""
    return protocol in one.config.protocols and one.obscore is not None


def query_set(
    centre: Centre,
    principal: Principal,
    one: PublishedSet,
    columns: Sequence[str],
    where: Sequence[Condition | AnyOf] = (),
    *,
    cone: tuple[float, float, float] | None = None,
    maxrec: int | None = None,
    cancellation: Cancellation | None = None,
) -> Answer:
    """Return the ObsCore rows of a set that fulfil every condition, as far as `principal` may see them.

    Parameters
    ----------
    cone
        Right ascension, declination and radius that contain the centre, ICRS degrees.

    Raises
    ------
    UsageError
        ``cone.invalid``, ``query.maxrec``
    """
    limits = centre.site.limits
    if cone is not None:
        check_cone(*cone, limits.cone_degrees)
    current = centre.current()
    viewer = _OfSet(current.picture, principal, centre.clock(), one)
    meta = current.picture.system[OBSCORE_NAME]
    statement = select(meta, columns=columns, where=where, cone=cone)
    most = row_limit(maxrec, limits.default_rows, limits.sync_rows)
    planned = plan(resolve(statement, viewer), current.storage, most, limits=Limits(seconds=limits.sync_seconds))
    engine = centre.short if planned.lane == "short" else centre.long
    result = engine.run(planned.query, cancellation)
    return Answer(planned.columns, result, planned.maxrec, meta, public=viewer.public)


class _OfSet(Viewer):
    """A view in which ObsCore holds the rows of one set alone."""

    def __init__(self, picture: Picture, principal: Principal, now: float, one: PublishedSet) -> None:
        super().__init__(picture, principal, now)
        self._owned = exp.EQ(this=exp.column(OWNER_COLUMN, quoted=True), expression=exp.Literal.number(one.number))

    def row_filter(self, table: TableMeta) -> exp.Expression | None:
        allowed = super().row_filter(table)
        return (
            self._owned.copy() if allowed is None else cast(exp.Expression, exp.and_(self._owned.copy(), allowed))
        )
