"""Checksums of records: over their fields, without sync word and trailer."""

from __future__ import annotations

import binascii
import zlib
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from tianku.formats.records.plan import TRAILER, Buffer, RecordPlan


def _crc16(data: memoryview) -> int:
    """CRC-16/CCITT-FALSE: polynomial 0x1021, from 0xFFFF, not reflected."""
    return binascii.crc_hqx(data, 0xFFFF)


def _crc32(data: memoryview) -> int:
    return zlib.crc32(data)


_SUMS: dict[int, Callable[[memoryview], int]] = {2: _crc16, 4: _crc32}


def right_sums(
    buffer: Buffer, plan: RecordPlan, offset: int, count: int, dtype: np.dtype
) -> npt.NDArray[np.bool_]:
    """Return which of `count` records from byte `offset` on have the sum that their trailer says."""
    assert plan.checksum is not None and dtype.fields is not None
    first, last = len(plan.sync), dtype.fields[TRAILER][1]
    total = _SUMS[plan.checksum.itemsize]
    whole = memoryview(buffer)
    starts = range(offset, offset + count * dtype.itemsize, dtype.itemsize)
    # the sum itself is C; records are long, so the loop around it costs little
    sums = np.fromiter((total(whole[at + first : at + last]) for at in starts), "u4", count)
    said = np.ndarray((count,), dtype, buffer, offset)[TRAILER]
    return np.asarray(sums == said)


def intact(buffer: Buffer, plan: RecordPlan, at: int, dtype: np.dtype) -> bool:
    """Return whether the one record at byte `at` has the right sum."""
    return bool(right_sums(buffer, plan, at, 1, dtype)[0])
