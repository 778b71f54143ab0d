"""Fixtures of the browser suite: one Chromium and one small server for all its tests."""

from __future__ import annotations

import importlib.resources
import importlib.util
import shutil
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import ModuleType

import pytest
from playwright.sync_api import Browser

from tests.support.browser import Watched, launched, watched
from tests.support.pages_server import Site, serving
from tests.support.serving import serving as serving_installation
from tests.support.state import empty_state
from tianku.model.config.load import load_installation
from tianku.usecases.ingest import ingest_dataset
from tianku.usecases.publish import publish

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def build_assets() -> ModuleType:
    """The build script as a module."""
    place = ROOT / "scripts" / "build_assets.py"
    spec = importlib.util.spec_from_file_location("build_assets", place)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["build_assets"] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def static(build_assets: ModuleType) -> Path:
    """The folder of built assets, brought up to date first."""
    build_assets.build()
    return build_assets.STATIC


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """One Chromium, gone before the next suite: Django refuses its database beside Playwright's event loop."""
    with launched() as running:
        yield running


@pytest.fixture(scope="session")
def server(static: Path) -> Iterator[Site]:
    with serving(static) as running:
        yield running


@pytest.fixture(scope="session")
def real_site(test_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of an installation of all real LAMOST files, by the shipped configuration."""
    root = tmp_path_factory.mktemp("real")
    with importlib.resources.as_file(importlib.resources.files("tianku.usecases.demo") / "lamost") as shipped:
        shutil.copytree(shipped, root / "collections" / "lamost")
    sources = f"{{lamost: {str(test_data / 'lamost-spectra')!r}}}"
    (root / "site.yaml").write_text(f"authority: real.example\ntitle: Real\nsources: {sources}\n")
    (root / "data").mkdir()
    # In a thread of its own: Playwright's event loop runs in this one, where Django refuses its database.
    with ThreadPoolExecutor(1) as thread:
        thread.submit(_publish_all, root).result()
    with serving_installation(root) as served:
        yield served.address


def _publish_all(root: Path) -> None:
    with empty_state(root / "data"):
        for name in load_installation(root).datasets:
            ingest_dataset(root, name)
            publish(root, name)


@pytest.fixture(scope="module")
def shared(browser: Browser) -> Iterator[Watched]:
    """One page for all tests of a module; ask for `clean` to have it as new."""
    with watched(browser) as watching:
        yield watching


@pytest.fixture
def clean(shared: Watched) -> Watched:
    """The module's page with nothing left of earlier tests."""
    shared.fresh()
    return shared


@pytest.fixture
def site(server: Site) -> Site:
    """The small server, with nothing left of earlier tests."""
    server.routes.clear()
    server.requests.clear()
    return server
