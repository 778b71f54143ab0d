"""Clean delimited text on its way to a parser: comment lines out, runs of blanks to one, bytes to UTF-8."""

from __future__ import annotations

import codecs
import io
import re

_READ = 4 << 20
_MAX_LINE = 16 << 20


#: name of the error handler that reads single bytes as Latin-1
_AS_LATIN = "tianku-latin-1"


def _as_latin(error: UnicodeError) -> tuple[str, int]:
    assert isinstance(error, UnicodeDecodeError)  # the handler is used for nothing else
    return error.object[error.start : error.end].decode("latin-1"), error.end


codecs.register_error(_AS_LATIN, _as_latin)


class CleanLines(io.RawIOBase):
    """A readable stream over another one, changed whole lines at a time.

    Parameters
    ----------
    comment
        Lines that begin with it are left out.
    blanks
        Runs of blanks and tabs become one blank, and leading and trailing ones are removed.
    utf8
        Bytes that are not valid in UTF-8 are read as Latin-1, which never fails.
    """

    def __init__(
        self, raw: io.BufferedIOBase, *, comment: str | None = None, blanks: bool = False, utf8: bool = False
    ) -> None:
        self._raw, self._rest, self._ready, self._at = raw, b"", b"", 0
        self._utf8 = utf8
        self._changes: list[tuple[re.Pattern[bytes], bytes]] = []
        if comment:
            self._changes.append((re.compile(rb"(?m)^" + re.escape(comment.encode()) + rb".*\n?"), b""))
        if blanks:
            self._changes.append((re.compile(rb"(?m)^[ \t]+|[ \t]+(?=\r?$)"), b""))
            self._changes.append((re.compile(rb"[ \t]+"), b" "))

    def readable(self) -> bool:
        """Always true."""
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        """Fill `buffer`; 0 at the end."""
        while self._at >= len(self._ready):
            block = self._raw.read1(_READ)  # what a damaged file still gives comes before its error
            self._ready, self._at = self._lines(block), 0
            if not block and not self._ready:
                return 0
        part = self._ready[self._at : self._at + len(buffer)]
        buffer[: len(part)] = part
        self._at += len(part)
        return len(part)

    def _lines(self, block: bytes) -> bytes:
        """The whole lines so far, clean; ASCII in which nothing is to be changed goes on as it is."""
        if not self._changes and not self._rest and block.isascii():
            return block
        text = self._rest + block
        cut = text.rfind(b"\n") + 1 if block else len(text)
        self._rest = text[cut:]
        if len(self._rest) > _MAX_LINE:
            raise OSError(f"a line is longer than {_MAX_LINE} bytes")
        return self._clean(text[:cut])

    def close(self) -> None:
        """Close both streams."""
        self._raw.close()
        super().close()

    def _clean(self, text: bytes) -> bytes:
        if self._utf8 and not text.isascii():
            text = text.decode("utf-8", _AS_LATIN).encode("utf-8")
        for pattern, new in self._changes:
            text = pattern.sub(new, text)
        return text
