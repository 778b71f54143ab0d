"""Cross-match of two tables, each of them published or given by the caller, by position on the sky."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tianku.adql.schema import Cone
from tianku.engines.base import Cancellation
from tianku.model.access import Principal
from tianku.model.errors import UsageError
from tianku.planner.matching import How
from tianku.planner.plan import SHORT_ROWS
from tianku.sky.match import MAX_RADIUS
from tianku.usecases.match_answer import EPOCHS, Reads, begin, epoch_refused
from tianku.usecases.match_tables import GivenSide, MatchDesk, MatchTable, SideSource
from tianku.usecases.query import Answer, Desk, check_cone, row_limit
from tianku.usecases.viewer import Viewer

if TYPE_CHECKING:
    from tianku.usecases.centre import Centre


@dataclass(frozen=True, slots=True)
class Planned:
    """A match that may be begun: for whom it was prepared, and the (dataset, revision)s it reads."""

    left: SideSource
    right: SideSource
    how: How
    area: Cone | None
    viewer: Viewer
    snapshots: frozenset[tuple[str, int]]

    @property
    def public(self) -> bool:
        """False when anything that not everybody may see goes into it."""
        own = isinstance(self.left, GivenSide) or isinstance(self.right, GivenSide)
        return self.viewer.public and not own


def plan_match(
    desk: Desk, principal: Principal, left: MatchTable, right: MatchTable, how: How, epoch: float | None = None,
    area: Cone | None = None,
) -> Planned:  # fmt: skip
    """Return how two tables are matched for `principal`; nothing is read.

    Parameters
    ----------
    epoch
        Julian year to which published rows of known epoch and proper motion are moved; without it all
        positions are taken as they are.
    area
        Rows outside are not considered.

    Raises
    ------
    NotFoundError
        ``table.unknown``, ``position.unknown``
    AuthError
        ``policy.closed``
    UsageError
        ``match.radius``, ``match.sigmas``, ``match.epoch``, ``match.no_position``, ``match.column``,
        ``match.errors``, ``match.held``; ``cone.invalid`` for the area.
    """
    if area is not None:
        check_cone(area.ra, area.dec, area.radius, 180.0)
    if not 0.0 <= how.radius <= MAX_RADIUS:
        raise UsageError(
            "match.radius", "the radius is {radius:g} degrees: it must lie between 0 and {most:g}",
            radius=how.radius, most=MAX_RADIUS,
        )  # fmt: skip
    if not 0.0 <= how.sigmas <= 1000.0:
        raise UsageError(
            "match.sigmas", "a match within {sigmas:g} standard deviations: take 0 to 1000", sigmas=how.sigmas
        )
    if epoch is not None and not EPOCHS[0] <= epoch <= EPOCHS[1]:
        raise epoch_refused(epoch)
    own = MatchDesk(desk, principal, epoch)
    a, b = own.prepare(left), own.prepare(right)
    return Planned(a, b, how, area, own.viewer, own.snapshots(a, b))


def crossmatch(
    centre: Centre,
    principal: Principal,
    left: MatchTable,
    right: MatchTable,
    how: How,
    epoch: float | None = None,
    area: Cone | None = None,
    *,
    maxrec: int | None = None,
    cancellation: Cancellation | None = None,
) -> Answer:
    """Match two tables: their columns, ``separation`` in arcsec and ``position_angle`` in degrees.

    Raises
    ------
    TiankuError
        What `plan_match` and `tianku.usecases.match_answer.begin` raise.
    """
    site = centre.site.limits
    most = row_limit(maxrec, site.default_rows, site.sync_rows)
    planned = plan_match(centre, principal, left, right, how, epoch, area)
    reads = Reads(lambda rows: centre.short if rows < SHORT_ROWS else centre.long, site.sync_seconds)
    if cancellation is not None:
        cancellation.attach(reads.cancel)
    result = begin(planned.left, planned.right, planned.how, reads, area)
    return Answer(result.columns, result, most, versions=dict(planned.viewer.versions), public=planned.public)
