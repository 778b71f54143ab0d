"""The three kinds of error a caller can meet.

An error is a stable code, an English template and named parameters, so that each protocol
renders it its own way and the web site translates it by code.
"""

from __future__ import annotations

import uuid
from typing import Any, ClassVar


class TiankuError(Exception):
    """Base of every error that may reach a caller.

    Parameters
    ----------
    code
        Stable dotted name, e.g. ``adql.unknown_column``; the key of its translations.
    template
        English text with ``{name}`` placeholders for `params`.
    """

    kind: ClassVar[str] = "error"
    #: HTTP status for the routes that use one (VO protocols may answer otherwise).
    status: ClassVar[int] = 500

    def __init__(self, code: str, template: str, **params: Any) -> None:
        self.code = code
        self.template = template
        self.params = params
        super().__init__(template.format(**params))

    @property
    def message(self) -> str:
        """The English text with its parameters filled in."""
        return self.template.format(**self.params)

    def __reduce__(self) -> tuple[Any, ...]:
        """Errors cross process borders whole (the default would call the class with the text alone)."""
        return _restored, (type(self), self.__dict__)


def _restored(kind: type[TiankuError], state: dict[str, Any]) -> TiankuError:
    error = kind(state["code"], state["template"], **state["params"])
    error.__dict__.update(state)
    return error


class UsageError(TiankuError):
    """The caller's mistake: says what is wrong, where, and what would be right."""

    kind = "usage"
    status = 400


class NotFoundError(UsageError):
    """What was asked for does not exist, or not for this caller."""

    status = 404


class AuthError(UsageError):
    """Listed but closed to this caller; `params["login"]` says whether logging in may help."""

    status = 403


class CredentialsError(AuthError):
    """Credentials were presented and are wrong; answered with ``WWW-Authenticate``."""

    status = 401


class LimitError(UsageError):
    """A documented limit was exceeded; the text names it."""

    status = 413


class TransientError(TiankuError):
    """Try again after `retry_after` seconds."""

    kind = "transient"
    status = 503

    def __init__(self, code: str, template: str, *, retry_after: int = 5, **params: Any) -> None:
        self.retry_after = retry_after
        super().__init__(code, template, **params)


class FatalError(TiankuError):
    """Our mistake: the caller gets an incident id, the details go to the log."""

    kind = "fatal"
    status = 500

    def __init__(self, code: str, template: str, **params: Any) -> None:
        self.incident = uuid.uuid4().hex[:12]
        super().__init__(code, template, **params)


def public_message(error: TiankuError) -> str:
    """Return the text a caller may read: our own faults show only their incident id."""
    if isinstance(error, FatalError):
        return f"Internal error; if it persists, report incident {error.incident}."
    return error.message
