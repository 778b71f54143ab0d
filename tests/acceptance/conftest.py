"""Servers over copies of one small archive."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from tests.support.archive import HIDDEN, Archive
from tests.support.serving import Served, serving
from tianku.usecases.download_files import make_downloads
from tianku.usecases.publish import publish


@dataclass(frozen=True)
class Site:
    """An archive and the server over it."""

    archive: Archive
    served: Served

    @property
    def address(self) -> str:
        return self.served.address


@pytest.fixture(scope="session")
def two_workers(installation: Archive, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Two server processes; whoever changes what is published changes it back."""
    archive = installation.copy(tmp_path_factory.mktemp("two-workers"))
    with serving(archive.root, workers=2) as served:
        yield Site(archive, served)


@pytest.fixture(scope="session")
def with_hidden(installation: Archive, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The archive in which the hidden data sets are published too; nobody changes it."""
    archive = installation.copy(tmp_path_factory.mktemp("with-hidden"))
    for dataset in HIDDEN:
        publish(archive.root, dataset)
        make_downloads(archive.root, dataset)
    with serving(archive.root) as served:
        yield Site(archive, served)


@pytest.fixture(scope="session")
def without_hidden(installation: Archive, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The same archive without them."""
    archive = installation.copy(tmp_path_factory.mktemp("without-hidden"))
    with serving(archive.root) as served:
        yield Site(archive, served)
