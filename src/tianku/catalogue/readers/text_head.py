"""The first lines of text files, in which formats describe themselves."""

from __future__ import annotations

from pathlib import Path

from tianku.formats.layout import read_exactly
from tianku.formats.opening import open_bytes

#: longest header of any text format
HEAD_BYTES = 1 << 20


def head_lines(path: Path, size: int = HEAD_BYTES) -> list[str]:
    """Return the whole lines among the first `size` bytes, without their ends.

    Text that is not UTF-8 is read as Latin-1. One line per line feed, so that counts fit readers of bytes.
    """
    with open_bytes(path) as file:
        data = read_exactly(file, size)
    if len(data) == size:
        data = data[: data.rfind(b"\n") + 1]
    return [_text(line) for line in data.split(b"\n")]


def _text(line: bytes) -> str:
    try:
        return line.decode("utf-8").rstrip("\r")
    except UnicodeDecodeError:
        return line.decode("latin-1").rstrip("\r")
