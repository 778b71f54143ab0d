"""Every route, asked by everybody, for data of every level of access."""

from __future__ import annotations

import io
import json
import re
import tarfile
from collections.abc import Iterator
from urllib.parse import quote

import pytest
from astropy.io.votable import parse_single_table

from tests.acceptance.conftest import Site
from tests.acceptance.routes import CALLERS, EDITOR_OPEN, PAGES, SERVICES, Case, django_patterns
from tests.support.archive import APPLY, CLOSED, HALF, HIDDEN, SPECTRA, state_of
from tests.support.forms import Browser
from tests.support.slow import tap
from tests.support.web import Reply, fetch
from tianku.api.routes import routes as api_routes
from tianku.compat.routes import routes as compat_routes
from tianku.vo.routes import routes as vo_routes
from tianku.web.operations import routes as operation_routes

FORM, JSON = "application/x-www-form-urlencoded", "application/json"


@pytest.fixture(scope="module")
def key(with_hidden: Site) -> str:
    """A product that is in every set."""
    asked = tap("SELECT obs_id FROM ivoa.obscore WHERE obs_collection = 'half data'")
    return fetch(with_hidden.address, asked).text.split()[1]


@pytest.fixture(scope="module")
def browsers(with_hidden: Site) -> Iterator[dict[str | None, Browser]]:
    """A browser of each caller, logged in."""
    made: dict[str | None, Browser] = {caller: Browser(with_hidden.address) for caller in CALLERS}
    for caller, browser in made.items():
        if caller is not None:
            browser.log_in(caller, with_hidden.archive.passwords[caller])
    yield made
    for browser in made.values():
        browser.close()


def patterns(site: Site) -> set[str]:
    with state_of(site.archive):
        from tianku.pages.urls import urlpatterns

        return set(django_patterns(urlpatterns))


def test_every_route_is_in_the_table(with_hidden: Site) -> None:
    routes = {route.path for route in [*vo_routes(), *api_routes(), *compat_routes(), *operation_routes()]}
    assert routes == set(SERVICES)
    pages = {pattern for pattern in patterns(with_hidden) if not pattern.startswith("admin/cms/")}
    assert pages == set(PAGES)


def path_of(site: Site, case: Case, key: str) -> str:
    file = min((site.archive.root / "sources/spectra/58800").rglob("*.fits.gz"))
    inside = str(file.relative_to(site.archive.root / "sources"))
    return case.path.replace("{key}", key).replace("{file}", inside)


def ask(site: Site, case: Case, key: str, headers: dict[str, str]) -> Reply:
    path, body = path_of(site, case, key), case.body
    if body is None:
        return fetch(site.address, path, headers=headers)
    kind = JSON if body.startswith("{") else FORM
    return fetch(
        site.address,
        path,
        "POST",
        headers=headers | {"Content-Type": kind},
        body=body.replace("{key}", key).encode(),
    )


def check(case: Case, replies: list[Reply]) -> None:
    assert tuple(reply.status for reply in replies) == case.statuses, case.path
    for caller, reply in zip(CALLERS, replies, strict=True):
        if reply.status in (401, 403) and "login" not in case.path:
            assert APPLY.encode() in reply.body, (case.path, caller)
            assert "no-store" in reply.headers["cache-control"]
        if reply.status == 401:
            assert reply.headers["www-authenticate"].startswith("Bearer")
        if reply.status == 200 and case.statuses[0] != 200:
            assert reply.headers["cache-control"].startswith("private"), (case.path, caller)


@pytest.mark.parametrize("route", list(SERVICES))
def test_a_service_answers_each_caller_as_it_may(with_hidden: Site, key: str, route: str) -> None:
    for case in SERVICES[route]:
        check(case, [ask(with_hidden, case, key, with_hidden.archive.headers(caller)) for caller in CALLERS])


@pytest.mark.parametrize("route", [r for r in SERVICES if r not in ("/vo/tap/sync", "/api/v1/query")])
def test_a_session_is_as_good_as_a_token_for_reading(
    with_hidden: Site, browsers: dict[str | None, Browser], key: str, route: str
) -> None:
    for case in SERVICES[route]:
        if case.body is None:
            check(case, [browsers[caller].get(path_of(with_hidden, case, key)) for caller in CALLERS])


@pytest.mark.parametrize("language", ["", "/zh"])
@pytest.mark.parametrize("route", list(PAGES))
def test_a_page_answers_each_caller_as_it_may(
    browsers: dict[str | None, Browser], key: str, route: str, language: str
) -> None:
    for case in PAGES[route]:
        check(case, [browsers[caller].get(language + case.path.replace("{key}", key)) for caller in CALLERS])


