"""The one function that says what exists for whom, and which rows and bytes they get."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from tianku.model.access import Level, Principal, Rule
from tianku.model.config.access import AccessRule
from tianku.model.config.collection import CollectionConfig
from tianku.model.config.dataset import DatasetConfig
from tianku.model.config.rights import access_rule
from tianku.model.errors import AuthError

PUBLIC = "public"


def decide(principal: Principal, rule: Rule, level: Level, now: float) -> bool:
    """Return whether `principal` holds `level` of what `rule` guards, at POSIX time `now`.

    Who holds a level holds the lower ones; an instant in `rule.public_from` opens its level,
    and the lower ones, to everybody.
    """
    if principal.operator:
        return True
    for held in (one for one in Level if one >= level):
        opened = rule.public_from.get(held)
        if opened is not None and opened <= now:
            return True
        if not rule.who.get(held, frozenset()).isdisjoint(names(principal)):
            return True
    return False


def rows_from(rule: Rule, level: Level) -> float | None:
    """Return the POSIX time from which rows open one by one at `level`, or None when they do not."""
    return min((at for held, at in rule.rows_from.items() if held >= level), default=None)


def partly(principal: Principal, rule: Rule, level: Level, now: float) -> bool:
    """Return whether `principal` holds `level` of everything, or of rows whose own instant has passed."""
    if decide(principal, rule, level, now):
        return True
    start = rows_from(rule, level)
    return start is not None and start <= now and decide(principal, rule, Level.EXISTENCE, now)


def row_open(principal: Principal, rule: Rule, level: Level, now: float, instant: float | None) -> bool:
    """Return whether `principal` holds `level` of one row that becomes public at `instant` (None: never)."""
    if decide(principal, rule, level, now):
        return True
    start = rows_from(rule, level)
    return start is not None and instant is not None and max(start, instant) <= now


def names(principal: Principal) -> frozenset[str]:
    """Return the entries of an access rule that `principal` answers to."""
    mine = {PUBLIC, *(f"group:{g}" for g in principal.groups)}
    if principal.user is not None:
        mine.add(f"user:{principal.user}")
    return frozenset(mine)


def is_public(rule: Rule, level: Level, now: float) -> bool:
    """Return whether everybody holds `level`."""
    return decide(Principal(), rule, level, now)


def require(principal: Principal, rule: Rule, level: Level, now: float, what: str) -> None:
    """Raise `AuthError` unless `principal` holds `level` of everything; the text says how to get it."""
    if not decide(principal, rule, level, now):
        raise closed(principal, rule, what)


def closed(principal: Principal, rule: Rule, what: str) -> AuthError:
    """Return the error that says `what` is closed to `principal`, and how to get in."""
    hint = rule.apply or (
        "log in with an account that has access"
        if principal.anonymous
        else "your account has no access; ask the collection's managers"
    )
    return AuthError(
        "policy.closed", "{what} is not public: {hint}", what=what, hint=hint, login=principal.anonymous
    )


def dataset_rule(dataset: DatasetConfig, collection: CollectionConfig) -> Rule:
    """Compile the rule of a dataset from its own, its release's and its release dates."""
    return compile_rule(access_rule(dataset, collection), dataset.released.public)


def compile_rule(configured: AccessRule | None, public: datetime | str | None) -> Rule:
    """Return the rule that says: existence public, the rest by the release date, unless configured.

    With ``public_from`` rows open one by one: the release date is then the earliest, not the one of all.
    """
    who: dict[Level, frozenset[str]] = {Level.EXISTENCE: frozenset({PUBLIC})}
    opened: dict[Level, float] = {}
    said = {level: getattr(configured, level.name.lower()) if configured else None for level in Level}
    for level, entries in said.items():
        if entries is not None:
            who[level] = frozenset(entries)
    rows: dict[Level, float] = {}
    for level in (Level.METADATA, Level.DATA):
        if configured is not None and configured.public_from is not None:
            if said[level] is None:
                who[level] = _inherited(said, level) - {PUBLIC}
            if public != "never":
                rows[level] = public.timestamp() if isinstance(public, datetime) else 0.0
        elif isinstance(public, datetime):
            opened[level] = public.timestamp()
        elif said[level] is None and public is None:
            who[level] = _inherited(said, level)
    how = str(configured.apply) if configured and configured.apply else None
    return Rule(who=who, public_from=opened, rows_from=rows, apply=how)


def _inherited(said: dict[Level, Iterable[str] | None], level: Level) -> frozenset[str]:
    """A level not spoken of follows the nearest lower one that is; nothing said means public."""
    lower = [entries for held, entries in sorted(said.items()) if held < level and entries is not None]
    return frozenset(lower[-1]) if lower else frozenset({PUBLIC})


def part_rule(configured: AccessRule | None, dataset: DatasetConfig, parent: Rule) -> Rule:
    """Return the rule of a table or product set: its own where it has one, else `parent`."""
    if configured is None:
        return parent
    return compile_rule(configured, dataset.released.public)
