"""Every kind of job there is, by name: what services offer and workers run is looked up here."""

from __future__ import annotations

from tianku.model.errors import UsageError
from tianku.usecases.jobs.crossmatch import CROSSMATCH
from tianku.usecases.jobs.operation import Operation
from tianku.usecases.jobs.query import QUERY

OPERATIONS: dict[str, Operation] = {one.kind: one for one in (QUERY, CROSSMATCH)}


def operation(kind: str) -> Operation:
    """Return a kind of job, or raise `UsageError` ``job.kind``."""
    found = OPERATIONS.get(kind)
    if found is None:
        raise UsageError(
            "job.kind",
            "There are no jobs of kind {kind}; there are: {known}",
            kind=kind[:40],
            known=", ".join(OPERATIONS),
        )
    return found
