"""Fixtures of the browser suite: one Chromium and one small server for all its tests."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest
from playwright.sync_api import Browser

from tests.support.browser import launched
from tests.support.pages_server import Site, serving

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


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with launched() as running:
        yield running


@pytest.fixture(scope="session")
def server(static: Path) -> Iterator[Site]:
    with serving(static) as running:
        yield running


@pytest.fixture
def site(server: Site) -> Site:
    """The small server, with nothing left of earlier tests."""
    server.routes.clear()
    server.requests.clear()
    return server
