"""A data set that is closed to everybody changes no byte of any anonymous answer."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support.asgi import Answer, get
from tests.support.centre import FakeCentre

from tianku.web.app import Application, create_app

URL = {"url": "https://data.example.org"}
PATHS = [
    "/vo/tap/capabilities",
    "/vo/tap/tables",
    "/vo/tap/tables?detail=min",
    "/vo/tap/tables/secret_dr1.stars",
    "/vo/tap/sync?LANG=ADQL&FORMAT=csv&QUERY=SELECT+COUNT(*)+AS+n+FROM+sky_dr1.stars",
    "/vo/tap/sync?LANG=ADQL&QUERY=SELECT+*+FROM+secret_dr1.stars",
    "/vo/tap/sync?LANG=ADQL&QUERY=SELECT+*+FROM+secret_dr1.star",
    "/vo/tap/sync?LANG=ADQL&QUERY=SELECT+*+FROM+secret.stars",
    "/vo/secret/dr1/stars/scs?RA=10&DEC=20&SR=1",
    "/vo/secret/dr1/stars/scs/capabilities",
    "/vo/secret/dr1/stars/scs/tables",
    "/vo/sky/dr1/stars/scs?RA=10&DEC=20&SR=90&VERB=3",
    "/vo/datalink/links?ID=ivo://test.example/secret/dr1/s?1",
    "/api/v1/datasets",
    "/api/v1/datasets/secret/dr1",
    "/api/v1/datasets/secret/dr1/tables/stars",
    "/api/v1/schema",
    "/api/v1/products/secret/dr1/s/1",
    "/api/v1/products/secret/dr1/s/1/spectrum",
    "/api/v1/openapi.json",
    "/download/secret/dr1/s/1",
    "/nothing",
]


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Application, Application]]:
    centres = [_centre(tmp_path_factory.mktemp("centre"), closed) for closed in (False, True)]
    yield create_app(centres[0]), create_app(centres[1])  # type: ignore[arg-type]
    for centre in centres:
        centre.close()


def _centre(folder: Path, closed: bool) -> FakeCentre:
    return FakeCentre(folder, closed=closed, obscore=True, site_more=URL)


@pytest.mark.parametrize("path", PATHS)
def test_no_byte_changes(both: tuple[Application, Application], path: str) -> None:
    without, with_closed = (_normal(get(app, path)) for app in both)
    assert without == with_closed
    assert "secret" not in without[2].replace(path, "") or without[0] >= 400 or "datalink" in path


def _normal(answer: Answer) -> tuple[int, dict[str, str], str]:
    return answer.status, answer.headers, answer.text
