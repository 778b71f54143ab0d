"""What can be wrong with a VOTable."""

from __future__ import annotations

from collections.abc import Callable

from tianku.model.errors import LimitError, UsageError

#: (row from 1 or None for the document, reason, detail, rows concerned)
Refuse = Callable[[int | None, str, str, int], None]


class Damage(Exception):  # noqa: N818  (never leaves this package: readers turn it into a refusal)
    """The document breaks off or stops making sense; what was read before stands."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason, self.detail = reason, detail


def malformed(name: str, reason: str) -> UsageError:
    """The error of a document that is no VOTable, or not well formed before its rows."""
    return UsageError("votable.malformed", "{name} is no well-formed VOTable: {reason}", name=name, reason=reason)


def unsupported(name: str, what: str, fix: str) -> UsageError:
    """The error of a document that is not read, with what to do instead."""
    return UsageError("votable.unsupported", "{name} cannot be read: {what}; {fix}", name=name, what=what, fix=fix)


def beyond(name: str, what: str, limit: int) -> LimitError:
    """The error of a document that claims or takes too much."""
    return LimitError(
        "votable.limit", "{name}: {what} is above the limit of {limit:,}", name=name, what=what, limit=limit
    )


def refusing(name: str) -> Refuse:
    """Return a `Refuse` that raises: for documents that are taken whole or not at all."""

    def refuse(row: int | None, reason: str, detail: str, _: int) -> None:
        raise UsageError(
            "votable.rows",
            "{name}, {place}: {reason}: {detail}",
            name=name,
            place="after its rows" if row is None else f"row {row}",
            reason=reason,
            detail=detail,
        )

    return refuse
