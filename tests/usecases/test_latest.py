"""Names that move with the newest version: in queries, and in addresses."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.asgi import get
from tests.support.releases import Clock, Releases, releases
from tianku.model.access import ANONYMOUS, Principal
from tianku.model.config.validate import ConfigError
from tianku.model.errors import NotFoundError, UsageError
from tianku.usecases.centre import Centre
from tianku.usecases.ingest import ingest_dataset
from tianku.usecases.query import run_adql
from tianku.usecases.viewer import Viewer
from tianku.web.app import create_app

MEMBER = Principal(user="ada", groups=frozenset({"team"}))
#: in this order, which is not that of their names
VERSIONS = ("sim/dr1/v9", "sim/dr1/v10", "sim/dr2/v1")
RELEASES = [{"id": "dr1", "versions": ["v9", "v10"]}, {"id": "dr2", "versions": ["v1"], "access": "internal"}]
INTERNAL = {"internal": {"metadata": ["group:team"], "data": ["group:team"]}}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Releases]:
    with releases(tmp_path_factory.mktemp("latest")) as one:
        one.collection(
            releases=RELEASES, access_rules=INTERNAL, aliases={"newest": "newest-readable", "best": VERSIONS[0]}
        )
        for number, dataset in enumerate(VERSIONS):
            one.csv(f"{number}.csv", f"id,v\n{number},1\n")
            one.add(dataset, tables={"stars": {"from": f"{number}.csv", "id": "id"}})
        yield one


@pytest.fixture(scope="module")
def centre(made: Releases) -> Iterator[Centre]:
    with made.opened(Clock(1.9e9)) as opened:
        yield opened


@pytest.mark.parametrize(
    ("alias", "everybody", "member"),
    [("sim", 1, 2), ("sim_newest", 1, 2), ("sim_dr1", 1, 1), ("sim_best", 0, 0), ("sim_dr1_v9", 0, 0)],
)
def test_an_alias_stands_for_the_newest_readable_version(
    centre: Centre, alias: str, everybody: int, member: int
) -> None:
    for who, expected in ((ANONYMOUS, everybody), (MEMBER, member)):
        with run_adql(centre, who, f"SELECT id FROM {alias}.stars") as answer:
            assert [row["id"] for batch in answer.batches() for row in batch.to_pylist()] == [expected]
            assert answer.versions == ({} if alias == "sim_dr1_v9" else {alias: VERSIONS[expected]})


def test_a_closed_release_has_no_alias_for_others(centre: Centre) -> None:
    with pytest.raises(UsageError, match="no table"):
        run_adql(centre, ANONYMOUS, "SELECT id FROM sim_dr2.stars")


def test_the_answer_names_the_version(centre: Centre) -> None:
    answer = get(create_app(centre), "/vo/tap/sync?LANG=ADQL&QUERY=SELECT+id+FROM+sim.stars")
    assert 'name="SCHEMA_VERSION" value="sim=sim/dr1/v10"' in answer.text


@pytest.mark.parametrize(
    ("path", "target"),
    [
        ("/api/v1/datasets/sim/latest", "/api/v1/datasets/sim/dr1/v10"),
        ("/api/v1/datasets/sim/dr1/latest/tables/stars", "/api/v1/datasets/sim/dr1/v10/tables/stars"),
        (
            "/api/v1/products/sim/latest/lrs/1/x?part=B",
            "/api/v1/products/sim/dr1/v10/lrs/1/x?part=B",
        ),
        ("/download/sim/latest/lrs/1", "/download/sim/dr1/v10/lrs/1"),
    ],
)
def test_latest_in_addresses(centre: Centre, path: str, target: str) -> None:
    answer = get(create_app(centre), path)
    assert (answer.status, answer.headers["location"]) == (307, target)
    assert "no-cache" in answer.headers["cache-control"]


def test_latest_of_nothing(centre: Centre) -> None:
    assert get(create_app(centre), "/api/v1/datasets/sim/dr2/latest").status == 404
    viewer = Viewer(centre.picture(), MEMBER, 1.9e9)
    assert viewer.newest("sim").id == viewer.newest("sim/dr2").id == VERSIONS[2]
    with pytest.raises(NotFoundError):
        viewer.newest("si")


def test_no_dataset_is_called_latest(made: Releases) -> None:
    made.configure("sim/latest")
    with pytest.raises(ConfigError, match="newest version"):
        ingest_dataset(made.root, "sim/latest")


@pytest.fixture
def with_current(tmp_path: Path) -> Iterator[Centre]:
    """The last version of the first release is a trial: readers are led to the one before it."""
    first = {**RELEASES[0], "current": "v9"}
    with releases(tmp_path) as one:
        one.collection(releases=[first, RELEASES[1]], access_rules=INTERNAL, aliases={"newest": "newest-readable"})
        for number, dataset in enumerate(VERSIONS):
            one.csv(f"{number}.csv", f"id,v\n{number},1\n")
            one.add(dataset, tables={"stars": {"from": f"{number}.csv", "id": "id"}})
        with one.opened(Clock(1.9e9)) as opened:
            yield opened


def test_readers_are_led_to_the_current_version(with_current: Centre) -> None:
    def meant(who: Principal, alias: str) -> str:
        with run_adql(with_current, who, f"SELECT id FROM {alias}.stars") as answer:
            assert [batch.num_rows for batch in answer.batches()] == [1]
            return answer.versions[alias]

    assert [meant(ANONYMOUS, alias) for alias in ("sim", "sim_newest", "sim_dr1")] == [VERSIONS[0]] * 3
    assert meant(MEMBER, "sim") == VERSIONS[2] and meant(MEMBER, "sim_dr1") == VERSIONS[0]
    viewer = Viewer(with_current.picture(), ANONYMOUS, 1.9e9)
    assert viewer.newest("sim/dr1").id == VERSIONS[0]
    assert [d.id for d in viewer.picture.datasets.values()] == list(VERSIONS)
