"""A reader for every page of documentation."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.docs.session import Session, environment


@pytest.fixture(scope="session")
def demo_token(demo_root: Path) -> str:
    """A token of the demo's operator."""
    command = ["tianku", "-r", str(demo_root), "token", "create", "demo", "--label", "documentation"]
    done = subprocess.run(command, check=True, env=environment(), stdout=subprocess.PIPE, text=True, timeout=100)
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
            address = None if alone else request.getfixturevalue("demo_site").removeprefix("http://")
            variables = {} if alone else {"TIANKU_TOKEN": request.getfixturevalue("demo_token")}
            sessions[page] = Session(tmp_path_factory.mktemp(page.stem), address, variables)
        return sessions[page]

    yield of
    for session in sessions.values():
        session.close()
