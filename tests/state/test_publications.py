"""Publishing is one atomic flip that every process can see."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tianku.model.access import Level, Rule
from tianku.model.errors import NotFoundError, UsageError
from tianku.state import repositories as state

DATASET = "lamost/dr10/v2.0"


def _build(*revisions: int) -> None:
    for revision in revisions:
        state.record_built(DATASET, revision, f"snapshots/{DATASET}/{revision}/manifest.json")


def _published() -> list[int]:
    return [p.revision for p in state.publications(["published"])]


def test_a_built_revision_is_not_published_and_raises_nothing(either: Path) -> None:
    before = state.generation()
    _build(1)
    assert _published() == []
    assert state.generation() == before


def test_recording_twice_is_the_same_but_another_manifest_is_refused(either: Path) -> None:
    _build(1)
    _build(1)
    with pytest.raises(UsageError, match="a snapshot never changes") as caught:
        state.record_built(DATASET, 1, "elsewhere.json")
    assert caught.value.code == "publication.exists"


def test_flip_replaces_the_revision_shown_and_raises_the_generation(either: Path) -> None:
    _build(1, 2)
    before = state.generation()
    state.flip(DATASET, 1)
    record = state.flip(DATASET, 2)
    assert record.state == "published"
    assert record.published_at is not None
    assert _published() == [2]
    assert state.generation() == before + 2


def test_withdraw_hides_and_flip_shows_again(either: Path) -> None:
    _build(1)
    state.flip(DATASET, 1)
    assert state.withdraw(DATASET).state == "withdrawn"
    assert _published() == []
    state.flip(DATASET, 1)
    assert _published() == [1]


def test_a_failed_flip_changes_nothing(either: Path) -> None:
    _build(1)
    state.flip(DATASET, 1)
    before = state.generation()
    with pytest.raises(NotFoundError, match=r"no revision 9 of lamost/dr10/v2\.0 \(there are: 1\)"):
        state.flip(DATASET, 9)
    assert _published() == [1]
    assert state.generation() == before


def test_what_is_published_cannot_be_removed(either: Path) -> None:
    _build(1)
    state.flip(DATASET, 1)
    with pytest.raises(UsageError, match="is published"):
        state.remove(DATASET, 1)
    state.withdraw(DATASET)
    state.remove(DATASET, 1)
    assert state.publications() == []


def test_policy_overrides_come_back_as_they_were_set(either: Path) -> None:
    rule = Rule(
        who={Level.EXISTENCE: frozenset({"public"}), Level.DATA: frozenset({"group:lamost", "user:li"})},
        public_from={Level.METADATA: 1727625600.0},
        apply="Write to the survey office.",
    )
    before = state.generation()
    state.set_policy(f"{DATASET}/stellar", rule)
    assert state.snapshot() == (before + 1, [], {f"{DATASET}/stellar": rule})
    state.set_policy(f"{DATASET}/stellar", None)
    assert state.policy_overrides() == {}
    assert state.generation() == before + 2


WRITER = """
import sys
from pathlib import Path
from tianku.state import repositories as state
state.setup(Path(sys.argv[1]))
name = sys.argv[2]
for revision in range(1, 41):
    state.record_built(name, revision, f"{name}/{revision}")
    state.flip(name, revision)
"""


def test_flips_of_two_processes_wait_for_each_other(root: Path) -> None:
    before = state.generation()
    writers = [
        subprocess.Popen([sys.executable, "-c", WRITER, str(root), name], stderr=subprocess.PIPE, text=True)
        for name in ("one", "two")
    ]
    errors = [writer.communicate(timeout=120)[1] for writer in writers]
    assert errors == ["", ""]
    assert state.generation() == before + 80
    assert [(p.dataset, p.revision) for p in state.publications(["published"])] == [("one", 40), ("two", 40)]
