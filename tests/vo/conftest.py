"""A served centre for the protocol tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.centre import FakeCentre
from tests.support.server import serving


@pytest.fixture(scope="session")
def centre(tmp_path_factory: pytest.TempPathFactory) -> FakeCentre:
    return FakeCentre(tmp_path_factory.mktemp("data"), obscore=True)


@pytest.fixture(scope="session")
def address(centre: FakeCentre) -> Iterator[str]:
    with serving(centre) as (base, _):
        yield base
