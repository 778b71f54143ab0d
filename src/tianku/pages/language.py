"""Languages by URL: English at ``/…``, Chinese at ``/zh/…``, nothing by browser or cookie."""

from __future__ import annotations

from collections.abc import Sequence

from django.urls import LocalePrefixPattern, URLResolver
from django.utils.translation import get_language

CHINESE = "zh-hans"
ENGLISH = "en"
_PREFIX = "zh/"


class ShortPrefix(LocalePrefixPattern):
    """Writes ``zh`` where Django would write ``zh-hans``."""

    @property
    def language_prefix(self) -> str:
        """The first segment of addresses in the active language."""
        return _PREFIX if is_chinese() else ""


def in_both_languages(*urls: object) -> Sequence[URLResolver]:
    """Return `urls` at the root and under ``zh/``."""
    return [URLResolver(ShortPrefix(prefix_default_language=False), list(urls))]


def is_chinese() -> bool:
    """Whether the active language is Chinese."""
    return (get_language() or ENGLISH).startswith("zh")


def short() -> str:
    """Return the active language as configuration names it: ``en`` or ``zh``."""
    return "zh" if is_chinese() else "en"


def of_path(path: str) -> str:
    """Return the Django language of an address."""
    return CHINESE if path == "/zh" or path.startswith("/zh/") else ENGLISH


def swapped(path: str) -> str:
    """Return the address of the same page in the other language."""
    if of_path(path) == CHINESE:
        return path[3:] or "/"
    return "/zh" + path
