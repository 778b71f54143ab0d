"""Fixtures every suite shares."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.support.archive import Archive, build_archive
from tests.support.demo import build_demo
from tests.support.once import once
from tests.support.serving import serving
from tests.support.state import set_up

settings.register_profile(
    "tianku", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True
)
settings.load_profile("tianku")

# LSDB's helpers are compiled for 15 s, to run for milliseconds on the few rows of a test
os.environ.setdefault("NUMBA_DISABLE_JIT", "1")

ROOT = Path(__file__).resolve().parent.parent
#: suites that take longest begin first, so that test processes end together
LONGEST = ("acceptance", "browser", "products", "docs", "clients", "web")


def _suite(item: pytest.Item) -> str:
    return item.path.relative_to(ROOT / "tests").parts[0]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes longest."""
    items.sort(key=lambda item: LONGEST.index(_suite(item)) if _suite(item) in LONGEST else len(LONGEST))


@pytest.hookimpl(tryfirst=True)
def pytest_warning_recorded(warning_message: warnings.WarningMessage) -> None:
    """Hand warnings between test processes as plain ones: astropy's cannot be made again from their words."""
    said = warning_message.message
    if isinstance(said, Warning) and type(said).__module__ != "builtins":
        warning_message.message = UserWarning(f"{type(said).__name__}: {said}")
        warning_message.category = UserWarning


def _data_folder() -> Path | None:
    named = os.environ.get("TIANKU_TEST_DATA")
    folder = Path(named) if named else ROOT.parent / "shared" / "data"
    return folder if folder.is_dir() else None


@pytest.fixture(scope="session", autouse=True)
def _server_profile() -> None:
    set_up()


@pytest.fixture(scope="session")
def test_data() -> Path:
    """The folder of real files; it is never part of the repository."""
    folder = _data_folder()
    if folder is None:
        pytest.skip("real data absent: set TIANKU_TEST_DATA to a folder of real files")
    return folder


@pytest.fixture(scope="session")
def installation(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Archive:
    """A published archive with open, closed and hidden data sets; copy it to change it."""
    return once(tmp_path_factory, worker_id, "archive", build_archive)


@pytest.fixture(scope="session")
def demo_root(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """The demo installation, built once for the session by its own command."""
    return once(tmp_path_factory, worker_id, "demo", lambda folder: build_demo(folder / "demo"))


@pytest.fixture(scope="session")
def demo_site(demo_root: Path) -> Iterator[str]:
    """The address at which the demo is served."""
    with serving(demo_root, jobs=True) as served:
        yield served.address
