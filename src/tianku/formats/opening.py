"""Open plain and compressed files as one kind of stream."""

from __future__ import annotations

import bz2
import gzip
import lzma
import zlib
from pathlib import Path
from typing import Any, BinaryIO, cast

#: what reading a damaged or truncated file raises
DAMAGED = (OSError, EOFError, zlib.error, lzma.LZMAError)

_OPENERS: dict[bytes, Any] = {b"\x1f\x8b": gzip.open, b"BZ": bz2.open, b"\xfd7": lzma.open}


def open_bytes(path: Path) -> BinaryIO:
    """Open a file for reading, decompressing gzip, bzip2 and xz by their magic bytes, not by name."""
    with path.open("rb") as file:
        magic = file.read(2)
    opener = _OPENERS.get(magic)
    return path.open("rb", buffering=1 << 20) if opener is None else cast(BinaryIO, opener(path, "rb"))


def is_compressed(path: Path) -> bool:
    """True when `open_bytes` would decompress the file."""
    with path.open("rb") as file:
        return file.read(2) in _OPENERS
