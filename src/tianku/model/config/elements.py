"""Tables that nobody has to write: one row per element of a list column which points to another table."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

#: keys of a table that hold for its elements, too
_SHARED = ("from", "access", "same_as")


def with_element_tables(said: dict[str, Any]) -> None:
    """Add ``<table>__<column>`` for every list column with ``references``, and the relations of all references.

    `said` is a dataset's configuration before validation, so nothing about its shape is certain.
    """
    tables, relations = said.get("tables"), said.get("relations") or []
    if not isinstance(tables, dict) or not isinstance(relations, list):
        return
    for name, table in list(tables.items()):
        if not isinstance(table, dict):
            continue
        for column, target, listed in _references(table):
            if not listed:
                relations = [*relations, f"{name}.{column} -> {target}"]
                continue
            made = f"{name}__{column}".lower()
            element = target.rpartition(".")[2]
            tables.setdefault(made, _elements(name, column, element, table))
            relations = [*relations, f"{made}.{element} -> {target}"]
            if isinstance(key := table.get("id"), str):
                relations.append(f"{made}.{key} -> {name}.{key}")
    if relations:
        said["relations"] = [r for n, r in enumerate(relations) if r not in relations[:n]]


def _references(table: dict[str, Any]) -> Iterator[tuple[str, str, bool]]:
    """Columns that point elsewhere: name, ``table.column``, and whether they hold lists."""
    lists = table.get("lists")
    for column, how in lists.items() if isinstance(lists, dict) else ():
        if isinstance(how, dict) and _is_target(how.get("references")):
            yield str(column), how["references"], True
    columns = table.get("columns")
    for own in columns if isinstance(columns, list) else ():
        if isinstance(own, dict) and isinstance(own.get("name"), str) and _is_target(own.get("references")):
            yield own["name"], own["references"], own.get("split") is not None


def _is_target(value: object) -> bool:
    return isinstance(value, str) and all(value.rpartition(".")[::2])


def _elements(name: str, column: str, element: str, table: dict[str, Any]) -> dict[str, Any]:
    return {
        **{key: table[key] for key in _SHARED if key in table},
        "elements_of": {"table": name, "column": column, "name": element},
        "title": {"en": f"{column} of {name}, one row per element", "zh": f"{name} 的 {column}，每个元素一行"},
        "protocols": ["tap", "download"],
    }
