"""The installation of the captured replies, built once and served."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.support.captured import Captured, LamostSite, build_lamost
from tests.support.once import once
from tests.support.server import serving
from tests.support.web import Reply, fetch
from tianku.usecases.centre import Centre
from tianku.usecases.installation import connect

BASE = "/openapi/dr10/v2.0"


@dataclass(frozen=True)
class Served:
    """The installation, asked over HTTP."""

    site: LamostSite
    address: str

    def get(self, path: str, /, headers: dict[str, str] | None = None, **params: Any) -> Reply:
        """GET below the release, or an absolute path; `output_fmt` is ``output.fmt``."""
        named = {k.replace("output_fmt", "output.fmt"): v for k, v in params.items()}
        target = path if path.startswith("/") else f"{BASE}/{path}"
        return fetch(self.address, target, params=named or None, headers=headers)

    def post(self, path: str, body: bytes, kind: str = "application/json") -> Reply:
        target = path if path.startswith("/") else f"{BASE}/{path}"
        return fetch(self.address, target, "POST", headers={"Content-Type": kind}, body=body)


@pytest.fixture(scope="session")
def captured(test_data: Path) -> Captured:
    return Captured(test_data / "nadc-openapi" / "lamost")


@pytest.fixture(scope="session")
def _served(captured: Captured, tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Iterator[Served]:
    site = once(
        tmp_path_factory, worker_id, "lamost", lambda root: build_lamost(root, captured, captured.combined)
    )
    with opened(site) as address:
        yield Served(site, address)


@pytest.fixture
def lamost(_served: Served) -> Served:
    """The state database is one for a process: tests of other packages may have come in between."""
    connect(_served.site.root, profile="web")
    return _served


def opened(site: LamostSite) -> Any:
    """Serve an installation, with its state database as this process's."""
    from contextlib import contextmanager

    @contextmanager
    def served() -> Iterator[str]:
        connect(site.root, profile="web")
        centre = Centre.open(site.root)
        with serving(centre) as (address, _):
            yield address

    return served()
