"""Who may have what, changed while the site runs: rules of operators over those of the configuration."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from pydantic import TypeAdapter, ValidationError

from tianku.model.access import Level, Rule
from tianku.model.config.access import AccessRule, Whos
from tianku.model.config.load import LoadedDataset, load_installation
from tianku.model.config.rights import access_rule
from tianku.model.errors import NotFoundError, UsageError
from tianku.state import repositories
from tianku.usecases.installation import connect
from tianku.usecases.policy import compile_rule

#: a release date, or `never`
Public = datetime | Literal["never"]
_WHOS: TypeAdapter[tuple[str, ...]] = TypeAdapter(Whos)


@dataclass(frozen=True, slots=True)
class AccessLine:
    """The rule of a dataset, table or product set, and whether an operator set it."""

    resource: str
    rule: Rule
    overridden: bool

    def text(self) -> str:
        """Return the rule on one line."""
        parts = [f"{level.name.lower()}: {_who(self.rule, level)}" for level in Level]
        return "; ".join(parts) + (" (set by an operator)" if self.overridden else "")


def _who(rule: Rule, level: Level) -> str:
    who = sorted(rule.who.get(level, ()))
    if (at := rule.public_from.get(level)) is not None:
        who.append(f"everybody from {_day(at)}")
    if (at := rule.rows_from.get(level)) is not None:
        who.append("everybody row by row" + (f" from {_day(at)}" if at else ""))
    return ", ".join(who) or "nobody"


def _day(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def access(root: Path, resource: str | None = None) -> list[AccessLine]:
    """Return the rules that hold: of every configured dataset, or of `resource` and its parts."""
    connect(root)
    datasets = load_installation(root).datasets
    with repositories.session():
        overrides = repositories.policy_overrides()
    lines = [line for _, loaded in sorted(datasets.items()) for line in _lines(loaded, overrides)]
    if resource is None:
        return lines
    found = [one for one in lines if one.resource == resource or one.resource.startswith(f"{resource}/")]
    if not found:
        raise _unknown(resource, datasets)
    return found


def _lines(loaded: LoadedDataset, overrides: Mapping[str, Rule]) -> list[AccessLine]:
    config = loaded.config
    own = overrides.get(config.dataset)
    whole = own or _configured(loaded, None, None)
    lines = [AccessLine(config.dataset, whole, own is not None)]
    ruled = {name: part.access for name, part in config.tables.items()}
    ruled |= {name: part.access for name, part in config.products.items()}
    for name, said in ruled.items():
        resource = f"{config.dataset}/{name}"
        if resource in overrides:
            lines.append(AccessLine(resource, overrides[resource], True))
        elif said is not None:
            lines.append(AccessLine(resource, _configured(loaded, name, None), False))
    return lines


def _configured(loaded: LoadedDataset, name: str | None, public: Public | None, **levels: object) -> Rule:
    """Return the configured rule of a dataset or of its part `name`, with `levels` and the date replaced."""
    config = loaded.config
    part = None if name is None else config.tables.get(name) or config.products.get(name)
    said = access_rule(config, loaded.collection, part)
    if levels:
        said = (said or AccessRule()).model_copy(update=levels)
    return compile_rule(said, config.released.public if public is None else public)


def set_access(
    root: Path, resource: str, levels: Mapping[Level, Sequence[str]], public: Public | None = None
) -> AccessLine:
    """Put levels of a dataset, table or product set, or its release date, in place of the configured ones.

    What is not given stays as configured. Servers follow within two seconds.

    Parameters
    ----------
    resource
        ``dataset`` or ``dataset/name`` of a table or product set.
    levels
        ``public``, ``nobody``, ``group:<name>`` or ``user:<name>`` by level.

    Raises
    ------
    UsageError
        ``access.who``, ``access.nothing``.
    NotFoundError
        ``access.unknown``
    """
    if not levels and public is None:
        raise UsageError("access.nothing", "say which level or date of {resource} changes", resource=resource)
    connect(root)
    loaded, name = _find(load_installation(root).datasets, resource)
    checked = {level.name.lower(): _checked(who) for level, who in levels.items()}
    rule = _configured(loaded, name, public, **checked)
    with repositories.session():
        repositories.set_policy(resource, rule)
    return AccessLine(resource, rule, True)


def reset_access(root: Path, resource: str) -> None:
    """Go back to the configured rule of a resource.

    Raises
    ------
    NotFoundError
        ``access.not_set``
    """
    connect(root)
    with repositories.session():
        if resource not in repositories.policy_overrides():
            raise NotFoundError(
                "access.not_set", "no operator has set the access of {resource}", resource=resource
            )
        repositories.set_policy(resource, None)


def _checked(who: Sequence[str]) -> tuple[str, ...]:
    try:
        return _WHOS.validate_python(list(who))
    except ValidationError as error:
        raise UsageError(
            "access.who",
            "{given} is not `public`, `nobody`, `group:NAME` or `user:NAME`",
            given=", ".join(map(repr, who)),
        ) from error


def _find(datasets: Mapping[str, LoadedDataset], resource: str) -> tuple[LoadedDataset, str | None]:
    if resource in datasets:
        return datasets[resource], None
    dataset, _, name = resource.rpartition("/")
    loaded = datasets.get(dataset)
    if loaded is None or name not in {*loaded.config.tables, *loaded.config.products}:
        raise _unknown(resource, datasets)
    return loaded, name


def _unknown(resource: str, datasets: Mapping[str, LoadedDataset]) -> NotFoundError:
    return NotFoundError(
        "access.unknown",
        "{resource} is no configured dataset, table or product set; datasets are: {known}",
        resource=resource,
        known=", ".join(sorted(datasets)) or "none",
    )
