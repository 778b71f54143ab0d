"""A served centre for the API's tests, one with and one without a closed data set."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.centre import FakeCentre
from tests.support.installation import small_installation
from tests.support.server import serving


@pytest.fixture(scope="session")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with serving(FakeCentre(tmp_path_factory.mktemp("data"), obscore=True)) as (base, _):
        yield base


@dataclass(frozen=True)
class Small:
    """A real installation of spectra and one catalogue, and where it is served."""

    root: Path
    address: str


@pytest.fixture(scope="package")
def small(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Small]:
    root = tmp_path_factory.mktemp("installation")
    with small_installation(root) as centre, serving(centre) as (base, _):
        yield Small(root, base)
