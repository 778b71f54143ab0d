"""What is in an archive, in the words of other programs: CSV with checksums, addresses, Metalink (RFC 5854)."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from urllib.parse import quote
from xml.sax.saxutils import escape

from tianku.usecases.archives.opened import OpenArchive

_ROWS = 2000


def manifest(archive: OpenArchive, base: str) -> Iterator[bytes]:
    """Yield a CSV file: name in the archive, bytes, SHA-256 and the file's own address."""
    yield b"name,size,sha256,url\n"
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    for count, (name, size, sha256, url) in enumerate(_files(archive, base), 1):
        writer.writerow((name, size, sha256, url))
        if count % _ROWS == 0:
            yield text.getvalue().encode()
            text.seek(0)
            text.truncate()
    yield text.getvalue().encode()


def urls(archive: OpenArchive, base: str) -> Iterator[bytes]:
    """Yield the address of each file, one a line."""
    for _, _, _, url in _files(archive, base):
        yield f"{url}\n".encode()


def metalink(archive: OpenArchive, base: str) -> Iterator[bytes]:
    """Yield a Metalink document, with which download programs fetch and check each file by itself."""
    yield b'<?xml version="1.0" encoding="UTF-8"?>\n<metalink xmlns="urn:ietf:params:xml:ns:metalink">\n'
    for name, size, sha256, url in _files(archive, base):
        yield (
            f'<file name="{escape(name, {chr(34): "&quot;"})}"><size>{size}</size>'
            f'<hash type="sha-256">{sha256}</hash><url>{escape(url)}</url></file>\n'
        ).encode()
    yield b"</metalink>\n"


def _files(archive: OpenArchive, base: str) -> Iterator[tuple[str, int, str, str]]:
    for _, part, _, member in archive.layout.rows():
        name = part.prefix + member.place
        yield name, member.size, member.sha256, f"{base}/sas/{quote(name)}"
