"""Publisher DIDs, ``ivo://<authority>/<dataset>/<set>?<key>[/<part>]``: a product's or part's name in the VO."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import quote, unquote

from tianku.model.errors import UsageError

_DID = re.compile(r"ivo://(?P<authority>[^/?#]+)/(?P<path>[^?#]+)\?(?P<key>[^/?#]+)(?:/(?P<part>[^/?#]+))?")


@dataclass(frozen=True, slots=True)
class ProductId:
    """A product, or one part of it."""

    authority: str
    dataset: str
    set: str
    key: str
    part: str | None = None

    def __str__(self) -> str:
        tail = f"/{quote(self.part, safe='+=@')}" if self.part else ""
        return f"{did_prefix(self.authority, self.dataset, self.set)}{quote(self.key, safe='+=@:')}{tail}"


def did_prefix(authority: str, dataset: str, name: str) -> str:
    """Return what all DIDs of a product set begin with, ``?`` included."""
    return f"ivo://{authority}/{dataset}/{name}?"


def parse_did(text: str) -> ProductId:
    """Return the parts of a DID.

    Raises
    ------
    UsageError
        ``did.malformed``, showing what one looks like.
    """
    found = _DID.fullmatch(text.strip())
    dataset, slash, name = found["path"].rpartition("/") if found else ("", "", "")
    if not found or not slash or not dataset or not name:
        raise UsageError(
            "did.malformed",
            "{text!r} is no product identifier; one looks like ivo://authority/dataset/set?key[/part]",
            text=text[:200],
        )
    part = unquote(found["part"]) if found["part"] else None
    return ProductId(found["authority"], dataset, name, unquote(found["key"]), part)
