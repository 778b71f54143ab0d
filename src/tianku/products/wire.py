"""The binary form in which viewers get arrays: a JSON header, then raw little-endian columns."""

from __future__ import annotations

import json
import struct
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

Arrays = Mapping[str, npt.NDArray[np.generic]]
_ALIGN = 8


def pack(magic: bytes, facts: Mapping[str, Any], parts: Iterable[tuple[Mapping[str, Any], Arrays]]) -> bytes:
    """Return ``magic``, uint32 header length, JSON header (padded with blanks to 8 bytes), then the arrays.

    The header is `facts` with ``parts``: what is said of each part, and under ``columns`` the dtype and the
    offset of each of its arrays, counted from the end of the header.
    """
    blobs: list[bytes] = []
    described, offset = [], 0
    for said, arrays in parts:
        columns: dict[str, dict[str, Any]] = {}
        for name, array in arrays.items():
            data = array.astype(array.dtype.newbyteorder("<"), copy=False).tobytes()
            columns[name] = {"offset": offset, "dtype": array.dtype.str[1:]}
            blobs.append(data.ljust(-(-len(data) // _ALIGN) * _ALIGN, b"\0"))
            offset += len(blobs[-1])
        described.append({**said, "columns": columns})
    text = json.dumps({**facts, "parts": described}, ensure_ascii=False, allow_nan=False).encode()
    padded = text.ljust(-(-(len(text) + _ALIGN) // _ALIGN) * _ALIGN - _ALIGN)
    return magic + struct.pack("<I", len(padded)) + padded + b"".join(blobs)
