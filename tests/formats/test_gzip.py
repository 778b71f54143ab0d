"""Compressed in threads, unpacked by others."""

from __future__ import annotations

import gzip
import random
import subprocess
import zlib

import pytest

from tianku.formats.gzip import gzipped

_RANDOM = random.Random(1)
CASES = {
    "nothing": [],
    "one byte": [b"x"],
    "empty pieces": [b"", b"a", b"", b"b"],
    "many small": [bytes([i % 7]) * i for i in range(300)],
    "large": [_RANDOM.randbytes(1 << 18) + b"stars" * 60_000 for _ in range(9)],
}


@pytest.mark.parametrize("case", CASES)
def test_others_unpack_it(case: str) -> None:
    pieces = CASES[case]
    packed, plain = b"".join(gzipped(pieces)), b"".join(pieces)
    assert gzip.decompress(packed) == plain
    assert subprocess.run(["gzip", "-dc"], input=packed, capture_output=True, check=True).stdout == plain


def test_it_is_one_member_however_many_threads() -> None:
    pieces = CASES["large"]
    packed = b"".join(gzipped(pieces, threads=1))
    assert packed == b"".join(gzipped(pieces, threads=4))
    unpack = zlib.decompressobj(wbits=31)
    assert unpack.decompress(packed) == b"".join(pieces)
    assert unpack.eof and not unpack.unused_data


def test_a_reader_that_stops_stops_it() -> None:
    taken = []

    def endless():
        while True:
            taken.append(1)
            yield b"x" * 1000

    stream = gzipped(endless())
    next(stream), next(stream)
    stream.close()
    assert len(taken) < 10


def test_what_fails_in_the_source_is_told() -> None:
    def broken():
        yield b"x"
        raise OSError("gone")

    with pytest.raises(OSError, match="gone"):
        list(gzipped(broken()))
