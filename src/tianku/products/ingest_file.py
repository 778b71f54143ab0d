"""One file of a product set: its bytes kept, its hash, its parts, as rows of the index."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tianku.products.context import SetContext
from tianku.products.durable import durable
from tianku.products.index import HEADER
from tianku.products.keys import KeyRules, canonical
from tianku.products.observed import FACTS, Header, Observed
from tianku.products.readers.observers import observer
from tianku.products.readers.source import SourceFile

Row = dict[str, Any]
_SUFFIXES = (".gz", ".fz", ".bz2")


@dataclass(frozen=True, slots=True)
class FileRules:
    """What is compiled once per process to read many files of a set."""

    context: SetContext
    keys: KeyRules
    headers: tuple[str, ...]


def file_rows(rules: FileRules, path: Path) -> list[Row]:
    """Return the index rows of one file, after its bytes are kept as the set's ``store`` says.

    Raises
    ------
    UsageError
        The file is at fault: the reason for the reject report.
    """
    file = SourceFile(path)
    base = _file_columns(rules.context, file)
    named: Header = {"stem": stem(path), "filename": path.name}
    rows = [
        {
            **base,
            "key": rules.keys.key({**named, **seen.identity}),
            **_facts(seen),
            **_header_columns(rules, seen.header),
        }
        for seen in observer(rules.context.config.type or "other")(rules.context, file)
    ]
    _keep(rules.context, file)
    return rows


def stem(path: Path) -> str:
    """Return a file name without its format and compression suffixes."""
    name = path.name
    for suffix in _SUFFIXES:
        name = name.removesuffix(suffix)
    return name.rpartition(".")[0] or name


def _file_columns(context: SetContext, file: SourceFile) -> Row:
    in_place = context.config.store == "in-place"
    return {
        "category": context.config.main,
        "store": "in-place" if in_place else "copy",
        "path": str(file.path.resolve()) if in_place else str(kept_path(context, file.path)),
        "inside": str(_inside(context, file.path)),
        "size": file.size,
        "sha256": file.sha256,
        "crc32": file.crc32,
        "mtime": file.mtime,
    }


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


def _keep(context: SetContext, file: SourceFile) -> None:
    """Copy byte-exactly and durably; a copy that is already there with the same bytes is left alone."""
    if context.config.store == "in-place" or context.originals is None:
        return
    target = context.originals / kept_path(context, file.path)
    if target.exists() and SourceFile(target).sha256 == file.sha256:
        return
    with durable(target) as partial:
        shutil.copyfile(file.path, partial)
