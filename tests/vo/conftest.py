"""A served centre for the protocol tests."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Iterator
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


@pytest.fixture(scope="session")
def invalid(test_data: Path) -> Callable[[bytes], list[str]]:
    """Return what the schemas of the IVOA say against a document; they lie beside the real data."""
    path = test_data.parent / "validators" / "vovalidate.py"
    if not path.is_file():
        pytest.skip("the IVOA's schemas are not beside the real data")
    spec = importlib.util.spec_from_file_location("vovalidate", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    validate: Callable[[bytes], list[str]] = module.validate
    return validate
