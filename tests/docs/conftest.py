"""The demo installation, built and served once, and a reader for every page."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.docs.session import TIANKU, Session, environment, served


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo installation; ``TIANKU_TEST_DEMO`` names a folder that is kept and used again."""
    kept = os.environ.get("TIANKU_TEST_DEMO")
    folder = Path(kept) if kept else tmp_path_factory.mktemp("demo") / "demo"
    subprocess.run([*TIANKU, "demo", str(folder), "--no-serve"], check=True, env=environment(), timeout=280)
    return folder


@pytest.fixture(scope="session")
def demo_address(demo: Path) -> Iterator[str]:
    """``host:port`` of the served demo."""
    with served(demo) as address:
        yield address.removeprefix("http://")


@pytest.fixture(scope="session")
def demo_token(demo: Path) -> str:
    """A token of the demo's operator."""
    done = subprocess.run(
        [*TIANKU, "-r", str(demo), "token", "create", "demo", "--label", "documentation"],
        check=True, env=environment(), stdout=subprocess.PIPE, text=True, timeout=100,
    )  # fmt: skip
    return done.stdout.split()[-1]


@pytest.fixture(scope="session")
def reader(
    tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Iterator[Callable[[Path], Session]]:
    """Give the session of a page; its blocks share a folder, variables and servers."""
    sessions: dict[Path, Session] = {}

    def of(page: Path) -> Session:
        if page not in sessions:
            alone = page.name == "operator.md"
            address = None if alone else request.getfixturevalue("demo_address")
            variables = {} if alone else {"TIANKU_TOKEN": request.getfixturevalue("demo_token")}
            sessions[page] = Session(tmp_path_factory.mktemp(page.stem), address, variables)
        return sessions[page]

    yield of
    for session in sessions.values():
        session.close()
