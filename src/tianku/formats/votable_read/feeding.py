"""Feed expat block by block, and step back to a byte that it named."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from xml.parsers import expat

from tianku.formats.votable_read.errors import unsupported
from tianku.formats.votable_read.source import ByteSource

_KEPT = 4  # blocks; a tag longer than these cannot be stepped back to


def safe_parser(name: str) -> expat.XMLParserType:
    """Return an expat parser for UTF-8 that refuses entity declarations and unknown entities."""
    parser = expat.ParserCreate("utf-8")
    parser.SetParamEntityParsing(expat.XML_PARAM_ENTITY_PARSING_NEVER)

    def refuse(*_: object) -> None:
        raise unsupported(name, "it declares or uses entities of its own", "write their text instead")

    def doctype(_: str, __: str | None, ___: str | None, inside: int) -> None:
        if inside:
            refuse()

    parser.StartDoctypeDeclHandler = doctype
    parser.EntityDeclHandler = refuse
    parser.SkippedEntityHandler = refuse
    return parser


class Reached(Exception):  # noqa: N818
    """Raised by a handler to stop the parser at byte `place` of what it was fed."""

    def __init__(self, place: int) -> None:
        super().__init__(place)
        self.place = place


class Feeder:
    """A parser and the source it reads.

    Parameters
    ----------
    path
        Elements that are open where the source stands, when that is inside the document.
    """

    def __init__(self, source: ByteSource, path: Sequence[str] = ()) -> None:
        self.parser = safe_parser(source.name)
        self._source = source
        self._recent = deque[bytes](maxlen=_KEPT)
        opening = "".join(f"<{tag}>" for tag in path).encode()
        self._place = len(opening)
        if opening:
            self.parser.Parse(opening, False)

    def feed(self, size: int) -> int:
        """Parse about `size` bytes more; return how many, 0 at the end of the document.

        Raises
        ------
        Damage
            When the compressed source breaks off.
        expat.ExpatError
            When the document is not well formed.
        """
        block = self._source.read(size)
        self._recent.append(block)
        self._place += len(block)
        self.parser.Parse(block, not block)
        return len(block)

    def step_back(self, place: int) -> bool:
        """Put everything from byte `place` on back into the source; False when it was given away."""
        back = b"".join(self._recent)
        first = len(back) - (self._place - place)
        if first >= 0:
            self._source.push_back(back[first:])
        return first >= 0
