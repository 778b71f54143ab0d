"""Products of one set, found by their ObsCore columns: what SSA and its like ask."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, cast

from sqlglot import exp

from tianku.adql.build import AnyOf, Condition, Order, select
from tianku.adql.resolve import resolve
from tianku.catalogue.tap_schema import OWNER_COLUMN
from tianku.engines.base import Cancellation, Limits, Result
from tianku.model.access import Level, Principal
from tianku.model.errors import NotFoundError
from tianku.model.metadata import TableMeta
from tianku.planner.plan import plan
from tianku.usecases.current import Current
from tianku.usecases.described import PUBLISHER_DID, ProductColumn
from tianku.usecases.lying import OUTLINE, Exactly, Lying
from tianku.usecases.picture import Picture, PublishedSet
from tianku.usecases.policy import closed, decide, partly
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


def served_sets(
    centre: Centre, principal: Principal, protocol: str, dataset: str | None = None, name: str | None = None
) -> tuple[PublishedSet, ...]:
    """Return the sets that `protocol` is offered for: of the site, of a data set, or the one called `name`.

    Of the whole site those are left out of which `principal` sees nothing.

    Raises
    ------
    NotFoundError, AuthError
        As `served_set`; ``set.not_served`` when a data set has none.
    """
    viewer = Viewer(centre.picture(), principal, centre.clock())
    if dataset is not None and name is not None:
        return (served_set(centre, principal, dataset, name, protocol),)
    if dataset is None:
        every = viewer.picture.visible(principal, viewer.now)
        found = [one for owner in every for one in owner.sets.values() if serves(one, protocol)]
    else:
        owner = viewer.published_dataset(dataset)
        found = [one for one in owner.sets.values() if serves(one, protocol)]
    seen = [one for one in found if partly(principal, one.rule, Level.METADATA, viewer.now)]
    if dataset is not None and not seen:
        known = [one for one in found if decide(principal, one.rule, Level.EXISTENCE, viewer.now)]
        if known:
            raise closed(principal, known[0].rule, dataset)
        raise NotFoundError(
            "dataset.not_served",
            "{dataset} is not offered by {protocol}",
            dataset=dataset,
            protocol=protocol.upper(),
        )
    return tuple(seen)


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
    return query_sets(
        centre, principal, (one,), columns, where, cone=cone, maxrec=maxrec, cancellation=cancellation
    )


def query_sets(
    centre: Centre,
    principal: Principal,
    sets: Sequence[PublishedSet],
    columns: Sequence[str],
    where: Sequence[Condition | AnyOf] = (),
    *,
    cone: tuple[float, float, float] | None = None,
    lying: Lying | None = None,
    maxrec: int | None = None,
    cancellation: Cancellation | None = None,
) -> Answer:
    """Return the ObsCore rows of some sets; see `query_set`.

    `lying` is how the outlines of the products must lie to regions: what the index leaves is tested exactly.
    """
    limits = centre.site.limits
    if cone is not None:
        check_cone(*cone, limits.cone_degrees)
    current = centre.current()
    viewer = _OfSets(current.picture, principal, centre.clock(), sets)
    meta = current.picture.system[OBSCORE_NAME]
    near = () if lying is None else (lying.near(),)
    asked = columns if lying is None else [*columns, *(c for c in OUTLINE if c not in columns)]
    resolved = resolve(select(meta, columns=asked, where=[*where, *near], cone=cone), viewer)
    if lying is not None:
        around = lying.around(widest(centre, current, sets))
        for reference in resolved.references.values():
            reference.regions += [] if around is None else [around]
    most = row_limit(maxrec, limits.default_rows, limits.sync_rows)
    rows = most if lying is None else None  # how many pass the exact test is not known before
    planned = plan(resolved, current.storage, rows, limits=Limits(seconds=limits.sync_seconds))
    engine = centre.short if planned.lane == "short" else centre.long
    result: Result = engine.run(planned.query, cancellation)
    if lying is not None:
        result = Exactly(result, lying, len(columns))
    products = (ProductColumn(PUBLISHER_DID),) if PUBLISHER_DID in columns else ()
    return Answer(planned.columns[: len(columns)], result, most, meta, public=viewer.public, products=products)


def widest(centre: Centre, current: Current, sets: Sequence[PublishedSet]) -> float:
    """Return the largest ``s_fov`` (degrees) of some sets, hidden rows included: it only bounds a search."""
    stored = current.stored[OBSCORE_NAME]
    key: tuple[str | int, ...] = (stored.uid, *sorted(one.number for one in sets))
    known = current.widest.get(key)
    if known is None:
        meta = current.picture.system[OBSCORE_NAME]
        viewer = _OfSets(current.picture, Principal(operator=True), centre.clock(), sets)
        top = select(meta, columns=["s_fov"], where=[Condition("s_fov", "notnull")],
                     order_by=[Order("s_fov", descending=True)], limit=1)  # fmt: skip
        planned = plan(resolve(top, viewer), current.storage, 1)
        with (centre.short if planned.lane == "short" else centre.long).run(planned.query) as result:
            known = max((float(b.column(0)[0].as_py()) for b in result if b.num_rows), default=0.0)
        current.widest.keep(key, known)
    return known


class _OfSets(Viewer):
    """A view in which ObsCore holds the rows of some sets alone."""

    def __init__(self, picture: Picture, principal: Principal, now: float, sets: Sequence[PublishedSet]) -> None:
        super().__init__(picture, principal, now)
        numbers = [exp.Literal.number(one.number) for one in sets]
        self._owned: exp.Expr = exp.column(OWNER_COLUMN, quoted=True).isin(*numbers) if numbers else exp.false()

    def row_filter(self, table: TableMeta) -> exp.Expression | None:
        allowed = super().row_filter(table)
        return (
            cast(exp.Expression, self._owned.copy())
            if allowed is None
            else cast(exp.Expression, exp.and_(self._owned.copy(), allowed))
        )
