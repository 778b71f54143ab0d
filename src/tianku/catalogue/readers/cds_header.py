"""Byte-by-byte descriptions, as in the CDS's Standards for Astronomical Catalogues 2.0 and MRT."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import PurePath

_TITLE = re.compile(r"(?i)^\s*Byte-by-byte Description of file\s*:?\s*(.*)$")
_RULE = re.compile(r"^\s*[-=]{10,}\s*$")
_FIELD = re.compile(
    r"^\s*(?P<start>\d{1,9})(?:\s*-\s*(?P<end>\d{1,9}))?\s+(?P<format>\d*[AIFEDX]\d*(?:\.\d*)?)\s+(?P<rest>\S.*)$"
)
_REST = re.compile(r"^(?P<unit>\S+)\s+(?P<label>\S+)\s*(?P<text>.*)$")
#: a label of several words, ended by blanks about where the explanations begin in the heading
_WORDS = re.compile(r"(\S+(?: \S+)*) {2,}")
_OFF = 2
_CONDITION = re.compile(r"^(?P<limits>[\[\]][^\[\]]*[\[\]])?\s*(?P<optional>\?(?:=(?P<null>\S+))?)?")
_LIMITS = re.compile(r"^[\[\]]\s*([-+.\dEe]*)\s*/\s*([-+.\dEe]*)\s*[\[\]]$")


@dataclass(frozen=True, slots=True)
class CdsField:
    """One field: bytes from 1, Fortran format, and what is said of it; `null` as written after ``?=``."""

    label: str
    format: str
    start: int
    end: int
    unit: str | None = None
    null: str | None = None
    description: str = ""


@dataclass(frozen=True, slots=True)
class CdsDescription:
    """The fields of the files that `files` names (also by wildcards)."""

    files: tuple[str, ...]
    fields: tuple[CdsField, ...]

    def is_of(self, name: str) -> bool:
        """True when it describes the file called `name`, compressed or not."""
        plain = re.sub(r"\.(gz|bz2|xz|Z)$", "", name)
        return any(fnmatchcase(n, PurePath(f).name) for f in self.files for n in (name, plain))


def descriptions(lines: Sequence[str]) -> Iterator[CdsDescription]:
    """Yield every description among the lines of a ReadMe or of a table."""
    for number, line in enumerate(lines):
        if (title := _TITLE.match(line)) is not None:
            files = tuple(re.split(r"[\s,]+", title[1].strip()))
            if fields := tuple(_fields(lines[number + 1 :])):
                yield CdsDescription(files, fields)


def data_start(lines: Sequence[str]) -> int | None:
    """Return how many lines stand before the data of a table that begins with its description."""
    if not any(_TITLE.match(line) for line in lines):
        return None
    rules = [n for n, line in enumerate(lines) if _RULE.match(line)]
    return rules[-1] + 1 if rules else None


def _fields(lines: Sequence[str]) -> Iterator[CdsField]:
    """The fields up to the rule (or blank line) after them; indented lines continue the one before."""
    found: CdsField | None = None
    column = _text_column(lines[:6])
    for line in lines:
        if (match := _FIELD.match(line)) is not None:
            if found is not None:
                yield _finished(found)
            found = _field(match, column)
        elif found is not None and line.strip() and not _RULE.match(line) and not _TITLE.match(line):
            found = _continued(found, line.strip())
        elif found is not None or _TITLE.match(line):
            break
    if found is not None:
        yield _finished(found)


def _text_column(heading: Sequence[str]) -> int:
    """Column where the explanations begin, by the heading; -1 when there is none."""
    return next((line.index("Explanations") for line in heading if "Explanations" in line), -1)


def _field(match: re.Match[str], column: int) -> CdsField:
    rest, at = match["rest"], match.start("rest")
    parts = _REST.match(rest)
    unit, label, text = (parts["unit"], parts["label"], parts["text"]) if parts else ("", rest, "")
    words = _WORDS.match(rest, parts.start("label")) if parts else None
    if words is not None and abs(at + words.end() - column) <= _OFF:
        label, text = words[1], rest[words.end() :]
    start = int(match["start"])
    end = int(match["end"] or start)
    return CdsField(
        label, match["format"], start, end, None if unit in ("", "---", "--", "-") else unit, None, text
    )


def _continued(field: CdsField, more: str) -> CdsField:
    return CdsField(
        field.label, field.format, field.start, field.end, field.unit, None, f"{field.description} {more}"
    )


def _finished(field: CdsField) -> CdsField:
    """Take limits and null value off the explanations; limits are told in words at the end."""
    text = field.description.strip()
    match = _CONDITION.match(text)
    assert match is not None  # every part of the pattern is optional
    said = text[match.end() :].strip() if match.end() else text
    if match["limits"] and (limits := _LIMITS.match(match["limits"])) is not None:
        said = f"{said} (from {limits[1] or '…'} to {limits[2] or '…'})"
    elif match["limits"]:
        said = f"{match['limits']} {said}"
    return CdsField(field.label, field.format, field.start, field.end, field.unit, match["null"], said.strip())
