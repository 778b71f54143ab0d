"""Rows of TABLEDATA through expat: slower, and right for everything XML allows in a row."""

from __future__ import annotations

import base64
import binascii
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from xml.parsers import expat

import pyarrow as pa

from tianku.formats.votable_read.errors import Damage
from tianku.formats.votable_read.feeding import Feeder, Reached
from tianku.formats.votable_read.source import ByteSource

_BLOCK = 1 << 20
#: bytes of one row
MAX_ROW = 64 << 20
TOO_LONG = Damage("damaged file", f"a row is longer than {MAX_ROW >> 20} MB")


@dataclass(frozen=True, slots=True)
class TextRows:
    """Rows as columns of text, entities resolved; `wrong` are (row index, reason)."""

    columns: list[pa.StringArray]
    rows: int
    wrong: Sequence[tuple[int, str]] = ()


def tagged_text(text: bytes, name: str, path: Sequence[str], columns: int) -> Iterator[TextRows]:
    """Yield the whole rows that `text` holds; see `tagged_rows`."""
    end = f"</{path[-1]}>".encode()
    yield from tagged_rows(ByteSource(io.BytesIO(text + end), name), path, columns)


def tagged_rows(source: ByteSource, path: Sequence[str], columns: int) -> Iterator[TextRows]:
    """Yield rows up to the end tag of ``TABLEDATA``, and leave `source` before it.

    Raises
    ------
    Damage
        After the rows before it, where the document breaks off or is not well formed.
    """
    feeder = Feeder(source, path)
    rows = _Rows(feeder.parser, columns)
    damage = None
    while damage is None:
        try:
            if not feeder.feed(_BLOCK):
                damage = Damage("truncated file", "the document ends inside its rows")
        except Reached as reached:
            yield from rows.take()
            if not feeder.step_back(reached.place):
                raise Damage("damaged file", "a tag is too long") from None
            return
        except Damage as found:
            damage = found
        except expat.ExpatError as error:
            damage = Damage("damaged file", f"the rows are not well formed: {error}")
        yield from rows.take()
    raise damage


class _Rows:
    """Expat handlers that collect cells."""

    def __init__(self, parser: expat.XMLParserType, columns: int) -> None:
        self._parser, self._columns = parser, columns
        self._rows: list[list[str]] = []
        self._wrong: list[tuple[int, str]] = []
        self._row: list[str] = []
        self._cell: list[str] = []
        self._open: list[str] = []
        self._encoding = ""
        self._trouble = ""
        self._size = 0
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._text

    def take(self) -> Iterator[TextRows]:
        """Give out the rows collected so far."""
        if self._rows:
            columns = [pa.array(cells, pa.string()) for cells in zip(*self._rows, strict=True)]
            yield TextRows(columns, len(self._rows), self._wrong)
            self._rows, self._wrong = [], []

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        local = tag.rpartition(":")[2]
        self._open.append(local)
        if local == "TR" and len(self._open) == 1:
            return
        if local == "TD" and len(self._open) == 2:
            self._cell, self._encoding = [], attributes.get("encoding", "")
        else:
            self._trouble = self._trouble or f"an element {local[:40]} inside a row"

    def _text(self, text: str) -> None:
        self._size += len(text)
        if self._size > MAX_ROW:
            raise TOO_LONG
        if self._open and self._open[-1] == "TD":
            self._cell.append(text)
        elif not text.isspace():
            self._trouble = self._trouble or "text outside of its cells"

    def _end(self, _: str) -> None:
        if not self._open:
            raise Reached(self._parser.CurrentByteIndex)
        local = self._open.pop()
        if len(self._open) == 1 and local == "TD":
            self._row.append(self._decoded("".join(self._cell)))
        elif not self._open:
            self._finish_row()

    def _finish_row(self) -> None:
        if len(self._row) != self._columns:
            self._trouble = self._trouble or f"{len(self._row)} values instead of {self._columns}"
        if self._trouble:
            self._wrong.append((len(self._rows), self._trouble))
            self._row = [""] * self._columns
        self._rows.append(self._row)
        self._row, self._trouble, self._size = [], "", 0

    def _decoded(self, text: str) -> str:
        """A cell with ``encoding="base64"`` (VOTable 1.0 to 1.5) holds a text so written."""
        if self._encoding != "base64":
            return text
        try:
            return base64.b64decode(text, validate=False).decode("utf-8")
        except (binascii.Error, UnicodeDecodeError):
            self._trouble = self._trouble or "a cell in base64 that is no text"
            return ""
