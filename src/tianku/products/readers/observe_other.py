"""Files of no known kind: kept with their checksum, whatever their size; known by name, header and logbook."""

from __future__ import annotations

from tianku.model.errors import UsageError
from tianku.products.context import SetContext
from tianku.products.logbook import as_text, look_up
from tianku.products.observed import Header, Observed
from tianku.products.readers.fits_cards import parse_cards
from tianku.products.readers.headers import beginning
from tianku.products.readers.source import SourceFile
from tianku.products.renditions import stem


def observe(context: SetContext, file: SourceFile) -> list[Observed]:
    """Return the one product that `file` is.

    Mapping expressions and key rules read its ``stem`` and ``filename``, the keywords of a FITS header and the
    columns of the logbook.
    """
    names: Header = {"stem": stem(file.path), "filename": file.path.name}
    cards, notes = _cards(file)
    header: Header = {**names, **cards}
    logged = look_up(context.logbook, header) if context.logbook else None
    if context.logbook and logged is None:
        notes = (*notes, "logbook.missing")
    row = as_text(logged.row) if logged else {}
    return [
        Observed(
            identity={**header, **row},
            header={**header, **row},
            ra=logged.ra if logged else None,
            dec=logged.dec if logged else None,
            notes=notes,
        )
    ]


def _cards(file: SourceFile) -> tuple[Header, tuple[str, ...]]:
    """The first header of a FITS file; a damaged one does not stop the file from being kept."""
    head = beginning(file.path)
    if not head.startswith(b"SIMPLE"):
        return {}, ()
    try:
        return parse_cards(head, 0)[0], ()
    except UsageError:
        return {}, ("header.damaged",)
