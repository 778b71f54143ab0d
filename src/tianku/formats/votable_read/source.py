"""The bytes of a VOTable document, decompressed and in UTF-8 whatever they were, with room to step back."""

from __future__ import annotations

import codecs
import re
from typing import BinaryIO, cast

from tianku.formats.inflate import Inflated
from tianku.formats.opening import DAMAGED
from tianku.formats.votable_read.errors import Damage, malformed, unsupported

_DECLARED = re.compile(rb"""^\s*<\?xml[^>]*?\sencoding\s*=\s*["']([A-Za-z0-9._:-]+)["']""")
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_UNMARKED = ((b"<\0", "utf-16-le"), (b"\0<", "utf-16-be"))
#: encodings of characters; Python's other codecs (rot13, idna …) are none
_TEXT = re.compile(r"(utf|iso|cp|mac|koi|gb|big5|euc|shift_jis|latin|ascii|hz|johab|tis|hp|kz|ptcp)")
_START = 1024


def _as_latin1(error: UnicodeError) -> tuple[str, int]:
    """What is not valid in its encoding is read as Latin-1: old services say UTF-8 and write Latin-1."""
    assert isinstance(error, UnicodeDecodeError)
    return error.object[error.start : error.end].decode("latin-1"), error.end


codecs.register_error("tianku.latin1", _as_latin1)


class ByteSource:
    """Blocks of UTF-8 from a stream in any encoding, plain or gzip.

    Parameters
    ----------
    stream
        Read once, from where it is; never closed here.
    name
        What messages call the document.

    Raises
    ------
    UsageError
        ``votable.malformed``, ``votable.unsupported``.
    """

    def __init__(self, stream: BinaryIO, name: str) -> None:
        self.name = name
        try:
            start = _at_least(stream, _START)
            if start[:2] == b"\x1f\x8b":
                stream = cast(BinaryIO, Inflated(stream, start))
                start = _at_least(stream, _START)
        except DAMAGED as error:
            raise malformed(name, f"it is damaged: {error}") from error
        self._stream = stream
        encoding, skip = _encoding(start, name)
        self._decoder = codecs.getincrementaldecoder(encoding)("tianku.latin1")
        self._ascii_as_is = encoding in ("utf-8", "ascii", "iso8859-1", "cp1252")
        self._clean = True  # no character is left half read
        self._ended = False
        self._back = self._utf8(start[skip:])

    def read(self, size: int) -> bytes:
        """Return some bytes, about `size`; none only at the end.

        Raises
        ------
        Damage
            When the compressed stream breaks off or is damaged.
        """
        if self._back:
            block, self._back = self._back, b""
            return block
        while not self._ended:
            try:
                raw = self._stream.read(size)
            except DAMAGED as error:
                self._ended = True
                raise Damage("truncated file", f"the compressed file is damaged: {error}") from error
            self._ended = not raw
            if block := self._utf8(raw, final=not raw):
                return block
        return b""

    def push_back(self, data: bytes) -> None:
        """Put bytes back in front: the next `read` returns them."""
        self._back = data + self._back

    def _utf8(self, raw: bytes, final: bool = False) -> bytes:
        if self._ascii_as_is and self._clean and raw.isascii():
            return raw
        text = self._decoder.decode(raw, final)
        self._clean = not self._decoder.getstate()[0]
        return text.encode("utf-8", "replace")


def _encoding(start: bytes, name: str) -> tuple[str, int]:
    """Return the codec of a document that begins so, and the length of its byte order mark."""
    for mark, codec in _MARKS:
        if start.startswith(mark):
            return codec, len(mark)
    for signs, codec in _UNMARKED:
        if start.startswith(signs):
            return codec, 0
    declared = _DECLARED.match(start)
    said = declared[1].decode() if declared else "utf-8"
    try:
        codec = codecs.lookup(said).name
    except LookupError:
        codec = ""
    if not _TEXT.match(codec) or codec.startswith(("utf-16", "utf-32")):
        raise unsupported(name, f"its encoding {said!r} is not known", "write it in UTF-8")
    return codec, 0


def _at_least(stream: BinaryIO, size: int) -> bytes:
    parts = b""
    while len(parts) < size and (block := stream.read(size - len(parts))):
        parts += block
    return parts
