"""Rows of TABLEDATA: cut from the bytes where every tag is plain, parsed by expat where not.

In plain rows (no attribute, comment, CDATA or character reference) the tags repeat with a fixed period, so the
places of ``<`` say where each cell is, and an Arrow array can be laid over the bytes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tianku.formats.votable_read.errors import Damage
from tianku.formats.votable_read.source import ByteSource
from tianku.formats.votable_read.tagged_rows import MAX_ROW, TOO_LONG, TextRows, tagged_rows, tagged_text

_BLOCK = 4 << 20
#: kinds of separators (by length) that one block may have: more are for expat
_SEPARATORS = 16
_ENTITIES = ((b"&lt;", "<"), (b"&gt;", ">"), (b"&quot;", '"'), (b"&apos;", "'"), (b"&amp;", "&"))
_BETWEEN_CELLS = re.compile(rb"</TD>\s*<TD>")
_BETWEEN_ROWS = re.compile(rb"</TD>\s*</TR>\s*<TR>\s*<TD>")
_BEFORE, _AFTER = re.compile(rb"\s*<TR>\s*<TD>"), re.compile(rb"</TD>\s*</TR>\s*")


def text_rows(source: ByteSource, path: Sequence[str], columns: int) -> Iterator[TextRows]:
    """Yield the rows of the table that `source` stands in, and leave it before ``</TABLEDATA>``.

    Raises
    ------
    Damage
        Where the document breaks off or is not well formed.
    """
    tags = _Tags(path[-1].rpartition(":")[0].encode())
    rest = b""
    while True:
        block = source.read(_BLOCK)
        text = rest + block
        end = text.find(tags.end)
        last = text.rfind(tags.end_row, 0, end if end >= 0 else len(text))
        cut = last + len(tags.end_row) if last >= 0 else 0
        rows = tags.cut(text[:cut], columns) if cut else TextRows([], 0)
        if rows is None and (b"<!" in text[:cut] or b"<?" in text[:cut]):
            # what looks like the end of a row may be inside a comment or CDATA
            source.push_back(text)
            yield from tagged_rows(source, path, columns)
            return
        yield from tagged_text(text[:cut], source.name, path, columns) if rows is None else (rows,)
        rest = text[cut:]
        if end >= 0:
            source.push_back(rest)
            if rest[: end - cut].strip():
                yield from tagged_rows(source, path, columns)
            return
        if not block:
            raise Damage("truncated file", "the document ends inside its rows")
        if len(rest) > MAX_ROW:
            raise TOO_LONG


class _Tags:
    """The tags as the document spells them: with a namespace prefix, empty cells as ``<TD/>`` …"""

    def __init__(self, prefix: bytes) -> None:
        self._prefix = prefix + b":" if prefix else b""
        self.end = b"</" + self._prefix + b"TABLEDATA"
        self.end_row = b"</" + self._prefix + b"TR>"
        self._plain = not prefix  # no need to rewrite was met yet

    def cut(self, text: bytes, columns: int) -> TextRows | None:
        """Cut whole rows; None when that takes an XML parser."""
        rows = _cut(text, columns) if self._plain else None
        if rows is None:
            rewritten = self._rewritten(text)
            if not self._plain or rewritten != text:
                self._plain = False
                rows = _cut(rewritten, columns)
        return rows

    def _rewritten(self, text: bytes) -> bytes:
        """Rows with bare tags, empty cells written out, line ends as XML has them."""
        if self._prefix:
            text = text.replace(b"<" + self._prefix, b"<").replace(b"</" + self._prefix, b"</")
        text = text.replace(b"<TD/>", b"<TD></TD>").replace(b"<TD />", b"<TD></TD>")
        return text.replace(b"\r\n", b"\n").replace(b"\r", b"\n")


def _cut(text: bytes, columns: int) -> TextRows | None:
    """Lay columns over whole rows; None when a tag or a character is not the expected one."""
    data = np.frombuffer(text, np.uint8)
    tags = np.flatnonzero(data == ord("<"))
    rows, odd = divmod(len(tags), 2 + 2 * columns)
    if not rows or odd or not _characters_allowed(text, data):
        return None
    # tags of a row are TR, TD, /TD, TD, /TD …, /TR: where cells would be, if so
    by_row = tags.reshape(rows, -1)
    starts, ends = by_row[:, 1:-1:2] + len(b"<TD>"), by_row[:, 2:-1:2]
    if not _is_plain(text, starts, ends):
        return None
    # cells and separators alternate: the offsets of an array whose odd values are separators
    offsets = np.empty(2 * starts.size + 1, np.int32)
    offsets[:-1:2], offsets[1::2], offsets[-1] = starts.ravel(), ends.ravel(), len(text)
    both = pa.Array.from_buffers(pa.string(), 2 * starts.size, [None, pa.py_buffer(offsets), pa.py_buffer(text)])
    first = 2 * columns * np.arange(rows, dtype=np.int64)
    empty = starts == ends
    cells = [both.take(_index(first + 2 * c, empty[:, c])) for c in range(columns)]
    return TextRows([_resolved(c, text) for c in cells] if b"&" in text else cells, rows)


def _index(places: np.ndarray, empty: np.ndarray) -> pa.Array:
    return pa.array(places, mask=empty) if empty.any() else pa.array(places)


def _is_plain(text: bytes, starts: np.ndarray, ends: np.ndarray) -> bool:
    """True when everything outside the cells is tags in order and white space.

    As every ``<`` is then accounted for, the cells hold none.
    """
    first, last = int(starts[0, 0]), int(ends[-1, -1])
    return bool(
        (starts <= ends).all()
        and _BEFORE.fullmatch(text, 0, first)
        and _AFTER.fullmatch(text, last)
        and _all_match(text, ends[:, :-1].ravel(), starts[:, 1:].ravel(), _BETWEEN_CELLS)
        and _all_match(text, ends[:-1, -1], starts[1:, 0], _BETWEEN_ROWS)
    )


def _all_match(text: bytes, begin: np.ndarray, stop: np.ndarray, pattern: re.Pattern[bytes]) -> bool:
    """True when each separator matches: one of each length is looked at, the others must be equal to it."""
    lengths = stop - begin
    if not len(lengths):
        return True
    if int(lengths.min()) < len(b"</TD><TD>") or int(lengths.max()) > 1000:
        return False
    seen = np.flatnonzero(np.bincount(lengths)).tolist()
    if len(seen) > _SEPARATORS:
        return False
    words = np.ndarray((len(text) - 7,), "<u8", text, strides=(1,))  # eight bytes from each place on
    for length in seen:
        places = begin if len(seen) == 1 else begin[lengths == length]
        sample = int(places[0])
        if not pattern.fullmatch(text, sample, sample + length):
            return False
        for shift in (*range(0, length - 8, 8), length - 8):
            if not (words[places + shift] == words[sample + shift]).all():
                return False
    return True


def _characters_allowed(text: bytes, data: np.ndarray) -> bool:
    """False for control characters, which XML has not, and for references beyond the five of XML."""
    low = data[np.flatnonzero(data < ord(" "))]
    if not ((low == ord("\n")) | (low == ord("\t"))).all():
        return False
    return text.count(b"&") == sum(text.count(entity) for entity, _ in _ENTITIES) if b"&" in text else True


def _resolved(column: pa.StringArray, text: bytes) -> pa.StringArray:
    for entity, letter in _ENTITIES:
        if entity in text:
            column = pc.replace_substring(column, entity.decode(), letter)
    return column
