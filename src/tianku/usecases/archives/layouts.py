"""Layouts of archives in use: computed once for all the segments that are fetched of one."""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from tianku.products.archive import Form, Layout, Part
from tianku.products.members import Members

#: memory of all layouts that are kept, but for one that is larger by itself
_MOST_BYTES = 64 << 20
#: raised when the bytes of archives of the same members change
_VERSION = 1


@dataclass(frozen=True, slots=True)
class Laid:
    """A layout and its strong validator; `until` is the instant (POSIX) at which another member opens."""

    layout: Layout
    etag: str
    until: float


class LayoutCache:
    """The layouts used last; safe to share between threads."""

    def __init__(self) -> None:
        self._kept: OrderedDict[Hashable, Laid] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: Hashable, now: float, make: Callable[[], Laid]) -> Laid:
        """Return the layout of `key`; of several callers one makes it, the others wait."""
        with self._lock:
            found = self._kept.pop(key, None)
            if found is None or found.until <= now:
                found = make()
            self._kept[key] = found
            while len(self._kept) > 1 and sum(one.layout.nbytes for one in self._kept.values()) > _MOST_BYTES:
                self._kept.popitem(last=False)
            return found


def lay(form: Form, parts: Sequence[Part], trees: Sequence[str], until: float) -> Laid:
    """Lay out an archive; `trees` are checksums of the trees of its parts, which tell all bytes of all members."""
    digest = hashlib.sha256(f"{_VERSION}|{form}".encode())
    for part, tree in zip(parts, trees, strict=True):
        digest.update(f"|{part.prefix}|{tree}|{len(part.numbers)}|".encode())
        digest.update(part.numbers.astype("<i8").tobytes())
    return Laid(Layout(form, parts), digest.hexdigest(), until)


@lru_cache(maxsize=64)
def members_of(path: Path) -> Members:
    """Return the files of a set, whose snapshot never changes."""
    return Members(path)
