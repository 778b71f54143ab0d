"""How a delimited text file is written: delimiter, header line, comments."""

from __future__ import annotations

import csv
import itertools
import re
from pathlib import Path
from typing import Any

from tianku.formats.opening import open_bytes

_LINES = 50
_NUMBER = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)([eEdD][-+]?\d+)?")


def text_dialect(path: Path) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Return the keys of `from:` a text file needs, and column names when it has no header line."""
    with open_bytes(path) as file:
        raw = list(itertools.islice(iter(lambda: file.readline(1 << 20), b""), _LINES))
    encoding, lines = _decoded(raw)
    keys: dict[str, Any] = {} if encoding == "utf-8" else {"encoding": encoding}
    first, rest = lines[0] if lines else "", lines[1:]
    delimiter = _delimiter(lines)
    if delimiter is not None:
        keys["delimiter"] = delimiter
    if any(line.startswith("#") for line in rest):
        keys["comment"] = "#"
    cells = _cells(first.lstrip("#").strip(), delimiter)
    if not cells or not all(_NUMBER.fullmatch(cell.strip()) for cell in cells):
        return keys, ()
    names = tuple(f"column_{i + 1}" for i in range(len(cells)))
    return keys | {"header": False}, names if len(names) > 1 else (_name_of_list(path),)


def _decoded(raw: list[bytes]) -> tuple[str, list[str]]:
    for encoding in ("utf-8", "gb18030", "latin-1"):
        try:
            return encoding, [line.decode(encoding).rstrip("\r\n") for line in raw]
        except UnicodeDecodeError:
            continue
    raise AssertionError("latin-1 decodes any bytes")


def _delimiter(lines: list[str]) -> str | None:
    """None leaves ``, ; tab |`` to the reader; blanks must be said."""
    body = [line for line in lines[1:] if line.strip() and not line.startswith("#")] or lines
    if any(mark in line for line in body for mark in ",;\t|"):
        return None
    counts = {len(line.split()) for line in body}
    return "whitespace" if len(counts) == 1 and counts != {1} and body else None


def _cells(line: str, delimiter: str | None) -> list[str]:
    if delimiter == "whitespace":
        return line.split()
    marks = {mark: line.count(mark) for mark in ",;\t|"}
    best = max(marks, key=lambda mark: marks[mark])
    return next(csv.reader([line], delimiter=best if marks[best] else ","), [])


def _name_of_list(path: Path) -> str:
    """The name of a bare list's column: the last word of the file's name (``AFG_obsid.txt``: obsid)."""
    words = re.findall(r"[A-Za-z]+", path.name.split(".")[0])
    return words[-1].lower() if words else "value"
