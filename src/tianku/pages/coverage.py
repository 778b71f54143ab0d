"""Coverages for pages: the union of a dataset's, and a place inside one for examples."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from mocpy import MOC

from tianku.sky.moc import contains, from_ascii, to_ascii

#: where examples look when they may: the Pleiades, ICRS degrees
PLEIADES = (56.75, 24.12)


@lru_cache(maxsize=512)
def union(mocs: tuple[str, ...]) -> str | None:
    """Return the ASCII MOC of all that `mocs` cover, None where there are none."""
    if len(mocs) < 2:
        return mocs[0] if mocs else None
    first, *others = (from_ascii(moc) for moc in mocs)
    return to_ascii(first.union(*others))


@lru_cache(maxsize=512)
def point(moc: str | None) -> tuple[float, float]:
    """Return a position that `moc` covers, ICRS degrees: the Pleiades where it covers them."""
    covered = from_ascii(moc) if moc else MOC.new_empty(0)
    if covered.empty() or contains(covered, np.array([PLEIADES[0]]), np.array([PLEIADES[1]]))[0]:
        return PLEIADES
    cell = MOC.from_depth29_ranges(covered.max_order, covered.to_depth29_ranges[:1])
    centre = cell.barycenter()
    return round(float(centre.ra.deg), 3), round(float(centre.dec.deg), 3)
