"""What follows the rows of a VOTable."""

from __future__ import annotations

from collections.abc import Sequence
from xml.parsers import expat

from tianku.formats.votable_read.errors import Damage
from tianku.formats.votable_read.feeding import Feeder
from tianku.formats.votable_read.source import ByteSource

_BLOCK = 256 << 10


def read_tail(source: ByteSource, path: Sequence[str]) -> list[tuple[str, str]]:
    """Read the rest of a document that stands before the end tag of the last element of `path`.

    Returns
    -------
    list of (value, text)
        Its QUERY_STATUS INFOs: a service may say only here that the rows are not all (DALI 1.1 §4.4).

    Raises
    ------
    Damage
        When the document does not end well.
    """
    tail = _Tail()
    feeder = Feeder(source, path)
    parser = feeder.parser
    parser.StartElementHandler, parser.CharacterDataHandler = tail.start, tail.text
    try:
        while feeder.feed(_BLOCK):
            pass
    except expat.ExpatError as error:
        raise Damage("damaged file", f"the document does not end well: {error}") from error
    return [(status[0], " ".join("".join(status[1:]).split())[:1000]) for status in tail.found]


class _Tail:
    def __init__(self) -> None:
        self.found: list[list[str]] = []
        self._inside = False

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        local = tag.rpartition(":")[2]
        self._inside = local == "INFO" and attributes.get("name", "").upper() == "QUERY_STATUS"
        if self._inside:
            self.found.append([attributes.get("value", "").strip().upper()])

    def text(self, text: str) -> None:
        if self._inside:
            self.found[-1].append(text)
