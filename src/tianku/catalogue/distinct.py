"""Numbers of distinct values, counted while rows pass by: the k least hashes of each column are kept.

The k-th least of n random numbers in [0, 1) is about k/n (Bar-Yossef et al. 2002), so the count is known to
1/√k; up to k values it is exact.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

_KEPT = 4096
#: values hashed at once, first and at most: the first lower the bar that the others must pass
_FIRST, _MOST = 1 << 14, 1 << 18
#: texts of at most so many bytes are hashed by words
_SHORT = 64
_HIGHEST = np.uint64(0xFFFF_FFFF_FFFF_FFFF)
#: odd, so that powers of it have inverses modulo 2⁶⁴
_BASE = np.uint64(0x9E37_79B9_7F4A_7C15)

Hashes = npt.NDArray[np.uint64]


class Distinct:
    """Counts distinct values of one column; nulls are none, all NaN are one."""

    def __init__(self, least: Hashes | None = None) -> None:
        self._least: Hashes = np.empty(0, dtype=np.uint64)
        self._bar = _HIGHEST
        if least is not None:
            self._take(least)

    @property
    def least(self) -> Hashes:
        """The hashes kept, ascending: what a later count goes on from."""
        return self._least

    def add(self, values: pa.Array) -> None:
        """Take more values of the column."""
        start, size = 0, _FIRST
        while start < len(values):
            self._take(hashes(values.slice(start, size)))
            start, size = start + size, min(_MOST, 4 * size)

    def merge(self, other: Distinct) -> None:
        """Take the values of another part of the column."""
        self._take(other._least)

    def count(self) -> int:
        """Return about how many different values there were."""
        if len(self._least) < _KEPT:
            return len(self._least)
        return round((_KEPT - 1) / (float(self._least[-1]) / 2.0**64))

    def _take(self, found: Hashes) -> None:
        low = found[found < self._bar]
        if not len(low):
            return
        both = np.sort(np.concatenate([self._least, low]))
        self._least = both[np.concatenate([[True], both[1:] != both[:-1]])][:_KEPT]
        if len(self._least) == _KEPT:
            self._bar = self._least[-1]


def hashes(values: pa.Array) -> Hashes:
    """Return a 64-bit hash of each value that is not null; equal values have equal ones."""
    present = pc.drop_null(values)
    if not len(present):
        return np.empty(0, dtype=np.uint64)
    if pa.types.is_boolean(present.type):
        return _mixed(present.cast(pa.uint8()).to_numpy().astype(np.uint64))
    if pa.types.is_string(present.type) or pa.types.is_binary(present.type):
        return _texts(present)
    if pa.types.is_timestamp(present.type):
        present = present.cast(pa.int64())
    numbers = present.to_numpy(zero_copy_only=False)
    if numbers.dtype.kind == "f":
        wide = numbers.astype(np.float64) + 0.0  # −0 is 0
        wide[np.isnan(wide)] = np.nan
        return _mixed(wide.view(np.uint64))
    return _mixed(numbers.astype(np.int64).view(np.uint64))


def _mixed(words: Hashes) -> Hashes:
    """Spread words evenly over 64 bits (the finaliser of SplitMix64, Steele et al. 2014)."""
    mixed = words + _BASE
    mixed ^= mixed >> np.uint64(30)
    mixed *= np.uint64(0xBF58_476D_1CE4_E5B9)
    mixed ^= mixed >> np.uint64(27)
    mixed *= np.uint64(0x94D0_49BB_1331_11EB)
    mixed ^= mixed >> np.uint64(31)
    return mixed


def _texts(texts: pa.Array) -> Hashes:
    """Hash each text by its own length, whatever stands beside it: equal texts come in several batches."""
    lengths = pc.binary_length(texts).to_numpy(zero_copy_only=False)
    long = lengths > _SHORT
    if not long.any():
        return _words(texts, lengths)
    found = np.empty(len(texts), dtype=np.uint64)
    found[long] = _mixed(_polynomial(texts.filter(pa.array(long))))
    found[~long] = _words(texts.filter(pa.array(~long)), lengths[~long])
    return found


def _words(texts: pa.Array, lengths: npt.NDArray[np.int32]) -> Hashes:
    """Hash short texts as words of eight bytes, as many as each has."""
    found = _mixed(lengths.astype(np.uint64))
    width = -(-int(lengths.max(initial=0)) // 8) * 8
    if not width:
        return found
    padded = pc.ascii_rpad(texts, width=width, padding="\0")
    start = padded.offset * width
    data = np.frombuffer(padded.buffers()[2], np.uint8)[start : start + len(padded) * width]
    for place, word in enumerate(data.view(np.uint64).reshape(len(padded), -1).T):
        reached = lengths > 8 * place
        if reached.all():
            found = _mixed(found ^ word)
        else:
            found[reached] = _mixed(found[reached] ^ word[reached])
    return found


def _polynomial(texts: pa.Array) -> Hashes:
    """Return Σ (byte + 1) · B^place of each text, modulo 2⁶⁴, by one running sum over all bytes."""
    edges = np.frombuffer(texts.buffers()[1], np.int32)[texts.offset : texts.offset + len(texts) + 1]
    if not len(texts) or edges[-1] == edges[0]:
        return np.zeros(len(texts), dtype=np.uint64)
    data = np.frombuffer(texts.buffers()[2], np.uint8)[edges[0] : edges[-1]]
    longest = int(np.diff(edges).max())
    powers = np.cumprod(np.full(longest, _BASE, dtype=np.uint64))
    place = np.arange(len(data)) - np.repeat(edges[:-1] - edges[0], np.diff(edges))
    terms = (data.astype(np.uint64) + np.uint64(1)) * powers[place]
    sums = np.concatenate([np.zeros(1, dtype=np.uint64), np.cumsum(terms, dtype=np.uint64)])
    ends = edges - edges[0]
    return np.asarray(sums[ends[1:]] - sums[ends[:-1]])
