"""One file of a product set: its bytes kept, its hash, its parts, as rows of the index."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tianku.products.context import SetContext
from tianku.products.durable import durable
from tianku.products.index import HEADER
from tianku.products.keys import KeyRules, canonical
from tianku.products.observed import FACTS, Header, Observed
from tianku.products.packs import PACK, Shard, packable
from tianku.products.readers.observers import observer
from tianku.products.readers.source import SourceFile
from tianku.products.renditions import OtherFile, other_files, stem

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class FileRules:
    """What is compiled once per process to read many files of a set."""

    context: SetContext
    keys: KeyRules
    headers: tuple[str, ...]
    #: what packed files go into
    shard: Shard | None = None


def file_rows(rules: FileRules, path: Path) -> list[Row]:
    """Return the index rows of one file and of those that belong to it, their bytes kept as ``store`` says.

    Raises
    ------
    UsageError
        The file is at fault: the reason for the reject report.
    """
    context, file = rules.context, SourceFile(path)
    others, missing = other_files(context.config, context.source_root, path)
    base = _file_columns(context, file, context.config.main)
    named: Header = {"stem": stem(path), "filename": path.name}
    rows: list[Row] = []
    for seen in observer(context.config.type or "other")(context, file):
        key = rules.keys.key({**named, **seen.identity})
        rows.append({**base, "key": key, **_facts(seen), **_header_columns(rules, seen.header)})
    if missing:
        for row in rows:
            row["notes"] = ",".join(filter(None, (row["notes"], "companion.missing")))
    rows += _other_rows(context, file, others, dict.fromkeys(row["key"] for row in rows))
    kept = {str(index_path(context, one.path)): _keep(rules, one) for one in (file, *map(_source, others))}
    for row in rows:
        row["offset"] = kept[row["path"]]
    return rows


def _source(other: OtherFile) -> SourceFile:
    return SourceFile(other.path)


def _other_rows(
    context: SetContext, main: SourceFile, others: Sequence[OtherFile], keys: Iterable[str]
) -> list[Row]:
    """Rows with the facts of files alone: one per product that they belong to."""
    rows: list[Row] = []
    for other in others:
        file = main if other.path == main.path else SourceFile(other.path)
        facts = _file_columns(context, file, other.category)
        ext = other.ext if isinstance(other.ext, int) else None
        detail = json.dumps({"ext": other.ext}) if isinstance(other.ext, str) else None
        rows += [{**facts, "key": key, "part": "", "ext": ext, "detail": detail} for key in keys]
    return rows


def _file_columns(context: SetContext, file: SourceFile, category: str) -> Row:
    return {
        "category": category,
        "store": _store(context, file),
        "path": index_path(context, file.path),
        "inside": str(_inside(context, file.path)),
        "size": file.size,
        "sha256": file.sha256,
        "crc32": file.crc32,
        "mtime": file.mtime,
    }


def _store(context: SetContext, file: SourceFile) -> str:
    if context.config.store == "pack-copy":
        return PACK if packable(file.size) else "copy"
    return context.config.store


def index_path(context: SetContext, path: Path) -> str:
    """Return how the index names a file: absolute where it stays in place, else below the originals."""
    return str(path.resolve()) if context.config.store == "in-place" else str(kept_path(context, path))


def kept_path(context: SetContext, path: Path) -> Path:
    """Return where a copied file goes, relative to the originals: ``<dataset>/<set>/<path under the source>``."""
    return Path(context.dataset) / context.name / _inside(context, path)


def _inside(context: SetContext, path: Path) -> Path:
    """The path below the source folder; the bare name of a file that lies elsewhere."""
    root = context.source_root
    return path.relative_to(root) if root and path.is_relative_to(root) else Path(path.name)


def _facts(seen: Observed) -> Row:
    facts: Row = {name: getattr(seen, name) for name in FACTS}
    facts["detail"] = json.dumps(seen.detail, separators=(",", ":")) if seen.detail else None
    facts["notes"] = ",".join(seen.notes) or None
    return facts


def _header_columns(rules: FileRules, header: Mapping[str, object]) -> Row:
    folded = {canonical(k): v for k, v in header.items()}
    return {HEADER + name: _text(folded.get(name)) for name in rules.headers}


def _text(value: object) -> str | None:
    if isinstance(value, bool):
        return "true" if value else "false"
    return (str(value).strip() or None) if value is not None else None


def _keep(rules: FileRules, file: SourceFile) -> int | None:
    """Pack a file and return where it is in the shard, or copy it byte-exactly and durably.

    A copy that is already there with the same bytes is left alone.
    """
    context = rules.context
    store = _store(context, file)
    if store == "in-place" or context.originals is None:
        return None
    if store == PACK and rules.shard is not None:
        return rules.shard.add(file, str(kept_path(context, file.path)))
    target = context.originals / kept_path(context, file.path)
    if not (target.exists() and SourceFile(target).sha256 == file.sha256):
        with durable(target) as partial:
            shutil.copyfile(file.path, partial)
    return None
