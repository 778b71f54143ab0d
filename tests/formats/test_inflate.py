"""Gzip of unknown origin: members, damage and growth."""

import gzip
import io

import pytest

from tianku.formats.inflate import MAX_RATIO, Inflated


def test_members_follow_each_other_and_padding_is_no_member():
    data = gzip.compress(b"one ") + gzip.compress(b"") + gzip.compress(b"two") + bytes(512)
    assert Inflated(io.BytesIO(data)).readall() == b"one two"
    assert Inflated(io.BytesIO(data[10:]), data[:10]).readall() == b"one two"


def test_large_streams_come_in_pieces():
    text = b"".join(b"%d," % i for i in range(500_000))
    stream = Inflated(io.BytesIO(gzip.compress(text, 1)))
    pieces = []
    while piece := stream.read(100_000):
        pieces.append(piece)
    assert b"".join(pieces) == text
    assert max(map(len, pieces)) <= 100_000


@pytest.mark.parametrize(
    "change", [lambda d: d[:-9], lambda d: d[:40], lambda d: d[:30] + b"!" + d[31:], lambda d: d + b"?"]
)
def test_damage_is_an_oserror(change):
    data = gzip.compress(bytes(range(256)) * 100)
    with pytest.raises(OSError):
        Inflated(io.BytesIO(change(data))).readall()


def test_growth_beyond_measure_is_refused_before_it_happens():
    stream = Inflated(io.BytesIO(gzip.compress(bytes(80 << 20))))
    with pytest.raises(OSError, match=f"more than {MAX_RATIO} times"):
        while stream.read(1 << 20):
            pass
