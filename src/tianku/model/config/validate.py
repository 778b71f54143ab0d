"""Turn pydantic's findings into file, line, key and fix."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, ValidationError

from tianku.model.config.yamlfile import KeyPath, YamlFile
from tianku.model.errors import UsageError

M = TypeVar("M", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong in a configuration file."""

    file: Path
    line: int
    key: str
    message: str
    fix: str = ""

    def __str__(self) -> str:
        fix = f" ({self.fix})" if self.fix else ""
        return f"{self.file}:{self.line}: {self.key or 'file'}: {self.message}{fix}"


class ConfigError(UsageError):
    """One or more problems; `problems` lists them."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("config.invalid", "{problems}", problems="\n".join(map(str, self.problems)))


def validate(model: type[M], data: dict[str, Any], locate: Callable[[KeyPath], tuple[Path, int]]) -> M:
    """Build `model` from `data`; `locate` gives the file and line of a key path.

    Raises
    ------
    ConfigError
        With every problem found, each with its file, line, key and fix.
    """
    try:
        return model.model_validate(data)
    except ValidationError as error:
        raise ConfigError(_problem(model, dict(e), data, locate) for e in error.errors()) from error


def in_file(source: YamlFile) -> Callable[[KeyPath], tuple[Path, int]]:
    """Return a locator for data that came from one file as it stands."""
    return lambda where: (source.path, source.line(where))


def _problem(
    model: type[BaseModel], error: dict[str, Any], data: Any, locate: Callable[[KeyPath], tuple[Path, int]]
) -> Problem:
    where = _in_data(tuple(error["loc"]), data)
    file, line = locate(where)
    key = ".".join(str(k) for k in where)
    message, fix = str(error["msg"]).removeprefix("Value error, "), ""
    if error["type"] == "extra_forbidden":
        message = f"unknown key `{where[-1]}`"
        names = _known_keys(model, where[:-1])
        near = difflib.get_close_matches(str(where[-1]), names, 1)
        fix = f"did you mean `{near[0]}`?" if near else f"known keys: {', '.join(sorted(names))}" if names else ""
    elif error["type"] == "missing":
        name = str(error["loc"][-1])
        message, fix = f"`{name}` is missing", f"add `{name}:`"
        file, line = locate(where[:-1] if where and where[-1] == name else where)
    elif "input" in error and isinstance(error["input"], str | int | float):
        message = f"{message}, not {error['input']!r}"
        near = difflib.get_close_matches(str(error["input"]), _expected(error), 1)
        fix = f"did you mean `{near[0]}`?" if near else ""
    return Problem(file, line, key, message, fix)


def _expected(error: dict[str, Any]) -> list[str]:
    return [w.strip(" '") for w in str(error.get("ctx", {}).get("expected", "")).replace(" or ", ", ").split(",")]


def _in_data(loc: tuple[str | int, ...], data: Any) -> KeyPath:
    """Drop the parts of pydantic's location that name union members rather than keys."""
    where: list[str | int] = []
    for i, part in enumerate(loc):
        inside = _item(data, part)
        if inside is not None:
            data = inside[0]
        elif i < len(loc) - 1 or not str(part).isidentifier():
            continue
        where.append(part)
    return tuple(where)


def _item(data: Any, part: str | int) -> tuple[Any] | None:
    """Return what `data` holds at `part`, in a tuple, or None when it holds nothing there."""
    if isinstance(data, dict):
        return (data[part],) if part in data else None
    if isinstance(data, list | tuple) and isinstance(part, int) and part < len(data):
        return (data[part],)
    return None


def _known_keys(model: type[BaseModel], where: KeyPath) -> list[str]:
    current: Any = model
    for part in where:
        fields = _models(current)
        if not fields:
            return []
        info = next((f for n, f in fields[0].model_fields.items() if part in (n, f.alias)), None)
        if info is not None:
            current = info.annotation
    models = _models(current)
    return [f.alias or n for m in models for n, f in m.model_fields.items()]


def _models(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [m for a in get_args(annotation) for m in _models(a)]
