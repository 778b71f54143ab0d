"""Bytes of one file, gzip-aware and bounded: what a hostile file can cost is known before it is opened."""

from __future__ import annotations

import hashlib
import zlib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from tianku.model.errors import LimitError, UsageError

_GZIP = b"\x1f\x8b"
#: Below this size the ratio is not judged: a short, mostly blank file packs very well.
_RATIO_FLOOR = 4 << 20


@dataclass(frozen=True, slots=True)
class ReadLimits:
    """Bounds of reading one file: bytes after decompression, their ratio to the bytes read, HDUs."""

    max_bytes: int = 256 << 20
    max_ratio: int = 100
    max_hdus: int = 1000


DEFAULT_LIMITS = ReadLimits()


def load(source: bytes | Path, limits: ReadLimits = DEFAULT_LIMITS) -> bytes:
    """Return the decompressed bytes of a file, or of bytes already read.

    Raises
    ------
    UsageError
        ``file.missing``, ``file.truncated_gzip``, ``file.bad_gzip``.
    LimitError
        ``file.too_large``, ``file.gzip_bomb``.
    """
    raw = _read(source, limits) if isinstance(source, Path) else source
    return gunzip(raw, limits) if raw.startswith(_GZIP) else _checked(raw, limits)


def _read(path: Path, limits: ReadLimits) -> bytes:
    try:
        with path.open("rb") as stream:
            return _checked(stream.read(limits.max_bytes + 1), limits)
    except OSError as error:
        raise _missing(path, error) from error


def _checked(raw: bytes, limits: ReadLimits) -> bytes:
    if len(raw) > limits.max_bytes:
        raise LimitError("file.too_large", "the file has more than {limit} bytes", limit=limits.max_bytes)
    return raw


def gunzip(raw: bytes, limits: ReadLimits = DEFAULT_LIMITS) -> bytes:
    """Decompress all gzip members of `raw`, never producing more than the limits allow."""
    most = min(limits.max_bytes, max(_RATIO_FLOOR, limits.max_ratio * len(raw)))
    members: list[bytes] = []
    size = 0
    while raw.startswith(_GZIP):
        stream = zlib.decompressobj(wbits=31)
        try:
            member = stream.decompress(raw, most - size + 1)
        except zlib.error as error:
            raise UsageError("file.bad_gzip", "the gzip data are damaged: {reason}", reason=str(error)) from error
        size += len(member)
        if size > most:
            raise LimitError(
                "file.gzip_bomb",
                "the gzip file unpacks to more than {limit} bytes (at most {ratio} times its size)",
                limit=most,
                ratio=limits.max_ratio,
            )
        if not stream.eof:
            raise UsageError("file.truncated_gzip", "the gzip file ends early, after {size} bytes", size=size)
        members.append(member)
        raw = stream.unused_data
    return members[0] if len(members) == 1 else b"".join(members)


_PIECE = 1 << 20


class SourceFile:
    """A file of any size on its way into a product set: read once where it is small, in pieces where it is not."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            facts = path.stat()
        except OSError as error:
            raise _missing(path, error) from error
        self.size, self.mtime = facts.st_size, facts.st_mtime

    @cached_property
    def raw(self) -> bytes:
        """All bytes as they are kept, for files within `DEFAULT_LIMITS` (``file.too_large`` beyond)."""
        return _read(self.path, DEFAULT_LIMITS)

    @property
    def sha256(self) -> str:
        """Checksum of the bytes as they are kept."""
        return self._sums[0]

    @property
    def crc32(self) -> int:
        """CRC-32 of the bytes as they are kept."""
        return self._sums[1]

    @cached_property
    def _sums(self) -> tuple[str, int]:
        if self.size <= DEFAULT_LIMITS.max_bytes:
            return hashlib.sha256(self.raw).hexdigest(), zlib.crc32(self.raw)
        digest, crc = hashlib.sha256(), 0
        try:
            with self.path.open("rb") as stream:
                while piece := stream.read(_PIECE):
                    digest.update(piece)
                    crc = zlib.crc32(piece, crc)
        except OSError as error:
            raise _missing(self.path, error) from error
        return digest.hexdigest(), crc


def _missing(path: Path, error: OSError) -> UsageError:
    return UsageError(
        "file.missing", "{file} cannot be read: {reason}", file=path.name, reason=error.strerror or "error"
    )
