"""The examples of a page: fenced blocks, and what the comment after one says of its outcome.

A fence is opened as three backticks and ``sh test`` or ``python test``. More words may follow: ``serve``
(the block starts a server, which stays until the page ends), ``needs=PROGRAM`` and ``slow`` (run by
``make verify`` only, as all of the operator's guide is). A fence with ``once`` is not run. After a block,
``<!-- prints: TEXT -->`` says what its output holds, and ``<!-- fails: TEXT -->`` that it fails, saying so;
both may be repeated.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

_FENCE = re.compile(
    r"^```(?P<language>\w+)(?P<words>[^\n]*)\n(?P<code>.*?)^```\n(?P<after>(?:<!-- (?:prints|fails): .*? -->\n)*)",
    re.DOTALL | re.MULTILINE,
)
_OUTCOME = re.compile(r"<!-- (prints|fails): (.*?) -->")
RUNNABLE = ("sh", "bash", "python")


@dataclass(frozen=True)
class Block:
    """One fenced block; `line` is that of its first line of code."""

    page: Path
    line: int
    language: str
    words: tuple[str, ...]
    code: str
    prints: tuple[str, ...]
    fails: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.page.name}:{self.line}"

    @property
    def needs(self) -> tuple[str, ...]:
        """Programs without which it cannot run."""
        return tuple(word.removeprefix("needs=") for word in self.words if word.startswith("needs="))


def blocks(page: Path) -> list[Block]:
    """Return every fenced block of `page`, in order."""
    text = page.read_text("utf-8")
    found = []
    for match in _FENCE.finditer(text):
        said = _OUTCOME.findall(match["after"])
        found.append(
            Block(
                page,
                text.count("\n", 0, match.start("code")) + 1,
                match["language"],
                tuple(match["words"].split()),
                match["code"],
                tuple(words for kind, words in said if kind == "prints"),
                tuple(words for kind, words in said if kind == "fails"),
            )
        )
    return found
