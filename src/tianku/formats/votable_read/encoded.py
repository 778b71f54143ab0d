"""The bytes inside a STREAM: base64, perhaps gzip, decoded as they are read."""

from __future__ import annotations

import binascii
import io
from collections.abc import Iterator, Sequence
from xml.parsers import expat

from tianku.formats.inflate import Inflated
from tianku.formats.votable_read.errors import Damage, unsupported
from tianku.formats.votable_read.feeding import Feeder, Reached
from tianku.formats.votable_read.head import Payload
from tianku.formats.votable_read.source import ByteSource

_BLOCK = 4 << 20
_BLANKS = b" \t\r\n"


def open_stream(source: ByteSource, payload: Payload) -> StreamBytes:
    """Open the STREAM that `source` stands in.

    Raises
    ------
    UsageError
        ``votable.unsupported`` for rows that are elsewhere (``href``) or encoded in a way not known.
    """
    said = payload.attributes.get("encoding", "base64").split()
    if href := payload.attributes.get("href"):
        raise unsupported(
            source.name, f"its rows are elsewhere, at {href[:200]}", "get a document that holds them itself"
        )
    if unknown := [word for word in said if word not in ("base64", "gzip", "none")]:
        raise unsupported(source.name, f"its rows are encoded as {unknown[0]!r}", "use base64")
    raw = StreamBytes(source, payload.path)
    return Unzipped(raw) if "gzip" in said else raw


class StreamBytes(io.RawIOBase):
    """The decoded bytes; `damage` says why they end early, when they do."""

    def __init__(self, source: ByteSource, path: Sequence[str]) -> None:
        self.damage: Damage | None = None
        self._blocks = _decoded(_letters(source, path))
        self._block, self._at = b"", 0

    def readable(self) -> bool:
        """Always true."""
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        """Fill `buffer`; 0 at the end, whether good or bad."""
        while self._at >= len(self._block):
            if self.damage is not None:
                return 0
            try:
                block = next(self._blocks, None)
            except Damage as damage:
                self.damage = damage
                return 0
            if block is None:
                return 0
            self._block, self._at = block, 0
        part = memoryview(self._block)[self._at : self._at + len(buffer)]
        buffer[: len(part)] = part
        self._at += len(part)
        return len(part)


class Unzipped(StreamBytes):
    """The bytes of a STREAM with ``encoding="gzip"``, inflated."""

    def __init__(self, raw: StreamBytes) -> None:
        self.damage = None
        self._raw, self._inflated = raw, Inflated(raw)  # type: ignore[arg-type]

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        """Fill `buffer`; 0 at the end, whether good or bad."""
        if self.damage is not None:
            return 0
        try:
            return self._inflated.readinto(buffer)
        except OSError as error:
            self.damage = self._raw.damage or Damage("damaged file", f"its compressed rows are damaged: {error}")
            return 0


def read_whole(stream: StreamBytes, size: int) -> bytes:
    """Read `size` bytes, fewer only at the end."""
    parts, missing = [], size
    while missing and (part := stream.read(min(missing, _BLOCK))):
        parts.append(part)
        missing -= len(part)
    return parts[0] if len(parts) == 1 else b"".join(parts)


def _letters(source: ByteSource, path: Sequence[str]) -> Iterator[bytes]:
    """Yield the text of a STREAM; `source` is left before its end tag."""
    end = f"</{path[-1]}".encode()
    while block := source.read(_BLOCK):
        cut = block.find(b"<")
        if b"&" in block[: cut if cut >= 0 else len(block)]:
            cut = block.find(b"&")
        if cut < 0:
            yield block
            continue
        yield block[:cut]
        rest = block[cut:]
        while len(rest) < len(end) and (more := source.read(_BLOCK)):
            rest += more
        source.push_back(rest)
        if not rest.startswith(end):
            yield from _tagged_letters(source, path)
        return
    raise Damage("truncated file", "the document ends inside its rows")


def _tagged_letters(source: ByteSource, path: Sequence[str]) -> Iterator[bytes]:
    """The rest of a STREAM with comments or references in it, through expat."""
    feeder, pieces = Feeder(source, path), list[str]()

    def end(_: str) -> None:
        raise Reached(feeder.parser.CurrentByteIndex)

    def start(tag: str, _: object) -> None:
        raise Damage("damaged file", f"an element {tag[:40]} inside STREAM")

    feeder.parser.CharacterDataHandler = pieces.append
    feeder.parser.StartElementHandler, feeder.parser.EndElementHandler = start, end
    reached = None
    while reached is None:
        try:
            if not feeder.feed(_BLOCK):
                raise Damage("truncated file", "the document ends inside its rows")
        except Reached as found:
            reached = found
        except expat.ExpatError as error:
            raise Damage("damaged file", f"its STREAM is not well formed: {error}") from error
        yield "".join(pieces).encode()
        pieces.clear()
    feeder.step_back(reached.place)


def _decoded(texts: Iterator[bytes]) -> Iterator[bytes]:
    """Decode base64 that may be broken into lines anywhere; padding may stand in the middle."""
    rest = b""
    try:
        for text in texts:
            letters = rest + text.translate(None, _BLANKS)
            whole = len(letters) - len(letters) % 4
            rest = letters[whole:]
            yield _bytes(letters[:whole])
    except binascii.Error as error:
        raise Damage("damaged file", f"its base64 is damaged: {error}") from error
    if rest:
        raise Damage("truncated file", "its base64 ends inside a group of four")


def _bytes(letters: bytes) -> bytes:
    if b"=" not in letters[:-2]:
        return binascii.a2b_base64(letters, strict_mode=True)
    parts, start = [], 0
    while start < len(letters):  # some writers pad every row
        pad = letters.find(b"=", start)
        stop = len(letters) if pad < 0 else (pad // 4 + 1) * 4
        parts.append(binascii.a2b_base64(letters[start:stop], strict_mode=True))
        start = stop
    return b"".join(parts)
