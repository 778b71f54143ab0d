"""Collect the metadata of a VOTable while its elements go by."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from tianku.formats.votable_read.errors import beyond, malformed
from tianku.formats.votable_read.meta import FieldMeta, TableMeta
from tianku.model.errors import UsageError

MAX_FIELDS = 10_000
MAX_TABLES = 10_000
_FIELD_KEYS = ("id", "datatype", "arraysize", "unit", "ucd", "utype", "xtype", "ref")
_SYSTEM_KEYS = ("system", "equinox", "epoch", "refposition", "timescale", "timeorigin")
_TEXTS = ("DESCRIPTION", "INFO")


class MetadataBuilder:
    """Told of every element outside rows; keeps the tables met so far."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._number = 0
        self._table: TableMeta | None = None
        self._open: list[Any] = []  # what the open elements became, None for those without meaning here
        self._scopes: list[TableMeta] = []  # params and infos of the document and of open RESOURCEs
        self._words: list[str] = []
        self._done: list[TableMeta] = []
        self._tables: dict[str, TableMeta] = {}
        self._fields: dict[str, FieldMeta] = {}  # of the open table, by ID
        self._systems: dict[str, dict[str, str]] = {}
        self._groups: dict[str, str] = {}  # ID of a GROUP -> what it refers to
        self._nulls: dict[str, str | None] = {}  # ID of VALUES -> its null
        self._error = ""

    def current_table(self) -> TableMeta:
        """The open table, its fields resolved."""
        if self._table is None:
            raise malformed(self._name, "it has rows outside of a TABLE")
        self._resolve(self._table)
        return self._table

    def take_tables(self) -> Iterator[TableMeta]:
        """Give out the tables that have ended."""
        done, self._done = self._done, []
        yield from done

    def finish(self) -> None:
        """The document has ended: raise its error message when it holds nothing else."""
        if self._error and not self._tables_with_rows():
            raise self._query_error(self._error)

    def _tables_with_rows(self) -> bool:
        return any(t.serialisation for t in self._tables.values())

    def start(self, local: str, attributes: Mapping[str, str]) -> None:
        """An element begins."""
        said = {key.lower(): value for key, value in attributes.items()}
        make = getattr(self, f"_start_{local.lower()}", None) if local.isupper() or local == "FIELDref" else None
        self._open.append(make(said) if make is not None else None)
        if local in _TEXTS:
            self._words = []

    def text(self, text: str) -> None:
        """Characters of the innermost element."""
        self._words.append(text)

    def end(self, local: str) -> None:
        """An element ends."""
        thing = self._open.pop() if self._open else None
        if local == "DESCRIPTION":
            self._describe(" ".join("".join(self._words).split()))
        elif local == "INFO":
            self._info(thing, "".join(self._words).strip())
        elif local == "RESOURCE":
            self._scopes.pop()
        elif local == "TABLE" and self._table is not None:
            self._resolve(self._table)
            self._tables[self._table.id or f"#{self._table.number}"] = self._table
            self._done.append(self._table)
            self._table = None

    def _start_votable(self, _: Mapping[str, str]) -> TableMeta:
        self._scopes.append(TableMeta(0))
        return self._scopes[-1]

    def _start_resource(self, _: Mapping[str, str]) -> TableMeta:
        self._scopes.append(TableMeta(0))
        return self._scopes[-1]

    def _start_table(self, said: Mapping[str, str]) -> TableMeta:
        if self._table is not None:
            raise malformed(self._name, "a TABLE is inside another one")
        self._number += 1
        if self._number > MAX_TABLES:
            raise beyond(self._name, "the number of its tables", MAX_TABLES)
        rows = said.get("nrows", "")
        self._table = TableMeta(
            self._number,
            name=said.get("name", ""),
            id=said.get("id"),
            ref=said.get("ref"),
            utype=said.get("utype"),
            nrows=int(rows) if rows.isdecimal() and len(rows) < 19 else None,
            scopes=tuple(reversed(self._scopes)),
        )
        self._fields = {}
        return self._table

    def _start_field(self, said: Mapping[str, str]) -> FieldMeta:
        made = _field(said)
        if self._table is not None:
            made.name = made.name or f"column_{len(self._table.fields) + 1}"
            self._table.fields.append(made)
            self._fields[made.id or ""] = made
            if len(self._table.fields) > MAX_FIELDS:
                raise beyond(self._name, "the number of its fields", MAX_FIELDS)
        return made

    def _start_param(self, said: Mapping[str, str]) -> FieldMeta:
        made = _field(said)
        made.value = said.get("value", "")
        scope = self._table or self._scopes[-1]
        scope.params.append(made)
        if made.name.lower() == "error" and self._table is None:
            self._error = made.value
        if (made.utype or "").endswith("CoordRefFrame"):
            for group in self._open_groups():
                self._systems.setdefault(group, {})["system"] = made.value
        return made

    def _start_values(self, said: Mapping[str, str]) -> None:
        null = said["null"] if "null" in said else self._nulls.get(said.get("ref", ""))
        if "id" in said:
            self._nulls[said["id"]] = null
        owner = self._open[-1] if self._open else None
        if isinstance(owner, FieldMeta) and said.get("type", "legal") == "legal" and null is not None:
            owner.null = null

    def _start_info(self, said: Mapping[str, str]) -> Mapping[str, str]:
        return said

    def _start_coosys(self, said: Mapping[str, str]) -> None:
        if "id" in said:
            self._systems[said["id"]] = {k: said[k].strip() for k in _SYSTEM_KEYS if said.get(k, "").strip()}

    _start_timesys = _start_coosys

    def _start_group(self, said: Mapping[str, str]) -> dict[str, str]:
        if "id" in said and "ref" in said:
            self._groups[said["id"]] = said["ref"]
        return dict(said)

    def _start_fieldref(self, said: Mapping[str, str]) -> None:
        """A field named by a group that refers to a system is given in that system."""
        group = self._open[-1] if self._open else None
        if self._table is None or not isinstance(group, dict) or "ref" not in group:
            return
        named = self._fields.get(said.get("ref", ""))
        if named is not None and named.ref is None:
            named.ref = group["ref"]

    def _open_groups(self) -> Iterator[str]:
        return (thing["id"] for thing in self._open if isinstance(thing, dict) and "id" in thing)

    def _describe(self, text: str) -> None:
        owner = self._open[-1] if self._open else None
        if isinstance(owner, FieldMeta | TableMeta) and not owner.description:
            owner.description = text

    def _info(self, said: Mapping[str, str] | None, text: str) -> None:
        said = said or {}
        name, value = said.get("name", said.get("id", "")), said.get("value", "")
        if name.upper() == "QUERY_STATUS" and value.strip().upper() == "ERROR":
            raise self._query_error(text or value)
        if name.lower() == "error" and self._table is None:
            self._error = value or text
        scope = self._table or (self._scopes[-1] if self._scopes else None)
        if scope is not None:
            scope.infos.append((name, value or text))

    def _query_error(self, text: str) -> UsageError:
        return UsageError(
            "votable.query_status",
            "{name} is an error message of a service, not a table: {text}",
            name=self._name,
            text=" ".join(text.split())[:1000],
        )

    def _resolve(self, table: TableMeta) -> None:
        """Fields of the table it refers to, and systems of its fields."""
        source = self._tables.get(table.ref or "")
        if source is not None and not table.fields:
            table.fields = source.fields
        for one in table.fields:
            one.system = self._system(one.ref)

    def _system(self, ref: str | None) -> Mapping[str, str]:
        for _ in range(4):  # a field, a group, a group of groups
            if ref is None:
                break
            if ref in self._systems:
                return self._systems[ref]
            ref = self._groups.get(ref)
        return {}


def _field(said: Mapping[str, str]) -> FieldMeta:
    facts: dict[str, Any] = {key: said[key].strip() for key in _FIELD_KEYS if said.get(key, "").strip()}
    return FieldMeta(name=(said.get("name") or said.get("id") or "").strip(), **facts)
