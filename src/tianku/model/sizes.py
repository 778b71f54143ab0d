"""Sizes as people write them."""

from __future__ import annotations

import re

from tianku.model.errors import UsageError

_UNITS = {
    "": 1,
    "k": 10**3,
    "m": 10**6,
    "g": 10**9,
    "t": 10**12,
    "ki": 2**10,
    "mi": 2**20,
    "gi": 2**30,
    "ti": 2**40,
}


def parse_bytes(text: str) -> int:
    """Return the number of bytes of ``4GB``, ``512 MiB`` or ``1000``."""
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([kmgt]?i?)b?\s*", text, re.IGNORECASE)
    if match is None:
        raise UsageError("config.size", "{text!r} is no size; write 4GB or 512MiB", text=text)
    return int(float(match[1]) * _UNITS[match[2].lower()])
