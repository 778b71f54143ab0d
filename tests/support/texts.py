"""What a Chinese page must not say in English: every text that has a Chinese twin."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import tianku
from tianku.pages import messages, words

FRONTEND = Path(tianku.__file__).parent / "pages" / "frontend" / "js"
_PAIR = re.compile(r'\w+: \[\s*("(?:[^"\\]|\\.)+"),\s*("(?:[^"\\]|\\.)+"),?\s*\]')


def english_texts(*described: Any) -> set[str]:
    """English sides of the site's pairs and of those found anywhere in `described` (JSON), as they are shown."""
    pairs = [*messages.site_texts().items(), *_script_pairs(), *_told(described)]
    pairs += [(text.en, text.zh) for text in words._WORDS.values()]
    english = {english for english, chinese in pairs if chinese and chinese != english}
    return english | {text[:1].upper() + text[1:] for text in english}


def _script_pairs() -> Iterable[tuple[str, str]]:
    for path in FRONTEND.rglob("*.js"):
        for english, chinese in _PAIR.findall(path.read_text("utf-8")):
            yield english[1:-1], chinese[1:-1]


def _told(value: Any) -> Iterable[tuple[str, str]]:
    if isinstance(value, dict) and value.keys() == {"en", "zh"}:
        yield value["en"] or "", value["zh"] or ""
    elif isinstance(value, dict | list | tuple):
        for one in value.values() if isinstance(value, dict) else value:
            yield from _told(one)
