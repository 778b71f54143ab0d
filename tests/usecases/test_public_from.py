"""Rows and products that become public one by one, each at its own instant, without anything being done."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

import pytest
import yaml

from tests.support.asgi import get
from tests.support.releases import SPECTRA, Clock, releases
from tianku.model.access import ANONYMOUS, Principal
from tianku.model.config.load import load_installation
from tianku.model.errors import AuthError, NotFoundError, UsageError
from tianku.pages.source import CentreSource
from tianku.usecases.centre import Centre
from tianku.usecases.check import check
from tianku.usecases.ingest import ingest_dataset
from tianku.usecases.products import product_file, product_list, product_page
from tianku.usecases.query import run_adql
from tianku.web.app import create_app

DATASET = "sim/dr1"
MEMBER = Principal(user="ada", groups=frozenset({"team"}))
RELEASED = datetime(2021, 5, 20, tzinfo=UTC)
ROWS = {1: "2020-01-01", 2: "2020-06-30", 3: "2020-02-01", 4: "", 5: "2015-01-01", 6: "2019-11-01"}
ACCESS = {"metadata": ["group:team"]}
#: the files were taken in three nights, 18 months before 12 May, 13 June and 13 July 2021
OPENS = "from_mjd(t_max) + 18 months"


def at(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()


@dataclass
class Site:
    centre: Centre
    clock: Clock
    folder: Path


def _build(root: Path, rows: dict[int, str], hidden_files: bool = True) -> Iterator[Site]:
    with releases(root) as made:
        made.spectra(6)
        if not hidden_files:
            for night in sorted((made.sources / "spectra").iterdir())[1:]:
                shutil.rmtree(night)
        lines = [f"{i},10,{20 + (i == 3)},{day},{'星' if i == 2 else 'x'}" for i, day in rows.items()]
        made.csv("stars.csv", "\n".join(["id,ra,dec,obsdate,name", *lines]))
        made.add(
            DATASET,
            title="Embargoed",
            released={"public": RELEASED.isoformat()},
            access=ACCESS | {"public_from": "obsdate + 18 months"},
            tables={"stars": {"from": "stars.csv", "id": "id", "positions": [{"ra": "ra", "dec": "dec"}]}},
            products={"lrs": SPECTRA | {"access": ACCESS | {"public_from": OPENS}}},
        )
        clock = Clock(RELEASED.timestamp())
        with made.opened(clock) as centre:
            yield Site(centre, clock, root)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    yield from _build(tmp_path_factory.mktemp("embargo"), ROWS)


def ids(site: Site, adql: str = "SELECT id FROM sim_dr1.stars", who: Principal = ANONYMOUS) -> list[object]:
    with run_adql(site.centre, who, adql) as answer:
        return sorted(value for batch in answer.batches() for value in batch.column(0).to_pylist())


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        ("2021-05-20", [5, 6]),
        ("2021-06-30T23:59:59", [5, 6]),
        ("2021-07-01", [1, 5, 6]),
        ("2021-08-01", [1, 3, 5, 6]),
        ("2021-12-30", [1, 2, 3, 5, 6]),  # 18 months after 30 June, counted in months
        ("2100-01-01", [1, 2, 3, 5, 6]),
    ],
)
def test_rows_open_on_their_own_dates(site, now, expected):
    site.clock.now = at(now)
    assert ids(site) == expected
    assert ids(site, who=Principal(user="bob")) == expected
    assert ids(site, who=MEMBER) == [1, 2, 3, 4, 5, 6]


def test_before_the_release_the_table_is_closed(site):
    site.clock.now = RELEASED.timestamp() - 1
    with pytest.raises(AuthError, match="not public"):
        ids(site)


def test_every_reference_is_restricted(site):
    site.clock.now = at("2021-08-01")
    for adql in (
        "SELECT s.id FROM (SELECT id, ra FROM sim_dr1.stars) AS s",
        "WITH s AS (SELECT * FROM sim_dr1.stars) SELECT id FROM s",
        "SELECT a.id FROM sim_dr1.stars AS a JOIN sim_dr1.stars AS b ON a.id = b.id",
        "SELECT id FROM sim_dr1.stars UNION SELECT id FROM sim.stars WHERE id > 0",
        "SELECT id FROM sim_dr1.stars WHERE id IN (SELECT id FROM sim_dr1.stars)",
    ):
        assert ids(site, adql) == [1, 3, 5, 6], adql
    assert ids(site, "SELECT COUNT(*) AS n FROM sim_dr1.stars") == [4]
    assert ids(site, "SELECT id FROM sim_dr1.stars WHERE id = 2") == []
    assert ids(site, "SELECT id FROM sim_dr1.stars WHERE id = 3") == [3]


def test_products_open_one_by_one(site):
    site.clock.now = at("2100-01-01")
    everything = product_list(site.centre, ANONYMOUS, DATASET, "lrs", 0, 100).products
    opens = {entries[0].key: entries[0].public_from for entries in everything}
    assert len(opens) == 6 and len(set(opens.values())) == 3
    instants = sorted({at for at in opens.values() if at is not None and at > RELEASED.timestamp()})
    site.clock.now = instants[0] - 1
    public = {key for key, instant in opens.items() if instant < instants[0]}
    assert 0 < len(public) < 6
    seen = product_list(site.centre, ANONYMOUS, DATASET, "lrs", 0, 100)
    assert seen.total == len(public) and {p[0].key for p in seen.products} == public
    late = next(key for key, instant in opens.items() if instant == instants[0])
    with pytest.raises(NotFoundError, match="no product"):
        product_page(site.centre, ANONYMOUS, DATASET, "lrs", late)
    assert product_file(site.centre, MEMBER, DATASET, "lrs", late).size > 0
    rights = "SELECT obs_id FROM ivoa.obscore WHERE data_rights = "
    assert set(ids(site, f"{rights}'public'")) == public and ids(site, f"{rights}'proprietary'") == []
    assert set(ids(site, f"{rights}'proprietary'", MEMBER)) == opens.keys() - public
    site.clock.now = instants[0]
    assert product_file(site.centre, ANONYMOUS, DATASET, "lrs", late).public
    assert late in ids(site, f"{rights}'public'")


def test_lists_are_paged_over_what_is_open(site):
    site.clock.now = RELEASED.timestamp()
    whole = product_list(site.centre, ANONYMOUS, DATASET, "lrs", 0, 100)
    pages = [product_list(site.centre, ANONYMOUS, DATASET, "lrs", i, 2) for i in range(0, whole.total + 2, 2)]
    assert [p for page in pages for p in page.products] == list(whole.products) and whole.total < 6


def test_a_wrong_expression_is_named_before_the_ingest(site):
    for text, problem in (("obsdat + 18 months", "obsdat"), ("read_csv('x')", "uses")):
        table = {"from": "stars.csv", "id": "id", "access": {"public_from": text}}
        path = site.folder / "collections" / "sim" / "bad" / "dataset.yaml"
        path.parent.mkdir(exist_ok=True)
        path.write_text(yaml.safe_dump({"dataset": "sim/bad", "tables": {"stars": table}}))
        with pytest.raises(UsageError, match=problem) as caught:
            ingest_dataset(site.folder, "sim/bad")
        assert caught.value.code == "ingest.public_from"
        findings = check(load_installation(site.folder).dataset("sim/bad"))
        assert any(problem in str(finding) and finding.severity == "error" for finding in findings)


PATHS = [
    "/api/v1/datasets",
    f"/api/v1/datasets/{DATASET}",
    f"/api/v1/datasets/{DATASET}/tables/stars",
    "/api/v1/schema",
    "/vo/tap/tables",
    "/vo/tap/tables/sim_dr1.stars",
    "/vo/tap/examples",
    f"/vo/{DATASET}/stars/scs?RA=10&DEC=20&SR=5",
    f"/vo/{DATASET}/stars/scs?RA=10&DEC=20&SR=5&VERB=3",
    *(
        "/vo/tap/sync?LANG=ADQL&QUERY=" + quote(query)
        for query in (
            "SELECT * FROM sim_dr1.stars",
            "SELECT TOP 1 * FROM sim_dr1.stars",
            "SELECT COUNT(*) AS n, MAX(id) AS m FROM sim_dr1.stars",
            "SELECT * FROM ivoa.obscore",
            "SELECT * FROM tap_schema.tables",
            "SELECT * FROM tap_schema.columns",
            "SELECT _public_from FROM sim_dr1.stars",
        )
    ),
]


def said(site: Site, path: str) -> tuple[int, str]:
    """Status and body, without the instants at which the two archives were made."""
    answer = get(create_app(site.centre), path)
    return answer.status, re.sub(r"20\d\d-\d\d-\d\dT[\d:]+Z", "then", answer.text)


def test_what_is_still_closed_changes_no_byte(site, tmp_path_factory):
    now = RELEASED.timestamp()
    site.clock.now = now
    view = CentreSource(site.centre)
    given = [said(site, path) for path in PATHS]
    pages = _pages(view)
    assert "UNDEFINED" not in str(given) and all(status < 500 for status, _ in given)
    folder = tmp_path_factory.mktemp("without")
    for other in _build(folder, {i: ROWS[i] for i in (5, 6)}, hidden_files=False):
        other.clock.now = now
        for path, one in zip(PATHS, given, strict=True):
            assert said(other, path) == one, path
        assert _pages(CentreSource(other.centre)) == pages


def _pages(source: CentreSource) -> str:
    table = source.table(ANONYMOUS, DATASET, "stars")
    assert table.card.rows is None and table.coverage is None and table.card.access.some
    products = source.products(ANONYMOUS, DATASET, "lrs", 0, 50)
    shown = [source.dataset(ANONYMOUS, DATASET), table, products.total, products.rows]
    return re.sub(r"20\d\d-\d\d-\d\dT[\d:]+Z", "then", repr(shown))
