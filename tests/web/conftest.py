"""A served centre whose queries may run long."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.centre import FakeCentre
from tests.support.server import serving


@pytest.fixture(scope="session")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    huge = {"sync_rows": 10**9, "default_rows": 10**9}
    with serving(FakeCentre(tmp_path_factory.mktemp("data"), limits=huge)) as (base, _):
        yield base
