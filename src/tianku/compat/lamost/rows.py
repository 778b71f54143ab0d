"""How rows of a release are written in this interface."""

from __future__ import annotations

from tianku.compat.lamost.address import Address
from tianku.compat.wire import Spelling


def spelling_of(address: Address) -> Spelling:
    """Return how numbers, nulls and days of a release are written."""
    return Spelling(address.family.decimals, address.family.nulls)