def test_the_editor_is_for_operators(with_hidden: Site, browsers: dict[str | None, Browser]) -> None:
    found = {p for p in patterns(with_hidden) if p.startswith("admin/cms/")}
    assert len(found) > 100
    for pattern in sorted(found):
        path = "/" + re.sub(r"[$^\\]", "", pattern).replace("*", "1")
        for caller in CALLERS[:3]:
            status = browsers[caller].get(path).status
            assert status in (302, 403, 404) or pattern in EDITOR_OPEN, (path, caller, status)
    assert browsers["operator"].get("/admin/cms/").status == 200


def test_metrics_passed_on_by_a_proxy_are_for_operators(with_hidden: Site) -> None:
    through = {"X-Forwarded-For": "192.0.2.1"}
    headers = [with_hidden.archive.headers(caller) | through for caller in CALLERS]
    assert [fetch(with_hidden.address, "/metrics", headers=h).status for h in headers] == [401, 403, 403, 200]


def test_listings_name_what_the_caller_may_know(with_hidden: Site, browsers: dict[str | None, Browser]) -> None:
    for caller in CALLERS:
        knows = caller in ("member", "operator")
        for path in ("/", "/data/", "/search?q=hidden", "/api/v1/datasets"):
            body = browsers[caller].get(path).text
            assert (HIDDEN[0] in body) == knows, (path, caller)
        for path in ("/vo/tap/tables", "/api/v1/schema", "/sql", tap("SELECT * FROM tap_schema.columns")):
            body = browsers[caller].get(path).text
            assert ("hidden_dr1" in body, "secret_dr1" in body) == (knows, knows), (path, caller)


def got(site: Site, path: str, caller: str | None) -> Reply:
    return fetch(site.address, path, headers=site.archive.headers(caller))


def test_counts_are_of_the_callers_own_rows(with_hidden: Site, key: str) -> None:
    count = tap(f"SELECT COUNT(*) AS n FROM ivoa.obscore WHERE obs_id = '{key}'")
    assert [got(with_hidden, count, caller).text.split()[1] for caller in CALLERS] == ["3", "3", "6", "6"]
    listed = [got(with_hidden, f"/api/v1/datasets/{CLOSED}", caller).json for caller in CALLERS]
    assert [one["tables"][0]["rows"] for one in listed] == [None, None, 30, 30]
    assert ["products" in one["products"][0] for one in listed] == [False, False, True, True]


def test_links_tell_who_may_follow_them(with_hidden: Site, key: str) -> None:
    def links(dataset: str, caller: str | None) -> dict[str, list[str]]:
        did = quote(f"ivo://archive.example/{dataset}/lrs?{key}")
        reply = got(with_hidden, f"/vo/datalink/links?ID={did}", caller)
        table = parse_single_table(io.BytesIO(reply.body)).to_table()
        return {name: [str(value) for value in table[name]] for name in table.colnames}

    for caller in CALLERS[:2]:
        closed, hidden, half = (links(dataset, caller) for dataset in (CLOSED, HIDDEN[0], HALF))
        assert APPLY in closed["error_message"][0] and closed["error_message"][0].startswith("AuthorizationFault")
        assert hidden["error_message"][0].startswith("NotFoundFault") and hidden["access_url"] == [""]
        assert (half["link_auth"][0], half["link_authorized"][0]) == ("true", "False")
    for caller in CALLERS[2:]:
        for dataset in (SPECTRA, CLOSED, HIDDEN[0], HALF):
            mine = links(dataset, caller)
            assert mine["access_url"][0].endswith(f"/download/{dataset}/lrs/{key}")
            assert mine["link_authorized"][0] == "True"


def test_an_archive_holds_what_its_reader_may_have(with_hidden: Site, key: str) -> None:
    datasets = (SPECTRA, HALF, CLOSED, HIDDEN[0])
    ids = [f"ivo://archive.example/{dataset}/lrs?{key}" for dataset in datasets]
    headers = with_hidden.archive.headers("operator") | {"Content-Type": JSON}
    made = fetch(with_hidden.address, "/download", "POST", headers=headers, body=json.dumps({"ids": ids}).encode())
    assert made.status == 201 and made.json["members"] == 4
    place = made.headers["location"]
    for caller in CALLERS:
        mine = datasets if caller in ("member", "operator") else (SPECTRA,)
        reply = got(with_hidden, f"{place}.tar", caller)
        with tarfile.open(fileobj=io.BytesIO(reply.body)) as archive:
            names = archive.getnames()
        assert sorted(name.split("/lrs/")[0] for name in names) == sorted(mine)
        for tail in ("/manifest.csv", "/urls.txt", ".meta4", ""):
            told = got(with_hidden, f"{place}{tail}", caller).text
            assert [dataset in told for dataset in datasets[1:]] == [
                bool(tail) and dataset in mine for dataset in datasets[1:]
            ]
        assert reply.headers["cache-control"].startswith("private")
    tags = [got(with_hidden, f"{place}.tar", caller).headers["etag"] for caller in CALLERS]
    assert tags[0] == tags[1] != tags[2] == tags[3]
