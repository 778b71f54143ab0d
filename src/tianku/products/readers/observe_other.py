"""Files of no known kind: kept with their checksum; a FITS header is read where there is one."""

from __future__ import annotations

from tianku.products.context import SetContext
from tianku.products.observed import Observed
from tianku.products.readers.fits_cards import parse_cards
from tianku.products.readers.source import SourceFile, gunzip


def observe(context: SetContext, file: SourceFile) -> list[Observed]:
    """Return the one product that `file` is."""
    raw = file.raw
    head = gunzip(raw) if raw.startswith(b"\x1f\x8b") else raw
    header = parse_cards(head, 0)[0] if head.startswith(b"SIMPLE") else {}
    return [Observed(identity=header, header=header)]
