"""Engine errors by kind. The engine's own words go to the log, never to the caller."""

from __future__ import annotations

import logging

from tianku.model.errors import FatalError, TiankuError, UsageError

log = logging.getLogger(__name__)

ARITHMETIC = (
    "A calculation in the query has no result: an integer overflow, a division by zero, or an argument "
    "outside a function's domain. Cast to DOUBLE PRECISION, or exclude such rows in WHERE."
)
CONVERSION = (
    "A value in the query cannot be converted to the type it is cast to or compared with. "
    "Compare numbers with numbers and texts with texts, or exclude such rows in WHERE."
)
TYPES = (
    "A function or operator in the query is applied to values of a type it does not accept. "
    "Check the column types in the table's description, or use CAST."
)
MEMORY = (
    "The query needs more memory or temporary space than one query may have. Select fewer columns or rows, "
    "restrict the join, or drop ORDER BY, GROUP BY or DISTINCT over the whole table."
)
TIMEOUT = (
    "The query ran longer than {seconds:g} s and was stopped. Restrict it (position, TOP), "
    "or run it as an asynchronous job."
)

#: How an engine message begins -> what the caller is told.
_PREFIXES: tuple[tuple[str, str, str], ...] = (
    ("Out of Range Error", "query.arithmetic", ARITHMETIC),
    ("Invalid Input Error: Division by zero", "query.arithmetic", ARITHMETIC),
    ("Invalid Input Error: Overflow", "query.arithmetic", ARITHMETIC),
    ("Conversion Error", "query.conversion", CONVERSION),
    ("Mismatch Type Error", "query.conversion", CONVERSION),
    ("Out of Memory Error", "query.memory", MEMORY),
    ("Binder Error: No function matches", "query.types", TYPES),
    ("Binder Error: Could not choose a best candidate", "query.types", TYPES),
    ("Binder Error: Cannot compare values", "query.types", TYPES),
    ("Binder Error: Cannot mix values", "query.types", TYPES),
    ("Binder Error: Cannot combine types", "query.types", TYPES),
)


def timeout(seconds: float | None) -> UsageError:
    """Return the error of a query that outlived its limit."""
    return UsageError("query.timeout", TIMEOUT, seconds=seconds or 0.0)


def cancelled() -> UsageError:
    """Return the error of a query that somebody stopped."""
    return UsageError("query.cancelled", "The query was cancelled.")


def failed(details: str) -> FatalError:
    """Log `details` with an incident id and return the error that names the id only."""
    error = FatalError(
        "engine.failed", "The query failed inside the data engine; this is our mistake and has been recorded."
    )
    log.error("engine.failed incident=%s %s", error.incident, details)
    return error


def translate(words: str) -> TiankuError:
    """Return the error of the kind that the engine's own `words` stand for."""
    for prefix, code, template in _PREFIXES:
        if words.startswith(prefix):
            log.info("%s: %s", code, words)
            return UsageError(code, template)
    return failed(words)
