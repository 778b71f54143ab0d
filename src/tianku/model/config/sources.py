"""Resolve source patterns of a configuration to files."""

from __future__ import annotations

import importlib.util
import itertools
import re
from collections.abc import Iterable
from pathlib import Path

from tianku.model.errors import UsageError

_ALTERNATIVES = re.compile(r"\{([^{}|]*(?:\|[^{}|]*)+)\}")


def expand_alternatives(pattern: str) -> list[str]:
    """Return the patterns that ``{a|b}`` groups stand for, in order."""
    parts = _ALTERNATIVES.split(pattern)
    choices = [p.split("|") if i % 2 else [p] for i, p in enumerate(parts)]
    return ["".join(c) for c in itertools.product(*choices)]


def resolve_files(patterns: Iterable[str], root: Path) -> list[Path]:
    """Return the existing files that `patterns` name, sorted within each pattern, without repeats.

    A pattern is a path or glob relative to `root` (``**`` crosses folders, ``{a|b}`` are
    alternatives), an absolute path, or ``package:NAME/path`` inside an installed package.
    """
    found: dict[Path, None] = {}
    for pattern in patterns:
        for one in expand_alternatives(pattern):
            for path in _resolve(one, root):
                found.setdefault(path)
    return list(found)


def _resolve(pattern: str, root: Path) -> list[Path]:
    if pattern.startswith("package:"):
        return [_in_package(pattern)]
    path = Path(pattern)
    if not any(c in pattern for c in "*?["):
        path = path if path.is_absolute() else root / path
        return [path] if path.is_file() else []
    base = Path(path.anchor) if path.is_absolute() else root
    relative = str(path.relative_to(path.anchor)) if path.is_absolute() else pattern
    return sorted(p for p in base.glob(relative) if p.is_file())


def _in_package(pattern: str) -> Path:
    name, _, inside = pattern.removeprefix("package:").partition("/")
    spec = importlib.util.find_spec(name)
    if spec is None or not spec.submodule_search_locations:
        raise UsageError(
            "source.no_package",
            "{pattern}: the package {name} is not installed; try `pip install tianku[demo]`",
            pattern=pattern,
            name=name,
        )
    path = Path(next(iter(spec.submodule_search_locations))) / inside
    if not path.is_file():
        raise UsageError("source.no_file", "{pattern}: the package has no such file", pattern=pattern)
    return path
