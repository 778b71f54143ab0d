"""RESPONSEFORMAT: media types and short names (DALI 1.1, 3.4.3)."""

from __future__ import annotations

from tianku.formats.writers import WriterSpec, get_writer
from tianku.http.params import Params


def response_format(params: Params, default: str = "votable") -> WriterSpec:
    """Return the writer that RESPONSEFORMAT (or the older FORMAT) names.

    Raises
    ------
    UsageError
        ``format.unknown``, naming the formats there are.
    """
    return get_writer(params.one("RESPONSEFORMAT") or params.one("FORMAT") or default)
