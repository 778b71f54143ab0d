"""``same_as``: versions that share tables and products without a copy of any file."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from tests.support.releases import SPECTRA, Clock, Releases, releases
from tianku.model.access import ANONYMOUS, Principal
from tianku.model.errors import AuthError, UsageError
from tianku.state import repositories
from tianku.usecases.centre import Centre
from tianku.usecases.download_files import make_downloads
from tianku.usecases.ingest import ingest_dataset
from tianku.usecases.products import FileToSend, product_file, product_list
from tianku.usecases.publish import publish, remove, withdraw
from tianku.usecases.query import run_adql
from tianku.usecases.tree import Listing, look

FIRST, SECOND, THIRD = "sim/dr1/v1", "sim/dr1/v2", "sim/dr1/v3"
TABLE = {"from": "stars.csv", "id": "id", "positions": [{"ra": "ra", "dec": "dec"}]}
LATER = datetime(2030, 1, 1, tzinfo=UTC)
MEMBER = Principal(user="ada", groups=frozenset({"team"}))


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Releases]:
    with releases(tmp_path_factory.mktemp("sharing")) as one:
        one.spectra(2)
        one.csv("stars.csv", "id,ra,dec\n1,10,20\n2,11,21\n")
        one.add(FIRST, title="First", tables={"stars": TABLE}, products={"lrs": SPECTRA})
        shared = {"same_as": FIRST, "access": {"metadata": "public", "data": ["group:team"]}}
        one.add(
            SECOND,
            title="Second",
            released={"public": LATER.isoformat()},
            access={"metadata": "public"},
            tables={"stars": {"same_as": FIRST, "title": "Again"}},
            products={"lrs": shared},
        )
        one.add(THIRD, extends=SECOND, title="Third", products={"lrs": {"same_as": SECOND}})
        yield one


@pytest.fixture(scope="module")
def centre(made: Releases) -> Iterator[Centre]:
    with made.opened(Clock(LATER.timestamp() - 1)) as opened:
        yield opened


def rows(centre: Centre, adql: str, who: Principal = ANONYMOUS) -> list[dict]:
    with run_adql(centre, who, adql) as answer:
        return [row for batch in answer.batches() for row in batch.to_pylist()]


def _parquet(folder: Path) -> list[str]:
    return sorted(str(p.relative_to(folder)) for p in folder.rglob("*.parquet"))


def test_no_file_is_copied(made: Releases) -> None:
    snapshots = made.root / "data" / "snapshots"
    for dataset in (SECOND, THIRD):
        assert _parquet(snapshots / f"{dataset}@1") == ["products/lrs/obscore.parquet"]
        assert not list((made.root / "data" / "cache" / "serving").glob(f"{dataset}@1/*"))
    assert len(_parquet(snapshots / f"{FIRST}@1")) >= 4


def test_each_version_has_its_downloads_and_folders(made: Releases, centre: Centre) -> None:
    first, second = (
        next(one for one in make_downloads(made.root, dataset).files if one.format == "csv")
        for dataset in (FIRST, SECOND)
    )
    assert first.sha256 == second.sha256 and second.name == "sim_dr1_v2_stars.csv.gz"
    path = min((made.sources / "spectra").rglob("*.fits.gz"))
    at = f"{SECOND}/lrs/{path.relative_to(made.sources)}"
    folder = look(centre, ANONYMOUS, f"{at.rpartition('/')[0]}/")
    assert isinstance(folder, Listing) and (path.name, False) in [(e.name, e.open) for e in folder.entries]
    file = look(centre, MEMBER, at)
    assert isinstance(file, FileToSend) and file.path.read_bytes() == path.read_bytes() and not file.public
    with pytest.raises(AuthError):
        look(centre, ANONYMOUS, at)


def test_rows_are_the_same_under_each_name(centre: Centre) -> None:
    for version in ("v1", "v2", "v3"):
        assert rows(centre, f"SELECT id, ra FROM sim_dr1_{version}.stars ORDER BY id") == [
            {"id": 1, "ra": 10.0},
            {"id": 2, "ra": 11.0},
        ]
    joined = "SELECT COUNT(*) AS n FROM sim_dr1_v1.stars AS a JOIN sim_dr1_v2.stars AS b ON a.id = b.id"
    assert rows(centre, joined) == [{"n": 2}]
    assert rows(centre, "SELECT id FROM sim_dr1_v3.stars WHERE id = 2") == [{"id": 2}]


def test_each_version_has_its_own_identifiers_and_rights(made: Releases, centre: Centre) -> None:
    found = rows(centre, "SELECT * FROM ivoa.obscore")
    by_version: dict[str, list[dict]] = {}
    for row in found:
        by_version.setdefault(row["obs_collection"], []).append(row)
    assert by_version.keys() == {"First", "Second", "Third"}
    for title, dataset, rights in (
        ("First", FIRST, "public"),
        ("Second", SECOND, "proprietary"),
        ("Third", THIRD, "proprietary"),
    ):
        for row in by_version[title]:
            assert row["obs_publisher_did"] == f"ivo://test.example/{dataset}/lrs?{row['obs_id']}"
            assert row["data_rights"] == rights and dataset.replace("/", "%2F") in row["access_url"]
    stored = pq.read_table(made.root / "data" / "snapshots" / f"{SECOND}@1" / "products/lrs/obscore.parquet")
    assert stored["obs_release_date"].to_pylist() == [LATER.replace(tzinfo=None)] * 2


def test_each_version_is_open_as_it_says(centre: Centre) -> None:
    keys = [product[0].key for product in product_list(centre, ANONYMOUS, SECOND, "lrs", 0, 10).products]
    assert len(keys) == 2
    assert product_file(centre, ANONYMOUS, FIRST, "lrs", keys[0]).public
    with pytest.raises(AuthError):
        product_file(centre, ANONYMOUS, SECOND, "lrs", keys[0])
    mine = product_file(centre, MEMBER, SECOND, "lrs", keys[0])
    assert mine.path == product_file(centre, ANONYMOUS, FIRST, "lrs", keys[0]).path and not mine.public


def test_sharing_follows_what_is_published_only_when_ingested_again(made: Releases) -> None:
    assert ingest_dataset(made.root, SECOND).unchanged
    report = ingest_dataset(made.root, FIRST, force=True)
    assert ingest_dataset(made.root, SECOND).unchanged  # built, not published
    publish(made.root, FIRST, report.revision)
    again = ingest_dataset(made.root, SECOND)
    assert again.manifest.tables["stars"].shared.revision == report.revision
    assert f"shared with {FIRST}, revision {report.revision}" in "\n".join(again.lines())
    remove(made.root, SECOND, again.revision)
    publish(made.root, FIRST, 1)
    remove(made.root, FIRST, report.revision)


def test_what_others_share_is_kept(made: Releases) -> None:
    withdraw(made.root, FIRST)
    with made.opened(Clock(LATER.timestamp())) as centre:
        assert len(rows(centre, "SELECT id FROM sim_dr1_v2.stars")) == 2
        opened = rows(
            centre, "SELECT DISTINCT obs_collection, data_rights FROM ivoa.obscore ORDER BY obs_collection"
        )
        assert [tuple(r.values()) for r in opened] == [("Second", "public"), ("Third", "proprietary")]
        key = product_list(centre, ANONYMOUS, SECOND, "lrs", 0, 1).products[0][0].key
        assert product_file(centre, ANONYMOUS, SECOND, "lrs", key).path.is_file()
    with pytest.raises(UsageError, match=f"{SECOND}@1, {THIRD}@1 share files of {FIRST}"):
        remove(made.root, FIRST)
    publish(made.root, FIRST)
    states = {r.dataset: r.state for r in repositories.publications()}
    assert states[FIRST] == "published"


@pytest.mark.parametrize(
    ("part", "code"),
    [
        ({"tables": {"stars": {"same_as": "sim/dr9"}}}, "sharing.no_snapshot"),
        ({"tables": {"other": {"same_as": FIRST}}}, "sharing.unknown"),
        ({"tables": {"stars": {"same_as": "elsewhere/dr1"}}}, "sharing.elsewhere"),
        ({"tables": {"stars": {"same_as": "sim/bad"}}}, "sharing.elsewhere"),
        ({"tables": {"stars": {"same_as": FIRST, "access": {"public_from": "id"}}}}, "sharing.dates"),
    ],
)
def test_what_cannot_be_shared_is_refused(made: Releases, part: dict, code: str) -> None:
    made.configure("sim/bad", **part)
    with pytest.raises(UsageError) as caught:
        ingest_dataset(made.root, "sim/bad")
    assert caught.value.code == code


def test_dates_of_rows_go_with_the_rows(made: Releases) -> None:
    dates = {"public_from": "CASE WHEN id = 1 THEN '2020-01-01' END"}
    made.add("sim/dated/v1", tables={"stars": TABLE | {"access": dates}})
    made.add("sim/dated/v2", title="Open", tables={"stars": {"same_as": "sim/dated/v1"}})
    with made.opened(Clock(LATER.timestamp())) as centre:
        assert rows(centre, "SELECT id FROM sim_dated_v2.stars") == [{"id": 1}]
