"""The parameters that control jobs (UWS 1.1, 2.2.2 and 2.2.3); all others are the job's own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from tianku.http.params import Params
from tianku.model.errors import UsageError

CONTROL = frozenset({"PHASE", "ACTION", "WAIT", "RUNID", "EXECUTIONDURATION", "DESTRUCTION"})
PHASES = (
    "PENDING", "QUEUED", "EXECUTING", "COMPLETED", "ERROR", "ABORTED", "UNKNOWN", "HELD", "SUSPENDED", "ARCHIVED",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Filter:
    """Which jobs a list holds."""

    phases: tuple[str, ...]
    after: datetime | None
    last: int | None


def own(params: Params) -> list[tuple[str, str]]:
    """Return the parameters that are the job's."""
    return [(name, value) for name in params if name not in CONTROL for value in params.all(name)]


def job_filter(params: Params) -> Filter:
    """Return the filter of a job list: PHASE (any of several), AFTER, LAST.

    Raises
    ------
    UsageError
        ``uws.phase``, ``uws.time``, ``params.not_a_count``, ``uws.last``.
    """
    last = params.count("LAST")
    if last == 0:
        raise UsageError("uws.last", "LAST must be 1 or more.")
    return Filter(tuple(_known_phase(p) for p in params.all("PHASE")), instant(params, "AFTER"), last)


def _known_phase(value: str) -> str:
    if value not in PHASES:
        raise UsageError(
            "uws.phase", "PHASE={value} is not one of {known}.", value=value[:20], known=", ".join(PHASES)
        )
    return value


def wish(params: Params) -> str | None:
    """Return what PHASE asks to be done, ``RUN`` or ``ABORT``, if anything."""
    value = params.one("PHASE")
    if value is not None and value not in ("RUN", "ABORT"):
        raise UsageError("uws.phase", "PHASE={value} is not one of {known}.", value=value[:20], known="RUN, ABORT")
    return value


def deletes(params: Params) -> bool:
    """Whether ACTION asks for the job's end."""
    value = params.one("ACTION")
    if value is not None and value != "DELETE":
        raise UsageError("uws.action", "ACTION={value} is not DELETE.", value=value[:20])
    return value is not None


def wait_seconds(params: Params) -> tuple[float, str | None]:
    """Return how long to wait (-1: as long as may be), and the phase in which alone to wait.

    Raises
    ------
    UsageError
        ``uws.wait``, ``uws.phase``.
    """
    text = params.one("WAIT")
    if text is None:
        return 0.0, None
    digits = text.removeprefix("-")
    if not (digits.isascii() and digits.isdigit() and len(digits) < 10):
        raise UsageError("uws.wait", "WAIT={value} is not a whole number of seconds, or -1.", value=text[:20])
    phase = params.one("PHASE")
    return float("inf") if text.startswith("-") else float(digits), None if phase is None else _known_phase(phase)


def duration(params: Params) -> int | None:
    """Return EXECUTIONDURATION in seconds, if given."""
    return params.count("EXECUTIONDURATION")


def instant(params: Params, name: str) -> datetime | None:
    """Return the ISO 8601 time `name`, UTC unless it says otherwise, or raise `UsageError` ``uws.time``."""
    text = params.one(name)
    if text is None:
        return None
    try:
        value = datetime.fromisoformat(text)
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
    except (ValueError, OverflowError):
        raise UsageError(
            "uws.time", "{name}={value} is not a time such as 2030-01-31T12:00:00Z.", name=name, value=text[:40]
        ) from None


def only(params: Params, names: Sequence[str]) -> Params:
    """Return the parameters called `names` alone."""
    return Params((name, value) for name in names for value in params.all(name))
