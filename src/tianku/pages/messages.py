"""Chinese texts: YAML in the package, compiled for gettext when a process starts.

So that neither building nor running needs the gettext tools, and translators see one plain file.
"""

from __future__ import annotations

import os
import struct
import tempfile
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, cast

import yaml

from tianku.model.errors import FatalError, TiankuError

_FOLDER = Path(__file__).parent / "locale"
_HEADER = "Content-Type: text/plain; charset=UTF-8\nPlural-Forms: nplurals=1; plural=0;\nLanguage: zh_Hans\n"


@cache
def site_texts() -> Mapping[str, str]:
    """Return Chinese by English for everything the pages say."""
    return _load("zh.yaml")


@cache
def error_texts() -> Mapping[str, str]:
    """Return Chinese templates by error code, with the English templates' placeholders."""
    return _load("errors.zh.yaml")


def _load(name: str) -> dict[str, str]:
    # CSafeLoader where it exists: these are read at every start.
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    return cast(dict[str, str], yaml.load((_FOLDER / name).read_text("utf-8"), Loader=loader))  # noqa: S506


def error_text(error: TiankuError, language: str) -> str:
    """Return what a person may read of `error`; our own faults show only their incident id."""
    code = "internal" if isinstance(error, FatalError) else error.code
    params = {"incident": error.incident} if isinstance(error, FatalError) else error.params
    if language.startswith("zh") and code in error_texts():
        return error_texts()[code].format(**params)
    if isinstance(error, FatalError):
        return f"Internal error; if it persists, report incident {error.incident}."
    return error.message


def stated_text(error: Mapping[str, Any], language: str) -> str:
    """Return the text of an error that was stored with its ``code``, ``message`` and ``params``."""
    code = "internal" if error["kind"] == FatalError.kind and "incident" in error["params"] else error["code"]
    template = error_texts().get(code) if language.startswith("zh") else None
    return str(error["message"]) if template is None else template.format(**error["params"])


def install(folder: Path) -> Path:
    """Write ``zh_Hans/LC_MESSAGES/django.mo`` under `folder` unless it is there already."""
    target = folder / "zh_Hans" / "LC_MESSAGES" / "django.mo"
    content = compile_catalogue(site_texts())
    if target.exists() and target.read_bytes() == content:
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    handle, draft = tempfile.mkstemp(dir=target.parent)
    with os.fdopen(handle, "wb") as file:
        file.write(content)
    Path(draft).replace(target)  # whole for every process that starts at the same moment
    return target


def compile_catalogue(texts: Mapping[str, str]) -> bytes:
    """Return a GNU .mo file: sorted keys, no hash table (the gettext manual, §10.3)."""
    pairs = [(key.encode(), value.encode()) for key, value in sorted({"": _HEADER, **texts}.items())]
    pairs.sort()
    tables = 28 + 16 * len(pairs)
    keys, values = bytearray(), bytearray()
    key_index, value_index = [], []
    for key, value in pairs:
        key_index.append((len(key), tables + len(keys)))
        value_index.append((len(value), len(values)))
        keys += key + b"\0"
        values += value + b"\0"
    start = tables + len(keys)
    head = struct.pack("<7I", 0x950412DE, 0, len(pairs), 28, 28 + 8 * len(pairs), 0, tables)
    index = b"".join(struct.pack("<2I", length, at) for length, at in key_index)
    index += b"".join(struct.pack("<2I", length, start + at) for length, at in value_index)
    return head + index + bytes(keys) + bytes(values)
