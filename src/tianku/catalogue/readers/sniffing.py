"""What kind of table a file is, by its first (decompressed) bytes."""

from __future__ import annotations

import re

from tianku.catalogue.readers.base import TableSource, unreadable
from tianku.formats.opening import DAMAGED, open_bytes

_START = 64 << 10
_BINARY = {b"SIMPLE  =": "fits", b"PAR1": "parquet"}
#: XML of any encoding: other XML than VOTable is refused by the reader, by the name of its root
_XML = re.compile(rb"\A(\xef\xbb\xbf|\xfe\xff|\xff\xfe)?\0?(\s\0?)*<\0?[?!A-Za-z]")
_ECSV = re.compile(rb"\A# %ECSV ")
_CDS = re.compile(rb"(?mi)^\s*Byte-by-byte Description of file")
_VIZIER = re.compile(rb"(?m)^#(Column\t|RESOURCE=|Table\t)")
#: the names of an IPAC table stand between bars, after lines of keywords
_IPAC = re.compile(rb"\A(\\[^\n]*\n)*\|[^\n]*\|[ \t]*\r?\n")


def sniff(source: TableSource) -> str:
    """Return the kind of a file: a declared record format, else by its first (decompressed) bytes.

    Raises
    ------
    UsageError
        ``reader.unreadable`` when the file cannot be opened or is binary of no known format.
    """
    if source.record is not None:
        return "fixed" if source.record.text else "binary"
    if source.readme is not None:
        return "cds"
    try:
        with open_bytes(source.path) as file:
            start = file.read(_START)
    except DAMAGED as error:
        raise unreadable(source.path, "a table", str(error)) from error
    for mark, kind in _BINARY.items():
        if start.startswith(mark):
            return kind
    if _XML.match(start):
        return "votable"
    if b"\0" in start[:512]:
        raise unreadable(source.path, "a table", "binary data of no known format; declare a record format")
    return _text_kind(start)


def _text_kind(start: bytes) -> str:
    if _ECSV.match(start):
        return "ecsv"
    if _IPAC.match(start):
        return "ipac"
    if _CDS.search(start):
        return "cds"
    return "vizier" if start.startswith(b"#") and _VIZIER.search(start) else "csv"
