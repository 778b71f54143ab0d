"""Observations of one source across sets, and the same product in other releases."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote, unquote_plus

import pytest
from astropy.table import Table

from tests.support.asgi import get
from tests.support.releases import KEY, SPECTRA, Clock, Releases, releases
from tianku.model.access import ANONYMOUS
from tianku.model.errors import NotFoundError
from tianku.pages.source import CentreSource
from tianku.usecases.centre import Centre
from tianku.usecases.epochs import source, source_of_product
from tianku.usecases.links import SEARCHED, links
from tianku.usecases.products import product_page
from tianku.usecases.releases import other_releases
from tianku.web.app import create_app

DATASET, NEWER = "sim/dr1/v1", "sim/dr1/v2"
_CATALOGUES = "catalogues/dr10_v2.0_{survey}_{table}.fits.gz"
MRS = SPECTRA | {"from": "med-spectra/**/*.fits.gz", "rows_for": "part", "key": KEY}


def _table(survey: str, table: str, **more: object) -> dict:
    return {"from": _CATALOGUES.format(survey=survey, table=table), **more}


def _list(target: str) -> dict:
    return {"obsid_list": {"split": "-", "type": "int64", "references": target}}


def _place(ra: str, dec: str) -> list[dict]:
    return [{"ra": ra, "dec": dec}]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Releases]:
    with releases(tmp_path_factory.mktemp("epochs")) as one:
        one.collection(nulls=[-9999], releases=[{"id": "dr1", "versions": ["v1", "v2"]}])
        one.spectra(12)
        tables = {
            "mec": _table("LRS", "mec", id="uid", positions=_place("ura", "udec"), lists=_list("catalogue.obsid")),
            "med_mec": _table("MRS", "mec", id="uid", lists=_list("med_catalogue.obsid")),
            "catalogue": _table("LRS", "catalogue", id="obsid", positions=_place("ra", "dec"),
                                product={"set": "lrs", "key": "obsid"}),
            # without its own column of sources: epochs are known by the lists alone
            "med_catalogue": _table("MRS", "catalogue", id="mobsid", exclude=["uid"],
                                    product={"set": "mrs", "key": "obsid"}),
        }  # fmt: skip
        one.add(
            DATASET,
            tables=tables,
            products={"lrs": SPECTRA, "mrs": MRS},
            identity={"from": ["mec", "med_mec"], "uid": "uid"},
        )
        one.add(NEWER, supersedes=DATASET, title="Newer", products={"lrs": {"same_as": DATASET}})
        yield one


@pytest.fixture(scope="module")
def centre(made: Releases) -> Iterator[Centre]:
    with made.opened(Clock(2e9)) as opened:
        yield opened


def _read(folder: Path, survey: str, table: str) -> Table:
    return Table.read(folder / _CATALOGUES.format(survey=survey, table=table))


@pytest.fixture(scope="module")
def observed(made: Releases) -> dict[str, set[int]]:
    """Low-resolution observations by source, read with astropy."""
    found = defaultdict(set)
    for row in _read(made.sources, "LRS", "catalogue"):
        found[str(row["uid"]).strip()].add(int(row["obsid"]))
    return found


def test_every_epoch_of_every_source_is_found(centre: Centre, observed: dict, made: Releases) -> None:
    medium = {str(r["uid"]).strip(): str(r["obsid_list"]).strip() for r in _read(made.sources, "MRS", "mec")}
    assert any(len(ids) > 1 for ids in observed.values()) and medium
    for uid in {*observed, *medium}:
        found = {one.link.set: one for one in source(centre, ANONYMOUS, DATASET, uid).epochs}
        assert {int(k) for k in found["lrs"].keys} == observed[uid] if uid in observed else "lrs" not in found
        assert ("mrs" in found) == (uid in medium)
        if uid in medium:
            assert set(found["mrs"].keys) == set(medium[uid].split("-"))


def test_a_product_leads_to_its_source(centre: Centre, observed: dict) -> None:
    for uid, ids in observed.items():
        for obsid in ids:
            assert source_of_product(centre, ANONYMOUS, DATASET, "lrs", str(obsid)) == uid
    assert source_of_product(centre, ANONYMOUS, DATASET, "lrs", "no number") is None
    assert source_of_product(centre, ANONYMOUS, DATASET, "lrs", "1") is None


def test_the_page_leads_to_both(centre: Centre, observed: dict) -> None:
    uid, ids = next((uid, ids) for uid, ids in observed.items() if len(ids) > 1)
    view = CentreSource(centre).product(ANONYMOUS, DATASET, "lrs", str(min(ids)))
    assert view.source == uid and {int(key) for key in view.epochs[0].keys} == ids
    assert [(one.dataset, one.newer, one.identical) for one in view.releases] == [(NEWER, True, True)]
    newer = CentreSource(centre).product(ANONYMOUS, NEWER, "lrs", str(min(ids)))
    assert newer.source is None and newer.epochs == ()


def test_unknown_sources(centre: Centre) -> None:
    with pytest.raises(NotFoundError, match="no source"):
        source(centre, ANONYMOUS, DATASET, "nobody")
    with pytest.raises(NotFoundError, match="does not say"):
        source(centre, ANONYMOUS, NEWER, "nobody")


def test_the_api_tells_the_same(centre: Centre, observed: dict) -> None:
    uid, ids = next((uid, ids) for uid, ids in observed.items() if len(ids) > 1)
    app = create_app(centre)
    base = f"/api/v1/datasets/{DATASET}/epochs"
    by_uid = get(app, f"{base}?uid={uid}")
    found = json.loads(by_uid.text)
    assert get(app, f"{base}?set=lrs&key={min(ids)}").text == by_uid.text
    low = found["epochs"][0]
    assert {int(p["key"]) for p in low["products"]} == ids and len(low["rows"]) == len(ids)
    assert low["products"][0]["did"] == f"ivo://test.example/{DATASET}/lrs?{min(ids)}"
    assert get(app, low["products"][0]["url"]).status == 200
    assert get(app, base).status == 400 and get(app, f"{base}?set=lrs&key=1").status == 404


def test_the_same_product_in_other_releases(centre: Centre, observed: dict) -> None:
    key = str(min(min(ids) for ids in observed.values()))
    page = product_page(centre, ANONYMOUS, DATASET, "lrs", key)
    (other,) = other_releases(centre, ANONYMOUS, page)
    assert other.page.did.dataset == NEWER and other.page.did.key == key
    assert other.newer and other.identical and not other.superseded
    (back,) = other_releases(centre, ANONYMOUS, other.page)
    assert back.page.did == page.did and not back.newer and back.superseded
    told = json.loads(get(create_app(centre), f"/api/v1/products/{NEWER}/lrs/{key}").text)["releases"]
    assert told[0]["dataset"] == DATASET and told[0]["superseded"] and told[0]["identical"]


def test_links_lead_to_both_and_to_the_rows_measured(centre: Centre, observed: dict) -> None:
    ids = next(ids for ids in observed.values() if len(ids) > 1)
    key = str(min(ids))
    authority = centre.site.authority
    did = f"ivo://{authority}/{DATASET}/lrs?{key}"
    found = {(one.semantics, one.local_semantics): one for one in links(centre, ANONYMOUS, [did])}
    newer = found["#coderived", "newer-release"].access_url or ""
    assert unquote(newer) == f"/vo/datalink/links?ID=ivo://{authority}/{NEWER}/lrs?{key}"
    rows = found["#derivation", "catalogue"].access_url or ""
    assert unquote_plus(rows).endswith(f"SELECT * FROM sim_dr1_v1.catalogue WHERE obsid = {key}")
    epochs = [one for one in links(centre, ANONYMOUS, [did]) if one.semantics == "#counterpart"]
    expected = {f"ivo://{authority}/{DATASET}/lrs?{other}" for other in ids - {min(ids)}}
    assert expected <= {unquote(one.access_url or "").partition("ID=")[2] for one in epochs}
    assert did not in {unquote(one.access_url or "").partition("ID=")[2] for one in epochs}
    many = list(links(centre, ANONYMOUS, [did] * (SEARCHED + 1)))
    assert not any(one.semantics == "#counterpart" for one in many)
