"""Find the records of a file: runs of equal ones at once, a search only where a sync word is missing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from tianku.formats.records.checksum import intact
from tianku.formats.records.plan import SYNC, Buffer, Lengths, RecordPlan
from tianku.model.errors import LimitError, UsageError

#: beyond these a file is not worth searching on
MAX_RUNS = 20_000
MAX_CANDIDATES = 500_000


@dataclass(frozen=True, slots=True)
class Run:
    """`count` records of one size that follow each other from byte `offset` on."""

    offset: int
    count: int
    lengths: Lengths
    dtype: np.dtype

    @property
    def end(self) -> int:
        """The first byte after the run."""
        return self.offset + self.count * self.dtype.itemsize

    def view(self, buffer: Buffer) -> np.ndarray:
        """Return the records as a structured array over `buffer`: nothing is copied."""
        return np.ndarray((self.count,), self.dtype, buffer, self.offset)


@dataclass(frozen=True, slots=True)
class Gap:
    """Bytes that belong to no whole record: ``no-sync``, ``damaged`` (bytes are missing) or ``truncated``."""

    offset: int
    size: int
    reason: str


@dataclass(slots=True)
class Scan:
    """What a file holds, in its order."""

    runs: list[Run] = field(default_factory=list)
    gaps: list[Gap] = field(default_factory=list)

    @property
    def records(self) -> int:
        """How many records there are."""
        return sum(run.count for run in self.runs)


def scan(buffer: Buffer, plan: RecordPlan) -> Scan:
    """Find all records after the file header.

    Raises
    ------
    UsageError
        ``records.short_header``; ``records.sync_lost`` where the layout says ``resync: false``.
    LimitError
        ``records.too_damaged``: more than `MAX_RUNS` pieces.
    """
    at, found = plan.layout.file_header.size, Scan()
    if at > len(buffer):
        raise UsageError(
            "records.short_header", "the file has {size} bytes, its header {header}", size=len(buffer), header=at
        )
    search = _Search(buffer, plan)
    while at < len(buffer):
        lengths = search.lengths(at)
        if lengths is not None and at + plan.size(lengths) <= len(buffer):
            found.runs.append(search.run(at, lengths))
            at = found.runs[-1].end
            if len(found.runs) > MAX_RUNS:
                raise _too_damaged(MAX_RUNS)
        else:
            at = _resume(search, found, at, "truncated" if lengths is not None else "no-sync")
    return found


def _resume(search: _Search, found: Scan, at: int, reason: str) -> int:
    """Note the gap at `at` and return where records go on, the end of the file when they do not."""
    plan, end = search.plan, len(search.buffer)
    left = end - at
    if not plan.sync or (reason == "no-sync" and left < len(plan.sync)):
        found.gaps.append(Gap(at, left, "truncated"))
        return end
    if reason == "no-sync" and plan.layout.repeat.sync and not plan.layout.repeat.sync.resync:
        raise UsageError(
            "records.sync_lost", "no sync word {word} at byte {at}", word=plan.sync.hex().upper(), at=at
        )
    last = found.runs[-1] if found.runs and found.runs[-1].end == at else None
    begin = at - last.dtype.itemsize if last else at
    # a record that lost bytes ends where the next one has begun already: look inside it too, unless it is intact
    whole = last is None or (plan.checksum is not None and intact(search.buffer, plan, begin, last.dtype))
    low = at + 1 if whole else begin + len(plan.sync)
    after = search.next(low, at, last.dtype.itemsize if last else 0)
    if after is None:
        found.gaps.append(Gap(at, left, "truncated" if reason == "truncated" else "no-sync"))
        return end
    if last is not None and after < at:
        found.runs[-1] = Run(last.offset, last.count - 1, last.lengths, last.dtype)
        if not found.runs[-1].count:
            found.runs.pop()
        at, reason = begin, "damaged"
    found.gaps.append(Gap(at, after - at, reason if reason == "damaged" else "no-sync"))
    return after


class _Search:
    """Looks for records in one buffer, and counts what it looked at."""

    def __init__(self, buffer: Buffer, plan: RecordPlan) -> None:
        self.buffer, self.plan, self.seen = buffer, plan, 0
        word = np.frombuffer(plan.sync, "u1")
        self.word: npt.NDArray[np.generic] | None = None
        if plan.sync:
            kind = plan.prefix[SYNC]
            self.word = word if kind.shape else word.view(kind)[0]

    def lengths(self, at: int) -> Lengths | None:
        """Return the lengths of the record at `at`, None when none begins there."""
        plan = self.plan
        if at + plan.prefix.itemsize > len(self.buffer) or not self._begins(at):
            return None
        if not plan.lengths:
            return ()
        head = np.ndarray((1,), plan.prefix, self.buffer, at)[0]
        found = tuple(int(head[name]) for name in plan.lengths)
        return found if min(found) >= 0 else None

    def _begins(self, at: int) -> bool:
        return self.buffer[at : at + len(self.plan.sync)] == self.plan.sync

    def run(self, at: int, lengths: Lengths) -> Run:
        """Return the run of records like the one at `at`; the cost is that of its own length, not of the file."""
        dtype = self.plan.dtype(lengths)
        view = Run(at, (len(self.buffer) - at) // dtype.itemsize, lengths, dtype).view(self.buffer)
        done, block = 1, 64
        while done < len(view):
            alike = self._alike(view[done : done + block], lengths)
            if not alike.all():
                done += int(np.argmin(alike))
                break
            done, block = done + len(alike), min(block * 4, 1 << 20)
        return Run(at, done, lengths, dtype)

    def _alike(self, records: np.ndarray, lengths: Lengths) -> npt.NDArray[np.bool_]:
        alike = np.ones(len(records), dtype=bool)
        if self.word is not None:
            same = records[SYNC] == self.word
            alike &= same if same.ndim == 1 else same.all(axis=1)
        for name, length in zip(self.plan.lengths, lengths, strict=True):
            alike &= records[name] == length
        return alike

    def next(self, low: int, expected: int, step: int) -> int | None:
        """Return the first place from `low` on where a record begins, judged by what surrounds it.

        A sync word can be data by chance: it counts when it lies a whole number of records after
        `expected`, when another follows its record, when its record ends the file, or when its sum is right.
        """
        for at in self._candidates(low):
            lengths = self.lengths(at) if at != expected else None
            if lengths is None:
                continue
            size = self.plan.size(lengths)
            on_grid = step == size and at >= expected and (at - expected) % step == 0
            after = at + size
            if after > len(self.buffer):
                if on_grid:
                    return at
                continue
            if on_grid or after == len(self.buffer) or self._begins(after) or self._sum_is_right(at, lengths):
                return at
        return None

    def _sum_is_right(self, at: int, lengths: Lengths) -> bool:
        return self.plan.checksum is not None and intact(self.buffer, self.plan, at, self.plan.dtype(lengths))

    def _candidates(self, low: int) -> Iterator[int]:
        at = self.buffer.find(self.plan.sync, low)
        while at != -1:
            self.seen += 1
            if self.seen > MAX_CANDIDATES:
                raise _too_damaged(MAX_CANDIDATES)
            yield at
            at = self.buffer.find(self.plan.sync, at + 1)


def _too_damaged(limit: int) -> LimitError:
    return LimitError(
        "records.too_damaged",
        "the records break more than {limit} times: the layout does not fit this file, or it is destroyed",
        limit=limit,
    )
