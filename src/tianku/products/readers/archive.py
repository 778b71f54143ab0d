"""Compressed files and tar archives of unknown origin, opened in memory within stated bounds."""

from __future__ import annotations

import bz2
import io
import tarfile
from collections.abc import Iterator

from tianku.model.errors import LimitError, UsageError
from tianku.products.readers.source import DEFAULT_LIMITS, ReadLimits, gunzip

_BZIP2, _GZIP = b"BZh", b"\x1f\x8b"
#: bzip2 packs runs far better than gzip; the bound is on what a small file may cost
_BZIP2_RATIO = 1000
_MAX_MEMBERS = 1000
_MAGIC_AT, _MAGIC = 257, b"ustar"


def unpacked(raw: bytes, limits: ReadLimits = DEFAULT_LIMITS) -> bytes:
    """Return `raw` without its gzip or bzip2 compression, if it has any.

    Raises
    ------
    UsageError
        ``file.bad_bzip2``, and what `gunzip` raises.
    LimitError
        ``file.bzip2_bomb``, and what `gunzip` raises.
    """
    if raw.startswith(_GZIP):
        return gunzip(raw, limits)
    return _bunzip2(raw, limits) if raw.startswith(_BZIP2) else raw


def _bunzip2(raw: bytes, limits: ReadLimits) -> bytes:
    most = min(limits.max_bytes, max(4 << 20, _BZIP2_RATIO * len(raw)))
    streams: list[bytes] = []
    size = 0
    while raw.startswith(_BZIP2):
        stream = bz2.BZ2Decompressor()
        try:
            data = stream.decompress(raw, most - size + 1)
        except (OSError, ValueError) as error:
            raise _bad(str(error)) from error
        size += len(data)
        if size > most:
            raise LimitError("file.bzip2_bomb", "the bzip2 file unpacks to more than {limit} bytes", limit=most)
        if not stream.eof:
            raise _bad("it ends early")
        streams.append(data)
        raw = stream.unused_data
    return b"".join(streams)


def _bad(reason: str) -> UsageError:
    return UsageError("file.bad_bzip2", "the bzip2 data are damaged: {reason}", reason=reason)


def is_tar(data: bytes) -> bool:
    """Whether unpacked bytes are a POSIX or GNU tar archive."""
    return data[_MAGIC_AT : _MAGIC_AT + len(_MAGIC)] == _MAGIC


def tar_members(data: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield name and bytes of the regular files of an archive, in its order; nothing touches the disk.

    Raises
    ------
    UsageError
        ``file.bad_tar``
    LimitError
        ``file.too_many_members``
    """
    try:
        with tarfile.open(fileobj=io.BytesIO(data), mode="r:") as archive:
            for number, member in enumerate(archive):
                if number >= _MAX_MEMBERS:
                    raise LimitError(
                        "file.too_many_members", "the archive has more than {limit} members", limit=_MAX_MEMBERS
                    )
                # sparse members could claim any size
                if member.isreg() and not member.issparse():
                    yield member.name, _content(archive, member)
    except (tarfile.TarError, OSError, ValueError, EOFError, OverflowError) as error:
        raise UsageError("file.bad_tar", "the tar archive is damaged: {reason}", reason=str(error)) from error


def _content(archive: tarfile.TarFile, member: tarfile.TarInfo) -> bytes:
    stream = archive.extractfile(member)
    content = stream.read() if stream is not None else b""
    if len(content) != member.size:
        raise tarfile.ReadError(f"member {member.name[:80]!r} ends early")
    return content
