"""Names of columns: from what a source calls them to what queries call them."""

from __future__ import annotations

import re
from collections.abc import Iterable


def unique_names(cells: Iterable[str]) -> tuple[str, ...]:
    """Return header cells as distinct names: trimmed, an empty one as ``column_N``, repeats numbered."""
    names: list[str] = []
    seen: set[str] = set()
    for index, cell in enumerate(cells):
        name = _free(cell.strip() or f"column_{index + 1}", seen)
        names.append(name)
    return tuple(names)


def published_names(source: Iterable[str]) -> dict[str, str]:
    """Return the query name of each source column that no configuration renames.

    Letters, digits and ``_`` stay, anything else becomes ``_``; a name begins with a letter; names that
    differ only in case are numbered, since queries ignore case.
    """
    seen: set[str] = set()
    return {name: _free(_identifier(name), seen) for name in source}


def _identifier(name: str) -> str:
    plain = re.sub(r"[^0-9A-Za-z_]+", "_", name).strip("_")
    if not plain:
        return "column"
    return plain if plain[0].isalpha() else f"c_{plain}"


def _free(name: str, seen: set[str]) -> str:
    candidate, number = name, 2
    while candidate.lower() in seen:
        candidate, number = f"{name}_{number}", number + 1
    seen.add(candidate.lower())
    return candidate
