"""Every example of the guides runs, and does what the page says."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from _pytest.mark import ParameterSet

from tests.docs.blocks import RUNNABLE, Block, blocks
from tests.docs.session import Session

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", ROOT / "docs" / "user.md", ROOT / "docs" / "operator.md"]
EXAMPLES = [block for page in PAGES for block in blocks(page)]


def _case(block: Block) -> ParameterSet:
    slow = block.page.name == "operator.md" or "slow" in block.words
    return pytest.param(block, id=str(block), marks=[pytest.mark.slow] if slow else [])


@pytest.mark.parametrize("block", [_case(b) for b in EXAMPLES if "test" in b.words])
def test_example(reader: Callable[[Path], Session], block: Block) -> None:
    reader(block.page).run(block)


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_no_example_is_left_out(page: Path) -> None:
    found = [b for b in EXAMPLES if b.page == page]
    assert any("test" in b.words for b in found)
    assert [str(b) for b in found if b.language in RUNNABLE and not {"test", "once"} & set(b.words)] == []
    fences = [line for line in page.read_text("utf-8").splitlines() if line.startswith("```")]
    assert len(fences) == 2 * len(found), "a fence is not closed, or opened without a language"
