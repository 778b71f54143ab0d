"""Services that a table's `protocols:` leaves out do not exist for it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.asgi import get
from tests.support.releases import Clock, Releases, releases
from tianku.model.access import ANONYMOUS
from tianku.model.errors import NotFoundError
from tianku.usecases.centre import Centre
from tianku.usecases.download_files import make_downloads
from tianku.usecases.downloads import download_file, offered
from tianku.usecases.viewer import Viewer
from tianku.web.app import create_app

DATASET = "sim/v1"
CONE = "?RA=10&DEC=20&SR=0.1"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Releases]:
    with releases(tmp_path_factory.mktemp("protocols")) as one:
        one.collection()
        one.csv("stars.csv", "id,ra,dec\n1,10,20\n")
        table = {"from": "stars.csv", "id": "id", "positions": [{"ra": "ra", "dec": "dec"}]}
        tables = {"whole": table, "closed": {**table, "protocols": ["tap"]}}
        one.add(DATASET, tables=tables, downloads=["csv"])
        make_downloads(one.root, DATASET)
        yield one


@pytest.fixture(scope="module")
def centre(made: Releases) -> Iterator[Centre]:
    with made.opened(Clock(1.9e9)) as opened:
        yield opened


@pytest.mark.parametrize("tail", [CONE, "?RA=wrong", "/capabilities", "/tables"])
def test_a_closed_cone_search_answers_as_that_of_no_table(centre: Centre, tail: str) -> None:
    app = create_app(centre)
    closed, unknown = (get(app, f"/vo/{DATASET}/{name}/scs{tail}") for name in ("closed", "nobody"))
    assert closed.status == unknown.status and closed.text == unknown.text.replace("nobody", "closed")
    assert [h for h in closed.headers.items() if h[0] != "content-length"] == [
        h for h in unknown.headers.items() if h[0] != "content-length"
    ]
    if "wrong" not in tail:
        assert closed.status == 404 and get(app, f"/vo/{DATASET}/whole/scs{tail}").status == 200


def test_what_is_closed_is_not_offered(centre: Centre) -> None:
    app = create_app(centre)
    services = {name: get(app, f"/api/v1/datasets/{DATASET}/tables/{name}").text for name in ("whole", "closed")}
    assert f"/vo/{DATASET}/whole/scs" in services["whole"] and "/scs" not in services["closed"]
    assert "/vo/tap" in services["closed"]


def test_no_file_of_it_is_made_or_given(centre: Centre) -> None:
    viewer = Viewer(centre.picture(), ANONYMOUS, centre.clock())
    one = viewer.published_dataset(DATASET)
    assert [file.file.table for file in offered(centre, viewer, one)] == ["whole"]
    assert download_file(centre, ANONYMOUS, one, "sim_v1_whole.csv.gz").size > 0
    with pytest.raises(NotFoundError, match="has no download"):
        download_file(centre, ANONYMOUS, one, "sim_v1_closed.csv.gz")
