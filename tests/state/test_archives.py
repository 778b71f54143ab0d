"""Selections of files in the state database."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tianku.model.errors import NotFoundError
from tianku.state import archives
from tianku.state.records import ArchiveRecord, LostMember


def record(digest: str) -> ArchiveRecord:
    return ArchiveRecord(digest, [{"dataset": "a/b", "count": 1}], b"\x01\x00")


@pytest.mark.usefixtures("root")
def test_a_selection_is_kept_and_what_it_lost_comes_back_with_it() -> None:
    archives.save_archive(record("a"))
    assert archives.archive("a") == record("a") and archives.lost_members("a") == ()
    lost = LostMember(0, "tree", 7)
    for _ in range(2):
        archives.lose_member("a", lost)
    assert archives.lost_members("a") == (lost,)
    archives.save_archive(record("a"))
    assert archives.lost_members("a") == ()


@pytest.mark.usefixtures("root")
def test_selections_unused_for_long_or_beyond_the_most_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "MOST_KEPT", 3)
    now = archives.timezone.now()
    for day, digest in enumerate("abcde"):
        moment = now + timedelta(days=day)
        monkeypatch.setattr(archives.timezone, "now", lambda moment=moment: moment)
        archives.save_archive(record(digest))
    assert [archives.archive(digest).digest for digest in "cde"] == ["c", "d", "e"]
    monkeypatch.setattr(archives.timezone, "now", lambda: now + timedelta(days=archives.KEPT_DAYS + 3, hours=1))
    archives.save_archive(record("f"))
    for digest in "abcd":
        with pytest.raises(NotFoundError, match="no archive"):
            archives.archive(digest)
    assert archives.lost_members("e") == ()
