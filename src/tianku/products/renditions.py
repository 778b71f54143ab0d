"""The other files of a product: renditions by category (``from:``), and companions by name or extension.

They are found from the main file's own path, so that a set of any size needs no list of all its files in memory.
"""

from __future__ import annotations

import glob
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path, PurePath

from tianku.model.config.products import ProductConfig
from tianku.model.config.sources import expand_alternatives, resolve_files

_SUFFIXES = (".gz", ".fz", ".bz2")
_WILDCARD = re.compile(r"\*\*/|\*|\?|\[[^]]+\]")


@dataclass(frozen=True, slots=True)
class OtherFile:
    """A file of a product beside its main one; `ext` where it is a part of a FITS file."""

    category: str
    path: Path
    ext: str | int | None = None


def stem(path: PurePath) -> str:
    """Return a file name without its format and compression suffixes."""
    name = path.name
    for suffix in _SUFFIXES:
        name = name.removesuffix(suffix)
    return name.rpartition(".")[0] or name


def other_files(config: ProductConfig, root: Path | None, main: Path) -> tuple[list[OtherFile], list[str]]:
    """Return the files that belong to the product in `main`, and the companions that are missing."""
    found = list(_renditions(config, root, main)) if root is not None else []
    missing = []
    for category, companion in config.companions.items():
        path = main
        if companion.replace is not None:
            path = main.with_name(main.name.replace(*companion.replace))
            if path == main or not path.is_file():
                missing.append(category)
                continue
        found.append(OtherFile(category, path, companion.ext))
    return found, missing


def offered(config: ProductConfig, root: Path | None) -> Iterator[OtherFile]:
    """Yield every file that the patterns of the other categories name, whether a product has it or not."""
    for category, patterns in (config.from_ or {}).items():
        if category != config.main and root is not None and isinstance(patterns, list | tuple):
            yield from (OtherFile(category, path) for path in resolve_files(map(str, patterns), root))


def _renditions(config: ProductConfig, root: Path, main: Path) -> Iterator[OtherFile]:
    patterns = config.from_ or {}
    others = [c for c, p in patterns.items() if c != config.main and isinstance(p, list | tuple)]
    if not others:
        return
    captured = _captured(tuple(map(str, patterns.get(config.main, ()))), root, main)
    for category in others:
        path = _first(patterns[category], root, main, captured)
        if path is not None:
            yield OtherFile(category, path)


def _first(
    patterns: list[str], root: Path, main: Path, captured: tuple[tuple[str, ...], tuple[str, ...]] | None
) -> Path | None:
    """The file of a category whose wildcards stand for the same as in the main file's pattern, else by stem."""
    for pattern in (one for text in patterns for one in expand_alternatives(str(text))):
        wildcards = tuple(_WILDCARD.findall(pattern))
        if captured is not None and wildcards == captured[0]:
            path = root / _filled(pattern, captured[1])
            if path.is_file():
                return path
            continue
        folder, _, name = pattern.rpartition("/")
        fitted = name.replace("*", glob.escape(stem(main)), 1)
        for path in resolve_files([f"{folder}/{fitted}" if folder else fitted], root):
            if stem(path) == stem(main):
                return path
    return None


def _filled(pattern: str, words: Iterable[str]) -> str:
    """Put `words` where the wildcards of `pattern` are."""
    rest = iter(words)
    return _WILDCARD.sub(lambda _: next(rest), pattern)


def _captured(patterns: tuple[str, ...], root: Path, main: Path) -> tuple[tuple[str, ...], tuple[str, ...]] | None:
    """The wildcards of the pattern that names `main`, and what each stands for."""
    if not main.is_relative_to(root):
        return None
    inside = main.relative_to(root).as_posix()
    for wildcards, expression in _compiled(patterns):
        if found := expression.fullmatch(inside):
            return wildcards, tuple(found.groups())
    return None


@cache
def _compiled(patterns: tuple[str, ...]) -> tuple[tuple[tuple[str, ...], re.Pattern[str]], ...]:
    return tuple(
        (tuple(_WILDCARD.findall(pattern)), re.compile(_expression(pattern)))
        for text in patterns
        for pattern in expand_alternatives(text)
    )


def _expression(pattern: str) -> str:
    pieces, at = [], 0
    for wildcard in _WILDCARD.finditer(pattern):
        pieces.append(re.escape(pattern[at : wildcard.start()]))
        simple = {"**/": "((?:[^/]+/)*)", "*": "([^/]*)", "?": "([^/])"}
        pieces.append(simple.get(wildcard[0], f"({wildcard[0].replace('[!', '[^')})"))
        at = wildcard.end()
    return "".join(pieces) + re.escape(pattern[at:])
