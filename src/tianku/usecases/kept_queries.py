"""Structured queries kept by number, so that clients fetch them page by page: the query, never its rows.

A number is drawn at random from 2**52, which every JSON reader keeps exact. Whoever asks for a page is
asked by the policy again, so a number opens nothing.
"""

from __future__ import annotations

import hashlib
import json
import secrets
import time
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

from tianku.model.errors import LimitError, NotFoundError
from tianku.storage.files import atomic_write

#: how long a query is kept after it was made, and how many there are at most
SECONDS = 7 * 86400
MOST = 8_000
#: bytes of one
BYTES = 256 * 1024
_BITS = 52


@dataclass(frozen=True, slots=True)
class KeptQuery:
    """A query of one table: the body as it was sent."""

    family: str
    dataset: str
    table: str
    body: str


class KeptQueries:
    """The folder of kept queries; several processes may use it at once."""

    def __init__(self, data_root: Path) -> None:
        self._folder = data_root / "cache" / "queries"

    def keep(self, query: KeptQuery) -> int:
        """Keep a query and return its number.

        Raises
        ------
        LimitError
            ``compat.too_long``
        """
        content = json.dumps(asdict(query)).encode()
        if len(content) > BYTES:
            raise LimitError("compat.too_long", "the query is longer than {most} bytes", most=BYTES)
        self._folder.mkdir(parents=True, exist_ok=True)
        self._forget()
        number = secrets.randbits(_BITS) | 1 << (_BITS - 1)
        _write(self._folder / f"{number}.json", content)
        return number

    def get(self, number: int, family: str) -> KeptQuery:
        """Return a query by its number.

        Raises
        ------
        NotFoundError
            ``compat.no_query``
        """
        try:
            content = (self._folder / f"{number}.json").read_bytes()
        except FileNotFoundError:
            content = b""
        found = KeptQuery(**json.loads(content)) if content else None
        if found is None or found.family != family:
            raise NotFoundError(
                "compat.no_query", "there is no query {number}: they are kept for {days} days",
                number=number, days=SECONDS // 86400,
            )  # fmt: skip
        return found

    def page_size(self, number: int, token: str) -> int | None:
        """Return the rows of the first page that was asked for with a token, None before it was."""
        try:
            return int(self._sizes(number, token).read_bytes())
        except FileNotFoundError:
            return None

    def keep_page_size(self, number: int, token: str, rows: int) -> None:
        """Remember the rows of a first page."""
        _write(self._sizes(number, token), str(rows).encode())

    def _sizes(self, number: int, token: str) -> Path:
        return self._folder / f"{number}-{hashlib.sha256(token.encode()).hexdigest()[:16]}.size"

    def _forget(self) -> None:
        """Remove what is old, and the oldest of too many."""
        files = sorted(_with_age(self._folder.iterdir()))
        surplus = max(0, len(files) - MOST)
        limit = time.time() - SECONDS
        for at, (modified, path) in enumerate(files):
            if at >= surplus and modified >= limit:
                break
            path.unlink(missing_ok=True)


def _write(path: Path, content: bytes) -> None:
    with atomic_write(path) as file:
        file.write(content)


def _with_age(paths: Iterable[Path]) -> Iterable[tuple[float, Path]]:
    for path in paths:
        try:
            yield path.stat().st_mtime, path
        except FileNotFoundError:  # another process forgot it
            continue
