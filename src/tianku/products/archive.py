"""Virtual archives: tar and zip files that exist nowhere, of which any byte range can be read.

A layout is computed from sizes and lengths of names alone; headers are made, and files opened, for the members
of the range that is asked for.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tianku.formats import tar, zip64
from tianku.products.index import packs_beside, stored_text
from tianku.products.members import Member, Members, Numbers, members_in

Form = Literal["tar", "zip"]
_PIECE = 1 << 20
#: files that are opened, and whose bytes the system is told to fetch, ahead of the reader
_AHEAD = 64
#: of a long run, what is fetched ahead; the system goes on by itself
_WILLNEED = 8 << 20


@dataclass(frozen=True, slots=True)
class Part:
    """The members of one set: `numbers` ascending; `prefix` stands before their places, ending with a slash."""

    members: Members
    prefix: str
    numbers: Numbers


@dataclass(frozen=True, slots=True)
class Span:
    """Bytes of a file; `whole` is the size it must have, None for shards, which hold more than one member."""

    path: str
    offset: int
    length: int
    whole: int | None
    part: int
    number: int


class MemberGoneError(OSError):
    """A file is not there any more, or not as long as the index says."""

    def __init__(self, span: Span) -> None:
        super().__init__(f"{span.path} is not what the index says")
        self.part, self.number = span.part, span.number


class Layout:
    """Where everything stands in an archive. Arrays of 16 (tar) or 24 (zip) bytes a member are all it holds."""

    def __init__(self, form: Form, parts: Sequence[Part]) -> None:
        self.form = form
        self.parts = tuple(parts)
        self._first = np.cumsum([0, *(len(part.numbers) for part in parts)])
        self._starts = np.zeros(len(self) + 1, np.int64)
        self._entries = np.zeros(len(self) + 1 if form == "zip" else 1, np.int64)
        self._lay()
        self._end = tar.END if form == "tar" else zip64.ending(len(self), self._body, int(self._entries[-1]))
        self.size = self._body + int(self._entries[-1]) + len(self._end)

    def __len__(self) -> int:
        return int(self._first[-1])

    @property
    def nbytes(self) -> int:
        """Memory that it holds."""
        own = self._starts.nbytes + self._entries.nbytes
        return own + sum(part.numbers.nbytes for part in self.parts)

    @property
    def _body(self) -> int:
        return int(self._starts[-1])

    def _lay(self) -> None:
        """Fill in the bounds: some members at a time, for what it takes of memory."""
        at = body = entries = 0
        for part in self.parts:
            for facts in part.members.facts(part.numbers):
                octets, some = facts.octets + len(part.prefix), slice(at + 1, at + 1 + len(facts.sizes))
                if self.form == "tar":
                    units = tar.head_lengths(octets, facts.ascii, facts.sizes) + tar.padded(facts.sizes)
                else:
                    units = zip64.local_lengths(octets, facts.sizes) + facts.sizes
                self._starts[some] = body + np.cumsum(units)
                if self.form == "zip":
                    offsets = self._starts[at : at + len(octets)]
                    self._entries[some] = entries + np.cumsum(zip64.central_lengths(octets, facts.sizes, offsets))
                at += len(octets)
                body, entries = int(self._starts[at]), int(self._entries[at if self.form == "zip" else 0])

    def rows(self, first: int = 0, last: int | None = None) -> Iterator[tuple[int, Part, int, Member]]:
        """Yield number of the part, part, number in it and member, for members `first` to before `last`."""
        last = len(self) if last is None else last
        for at, part in enumerate(self.parts):
            low, high = self._own(at, first, last)
            numbers = part.numbers[low:high]
            for number, member in zip(numbers.tolist(), part.members.rows(numbers), strict=True):
                yield at, part, number, member

    def read(self, originals: Path, offset: int, length: int) -> Iterator[bytes]:
        """Yield `length` bytes from `offset` on, in pieces of about a megabyte.

        Raises
        ------
        MemberGoneError
            While they are made: what came before is right.
        """
        return _joined(_read(_clipped(self._segments(originals, offset, offset + length), offset, length)))

    def _segments(self, originals: Path, begin: int, end: int) -> Iterator[tuple[int, bytes | Span]]:
        """Offset and contents of all that overlaps the range, in order."""
        first, last = self._overlapping(self._starts, begin, end)
        at = int(self._starts[first])
        places = str(originals), str(packs_beside(originals))
        for segment in self._bodies(places, first, last):
            yield at, segment
            at += segment.length if isinstance(segment, Span) else len(segment)
        if self.form == "zip" and end > self._body:
            first, last = self._overlapping(self._entries, begin - self._body, end - self._body)
            at = self._body + int(self._entries[first])
            offsets = self._starts[first:last].tolist()
            for offset, (_, one, _, m) in zip(offsets, self.rows(first, last), strict=True):
                entry = zip64.central_header(one.prefix + m.place, m.size, m.crc32, m.mtime, offset)
                yield at, entry
                at += len(entry)
        yield self.size - len(self._end), self._end

    def _bodies(self, places: tuple[str, str], first: int, last: int) -> Iterator[bytes | Span]:
        """Heads, data and padding of members `first` to before `last`."""
        for at, part in enumerate(self.parts):
            low, high = self._own(at, first, last)
            for table in part.members.tables(part.numbers[low:high]):
                numbers = part.numbers[low : low + len(table)]
                begin = int(self._first[at]) + low
                low += len(table)
                if self.form == "tar" and _as_packed(part, table):
                    units = np.diff(self._starts[begin : begin + len(table) + 1])
                    yield from _runs(places[1], at, table, units, numbers)
                    continue
                for number, member in zip(numbers.tolist(), members_in(table), strict=True):
                    yield from self._member(places, at, part, number, member)

    def _own(self, at: int, first: int, last: int) -> tuple[int, int]:
        """Which members of part number `at` are among `first` to before `last`."""
        count, before = len(self.parts[at].numbers), int(self._first[at])
        return min(max(first - before, 0), count), min(max(last - before, 0), count)

    def _overlapping(self, starts: Numbers, begin: int, end: int) -> tuple[int, int]:
        """Which of the runs between `starts` overlap a range."""
        count = len(starts) - 1
        first = min(max(int(np.searchsorted(starts, begin, "right")) - 1, 0), count)
        return first, max(first, min(int(np.searchsorted(starts, end, "left")), count))

    def _member(
        self, places: tuple[str, str], at: int, part: Part, number: int, member: Member
    ) -> tuple[bytes | Span, ...]:
        name = part.prefix + member.place
        path = stored_text(member.store, member.path, member.shard, *places)
        whole = None if member.shard else member.size
        span = Span(path, member.offset or 0, member.size, whole, at, number)
        if self.form == "zip":
            return zip64.local_header(name, member.size, member.crc32, member.mtime), span
        return tar.head(name, member.size, member.mtime), span, tar.padding(member.size)


def _as_packed(part: Part, table: pa.Table) -> bool:
    """Whether members stand in their shards just as they do in the archive, heads included."""
    if table["shard"].null_count:
        return False
    named = pc.binary_join_element_wise(pa.scalar(part.prefix, pa.string()), table["place"], "")
    return bool(pc.all(pc.equal(named, table["path"])).as_py())


def _runs(packs: str, at: int, table: pa.Table, units: Numbers, numbers: Numbers) -> Iterator[Span]:
    """Spans of members that stand side by side in a shard."""
    shards = table["shard"].combine_chunks().dictionary_encode()
    shard = shards.indices.to_numpy()
    ends = table["offset"].to_numpy() + tar.padded(table["size"].to_numpy())
    begins = ends - units
    apart = (shard[1:] != shard[:-1]) | (begins[1:] != ends[:-1])
    first = np.concatenate([[0], np.flatnonzero(apart) + 1])
    last = np.concatenate([first[1:], [len(table)]]) - 1
    for low, high in zip(first.tolist(), last.tolist(), strict=True):
        name = shards.dictionary[int(shard[low])].as_py()
        offset = int(begins[low])
        yield Span(f"{packs}/{name}", offset, int(ends[high]) - offset, None, at, int(numbers[low]))


def _clipped(segments: Iterator[tuple[int, bytes | Span]], begin: int, length: int) -> Iterator[bytes | Span]:
    """Cut what reaches beyond the range."""
    end = begin + length
    for at, segment in segments:
        size = segment.length if isinstance(segment, Span) else len(segment)
        low, high = max(begin - at, 0), min(end - at, size)
        if low >= high:
            continue
        if isinstance(segment, Span):
            yield Span(segment.path, segment.offset + low, high - low, segment.whole, segment.part, segment.number)
        else:
            yield segment[low:high]


def _read(segments: Iterator[bytes | Span]) -> Iterator[bytes]:
    """Contents in order, with the next files open and on their way from the disk."""
    handles = _Handles()
    waiting: deque[bytes | tuple[Span, int]] = deque()
    try:
        while True:
            for segment in islice(segments, max(0, 3 * _AHEAD - len(waiting))):
                waiting.append((segment, handles.open(segment)) if isinstance(segment, Span) else segment)
            if not waiting:
                return
            item = waiting.popleft()
            if isinstance(item, bytes):
                yield item
                continue
            yield from handles.contents(*item)
    finally:
        handles.close()


class _Handles:
    """Open files; a shard stays open as long as one of its members is waited for, or was the last."""

    def __init__(self) -> None:
        #: handle, and members that wait to be read from it
        self._shards: dict[str, list[int]] = {}
        self._files: set[int] = set()

    def open(self, span: Span) -> int:
        shard = self._shards.get(span.path) if span.whole is None else None
        if shard is None:
            handle = self._opened(span)
            if span.whole is None:
                self._shards[span.path] = [handle, 1]
            elif os.fstat(handle).st_size != span.whole:
                raise MemberGoneError(span)
        else:
            handle = shard[0]
            shard[1] += 1
        os.posix_fadvise(handle, span.offset, min(span.length, _WILLNEED), os.POSIX_FADV_WILLNEED)
        return handle

    def _opened(self, span: Span) -> int:
        try:
            handle = os.open(span.path, os.O_RDONLY | os.O_CLOEXEC)
        except OSError as error:
            raise MemberGoneError(span) from error
        self._files.add(handle)
        return handle

    def contents(self, span: Span, handle: int) -> Iterator[bytes]:
        at, end = span.offset, span.offset + span.length
        while at < end:
            piece = os.pread(handle, min(_PIECE, end - at), at)
            if not piece:
                raise MemberGoneError(span)
            at += len(piece)
            yield piece
        if span.whole is not None:
            self._close(handle)
            return
        self._shards[span.path][1] -= 1
        idle = [path for path, (_, waited) in self._shards.items() if not waited and path != span.path]
        for path in idle:
            self._close(self._shards.pop(path)[0])

    def _close(self, handle: int) -> None:
        self._files.discard(handle)
        os.close(handle)

    def close(self) -> None:
        while self._files:
            os.close(self._files.pop())


def _joined(pieces: Iterator[bytes]) -> Iterator[bytes]:
    parts: list[bytes] = []
    size = 0
    for piece in pieces:
        parts.append(piece)
        size += len(piece)
        if size >= _PIECE:
            yield parts[0] if len(parts) == 1 else b"".join(parts)
            parts, size = [], 0
    if parts:
        yield b"".join(parts)
