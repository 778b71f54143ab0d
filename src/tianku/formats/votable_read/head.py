"""Read a VOTable up to the rows of its tables, with expat: no entities, no external anything."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from xml.parsers import expat

from tianku.formats.votable_read.errors import Damage, beyond, malformed
from tianku.formats.votable_read.feeding import Feeder, Reached
from tianku.formats.votable_read.meta import TableMeta
from tianku.formats.votable_read.metadata import MetadataBuilder
from tianku.formats.votable_read.source import ByteSource

MAX_DEPTH = 100
MAX_HEAD = 64 << 20  # bytes outside the rows of tables
_BLOCK = 64 << 10
_SERIALISATIONS = ("BINARY", "BINARY2", "FITS")
_WITH_TEXT = ("DESCRIPTION", "INFO", "STREAM")


@dataclass(frozen=True, slots=True)
class Payload:
    """The rows of a table: the source stands at their first byte.

    Attributes
    ----------
    path
        Qualified names of the open elements, the last one holding the rows.
    attributes
        Of STREAM and, for FITS, ``extnum``.
    """

    table: TableMeta
    path: tuple[str, ...]
    attributes: Mapping[str, str]


def scan(source: ByteSource, wanted: Callable[[TableMeta], bool]) -> Iterator[Payload | TableMeta]:
    """Yield the tables of a document in order.

    A table that `wanted` accepts at its first row is yielded as `Payload`, and the scan ends there; any
    other as `TableMeta` after it is passed; its `serialisation` says whether it has rows.

    Raises
    ------
    UsageError
        ``votable.malformed``, ``votable.unsupported``, ``votable.query_status``, ``votable.limit``.
    """
    feeder = Feeder(source)
    reader = _HeadReader(source.name, wanted, feeder.parser)
    while True:
        try:
            size = feeder.feed(_BLOCK)
        except Reached as reached:
            if not feeder.step_back(reached.place):
                raise malformed(source.name, "a tag is too long") from None
            yield from reader.metadata.take_tables()
            yield reader.payload()
            return
        except Damage as damage:
            raise malformed(source.name, damage.detail) from damage
        except expat.ExpatError as error:
            yield from reader.metadata.take_tables()
            raise malformed(source.name, str(error)) from error
        yield from reader.metadata.take_tables()
        reader.count(size)
        if not size:
            reader.metadata.finish()
            return


class _HeadReader:
    """Expat handlers: metadata goes to the builder, rows are noticed and passed over."""

    def __init__(self, name: str, wanted: Callable[[TableMeta], bool], parser: expat.XMLParserType) -> None:
        self.metadata = MetadataBuilder(name)
        self._name, self._wanted = name, wanted
        self._path: list[str] = []
        self._inside_rows = False  # passing over rows until the innermost element of the path ends
        self._attributes: dict[str, str] = {}
        self._head_bytes = 0
        self._parser = parser
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end

    def count(self, size: int) -> None:
        """Count the bytes that are not rows."""
        self._head_bytes += 0 if self._inside_rows else size
        if self._head_bytes > MAX_HEAD:
            raise beyond(self._name, "its metadata in bytes", MAX_HEAD)

    def payload(self) -> Payload:
        """The table whose rows were reached."""
        return Payload(self.metadata.current_table(), tuple(self._path), self._attributes)

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        local = tag.rpartition(":")[2]
        if not self._path and local != "VOTABLE":
            raise malformed(self._name, f"its root is {tag[:60]}, not VOTABLE")
        parent = self._path[-1].rpartition(":")[2] if self._path else ""
        if local == "TR" and parent == "TABLEDATA":
            self._rows("TABLEDATA")
            return
        self._path.append(tag)
        if len(self._path) > MAX_DEPTH:
            raise beyond(self._name, "the depth of its elements", MAX_DEPTH)
        self.metadata.start(local, attributes)
        self._parser.CharacterDataHandler = self._text if local in _WITH_TEXT else None
        if local in _SERIALISATIONS:
            self._attributes = dict(attributes)
        elif local == "STREAM" and parent in _SERIALISATIONS:
            self._attributes |= attributes
            if "href" in attributes:
                self._rows(parent)

    def _text(self, text: str) -> None:
        parent, local = (tag.rpartition(":")[2] for tag in ("", *self._path)[-2:])
        if local == "STREAM" and parent in _SERIALISATIONS and not text.isspace():
            self._rows(parent)
        else:
            self.metadata.text(text)

    def _end(self, tag: str) -> None:
        if tag != self._path[-1]:
            if self._inside_rows:
                return
            raise malformed(self._name, f"an element {tag[:60]} ends among its metadata")
        if self._inside_rows:
            self._inside_rows = False
            self._parser.StartElementHandler = self._start
        self._parser.CharacterDataHandler = None
        self._path.pop()
        self.metadata.end(tag.rpartition(":")[2])

    def _rows(self, serialisation: str) -> None:
        """The first row of a table begins: stop here if it is wanted, else pass over its rows."""
        table = self.metadata.current_table()
        table.serialisation = serialisation
        if self._wanted(table):
            raise Reached(self._parser.CurrentByteIndex)
        self._inside_rows = True
        self._parser.StartElementHandler = self._parser.CharacterDataHandler = None
