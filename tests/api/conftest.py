"""A served centre for the API's tests, one with and one without a closed data set."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.centre import FakeCentre
from tests.support.server import serving


@pytest.fixture(scope="session")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with serving(FakeCentre(tmp_path_factory.mktemp("data"), obscore=True)) as (base, _):
        yield base
