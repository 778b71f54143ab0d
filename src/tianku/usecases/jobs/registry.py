"""Every kind of job there is, by name: what services offer and workers run is looked up here."""

from __future__ import annotations

from tianku.model.errors import UsageError
from tianku.usecases.jobs.copies import SERVING_COPY
from tianku.usecases.jobs.crossmatch import CROSSMATCH
from tianku.usecases.jobs.operation import Operation
from tianku.usecases.jobs.query import QUERY

OPERATIONS: dict[str, Operation] = {one.kind: one for one in (QUERY, CROSSMATCH)}
#: what the installation does for itself: workers know these, callers do not
OWN: dict[str, Operation] = {one.kind: one for one in (SERVING_COPY,)}


def operation(kind: str) -> Operation:
    """Return a kind of job that callers may ask for, or raise `UsageError` ``job.kind``."""
    found = OPERATIONS.get(kind)
    if found is None:
        raise UsageError(
            "job.kind",
            "There are no jobs of kind {kind}; there are: {known}",
            kind=kind[:40],
            known=", ".join(OPERATIONS),
        )
    return found


def any_operation(kind: str) -> Operation:
    """Return a kind of job, the installation's own included."""
    return OWN.get(kind) or operation(kind)
