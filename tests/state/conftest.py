"""A fresh state database for every test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.state import empty_state


@pytest.fixture
def root(tmp_path: Path) -> Iterator[Path]:
    """The data root of an installation with an empty state database."""
    with empty_state(tmp_path) as folder:
        yield folder
