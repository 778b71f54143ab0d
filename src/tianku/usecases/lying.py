"""How products lie on the sky to regions that are asked for: what an index can leave out, and the exact test."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pyarrow as pa

from tianku.adql.build import AnyOf, Reaching
from tianku.adql.schema import Cone
from tianku.adql.sphere import unit_vectors
from tianku.engines.base import Result
from tianku.planner.outlines import Flags, outlines, separation
from tianku.planner.regions import PolygonShape, Shape

#: columns that the exact test reads
OUTLINE = ("s_region", "s_ra", "s_dec")
#: degrees by which a bound is widened: stored positions and fields are rounded
_MARGIN = 1e-6

Relation = Literal["overlaps", "covers", "enclosed"]


@dataclass(frozen=True, slots=True)
class Lying:
    """A product's outline overlaps one of the regions at least; or covers it, or lies within it (polygons)."""

    shapes: tuple[Shape, ...]
    relation: Relation = "overlaps"

    def near(self) -> AnyOf:
        """Return the condition that the circle around a product's outline reaches a region."""
        cones = [shape.around() for shape in self.shapes]
        return AnyOf(tuple((Reaching(c.ra, c.dec, min(180.0, c.radius + _MARGIN), "s_fov"),) for c in cones))

    def around(self, widest: float) -> Cone | None:
        """Return a cone that holds the positions of all products it may find; None for the whole sky.

        `widest` is the largest field of view among the products, degrees.
        """
        cones = [shape.around() for shape in self.shapes]
        centres = unit_vectors(np.array([c.ra for c in cones]), np.array([c.dec for c in cones]))
        middle = centres.sum(axis=0)
        size = float(np.linalg.norm(middle))
        if size < 1e-6:
            return None
        x, y, z = (middle / size).tolist()
        apart = np.degrees(separation(centres, (middle / size)[None, :]))
        radius = float((apart + [c.radius for c in cones]).max()) + widest / 2 + _MARGIN
        if radius >= 180.0:
            return None
        return Cone(
            float(np.degrees(np.arctan2(y, x))) % 360.0, float(np.degrees(np.arctan2(z, np.hypot(x, y)))), radius
        )

    def test(self, batch: pa.RecordBatch) -> Flags:
        """Return which rows of a batch with the columns `OUTLINE` lie so."""
        found = outlines(*(batch.column(name) for name in OUTLINE))
        passed = np.zeros(batch.num_rows, dtype=bool)
        for shape in self.shapes:
            if self.relation == "overlaps" or not isinstance(shape, PolygonShape):
                passed |= shape.overlaps(found)
            else:
                passed |= shape.covered_by(found) if self.relation == "covers" else shape.holds_all_of(found)
        return passed


class Exactly:
    """The rows of a result that lie as asked, with the first `width` columns."""

    def __init__(self, result: Result, lying: Lying, width: int) -> None:
        self._result, self._lying, self._width = result, lying, width
        self.schema = pa.schema([result.schema.field(i) for i in range(width)])

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        for batch in self._result:
            kept = batch.filter(pa.array(self._lying.test(batch)))
            if kept.num_rows:
                yield kept.select(list(range(self._width)))

    def cancel(self) -> None:
        """Stop the query from any thread."""
        self._result.cancel()

    def close(self) -> None:
        """Release what the query holds."""
        self._result.close()

    def __enter__(self) -> Exactly:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()
