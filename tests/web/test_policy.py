"""A data set that is closed to everybody changes no byte of any anonymous answer."""

from __future__ import annotations

import json
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


@pytest.mark.parametrize(
    "path",
    [
        "/vo/tap/sync?LANG=ADQL&QUERY=SELECT+*+FROM+secret_dr1.stars",
        "/vo/secret/dr1/stars/scs?RA=10&DEC=20&SR=1",
        "/vo/secret/dr1/stars/scs/capabilities",
        "/vo/tap/tables/secret_dr1.stars",
    ],
)
def test_what_is_listed_but_closed_asks_who_you_are(tmp_path: Path, path: str) -> None:
    centre = FakeCentre(tmp_path, listed=True)
    answer = get(create_app(centre), path)  # type: ignore[arg-type]
    assert answer.status == 401 and answer.headers["www-authenticate"].startswith("Bearer")
    assert answer.headers["cache-control"] == "private, no-store" and "not public" in answer.text
    centre.close()


def test_what_is_listed_shows_its_name_and_no_numbers(tmp_path: Path) -> None:
    centre = FakeCentre(tmp_path, listed=True)
    app = create_app(centre)  # type: ignore[arg-type]
    table = json.loads(get(app, "/api/v1/datasets/secret/dr1/tables/stars").text)
    assert table["rows"] is None and table["access"] == {"existence": True, "metadata": False, "data": False}
    assert "statistics" not in table["columns"][0] and table["coverage"] is None
    assert "secret" not in get(app, "/vo/tap/tables").text
    assert "secret" not in get(app, "/api/v1/schema").text
    centre.close()
