"""A fresh state database for every test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.postgres import postgresql
from tests.support.state import empty_state


@pytest.fixture
def root(tmp_path: Path) -> Iterator[Path]:
    """The data root of an installation with an empty state database."""
    with empty_state(tmp_path) as folder:
        yield folder


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)])
def either(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Path]:
    """As `root`, with a state database of each kind."""
    if request.param == "sqlite":
        with empty_state(tmp_path) as folder:
            yield folder
    else:
        with postgresql(tmp_path):
            yield tmp_path
