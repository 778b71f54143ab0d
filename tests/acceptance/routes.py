"""Every route of the server, and what each of four callers is answered there."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, unquote

from tests.support.archive import CLOSED, HALF, HIDDEN, SPECTRA
from tests.support.slow import tap

#: nobody (anonymous), an account without groups, a member of the group, an operator
CALLERS = (None, "outsider", "member", "operator")
Statuses = tuple[int, int, int, int]
ALL, TEAM = (200, 200, 200, 200), (401, 403, 200, 200)
NOBODY, GONE, UNKNOWN = (404, 404, 404, 404), (404, 404, 200, 200), (400, 400, 200, 200)
ELSEWHERE = (302, 302, 302, 302)
#: by data set, open to closed: what is listed; rows and counts; files and spectra
LISTED = dict(zip((SPECTRA, HALF, CLOSED, HIDDEN[0]), (ALL, ALL, ALL, GONE), strict=True))
ROWS = dict(zip(LISTED, (ALL, ALL, TEAM, GONE), strict=True))
FILES = dict(zip(LISTED, (ALL, TEAM, TEAM, GONE), strict=True))


def _made(status: int) -> dict[str, Statuses]:
    """Archives of one data set: made for who may have its files."""
    team = (401, 403, status, status)
    each: tuple[Statuses, ...] = ((status,) * 4, team, team, (404, 404, status, status))
    return dict(zip(LISTED, each, strict=True))


QUERIES = dict(zip(LISTED, (ALL, ALL, TEAM, UNKNOWN), strict=True))


@dataclass(frozen=True)
class Case:
    """One request (`{key}` is a product's, `{file}` a file below the sources), and the status for each caller.

    A body makes it a POST.
    """

    path: str
    statuses: Statuses
    body: str | None = None


def _per_dataset(path: str, statuses: dict[str, Statuses], body: str | None = None) -> list[Case]:
    made = []
    for dataset, expected in statuses.items():
        table = "catalogue" if dataset == SPECTRA else "stars"
        schema = re.sub(r"\W", "_", dataset)
        names = {
            "%D": dataset,
            "%T": table,
            "%S": schema,
            "%I": _did(dataset),
            "%J": unquote(_did(dataset)),
            "%Q": _rows(schema, table),
        }
        made.append(Case(_filled(path, names), expected, body and _filled(body, names)))
    return made


def _filled(text: str, names: dict[str, str]) -> str:
    for name, value in names.items():
        text = text.replace(name, value)
    return text


def _did(dataset: str) -> str:
    return quote(f"ivo://archive.example/{dataset}/lrs?{{key}}", safe="{}")


def _rows(schema: str, table: str) -> str:
    return quote(f"SELECT TOP 1 * FROM {schema}.{table}")


def _same(*paths: str, statuses: Statuses = ALL) -> list[Case]:
    return [Case(path, statuses) for path in paths]


def _latest(place: str, statuses: int, tail: str = "") -> list[Case]:
    """Addresses that lead to the newest version; what a caller may not read has none."""
    led, hidden = (statuses,) * 4, (404, 404, statuses, statuses)
    expected = {"half": led, "secret": hidden, "hidden": hidden, "nothing": NOBODY}
    return [Case(f"{place}/{name}/latest{tail}", one) for name, one in expected.items()]


_TAILS = {"": "", "/{rest:path}": "/x"}
_MOVED = {
    f"{place}/{{collection}}{release}/latest{tail}": [
        Case(one.path.replace("/latest", "/dr1/latest") if release else one.path, one.statuses)
        for one in _latest(place, 307, _TAILS[tail])
    ]
    for place in ("/api/v1/datasets", "/api/v1/products", "/download")
    for release in ("", "/{release}")
    for tail in _TAILS
}
_FORM = "LANG=ADQL&FORMAT=csv&QUERY=%Q"
_JOB = "/vo/tap/async/" + 32 * "0"
_API_JOB = "/api/v1/jobs/" + 32 * "0"
_ASKED = '{"arguments": {"adql": "SELECT TOP 1 * FROM %S.%T"}}'
_MATCHED = '{"left": {"table": "%S.%T"}, "right": {"table": "%S.%T"}, "radius": 1}'
_NAMED = {"cat": "x", "table": "y", "id": "1", "ext": "json"}
#: by route, as Starlette writes it; `test_policy_routes` fails for one that is not here
SERVICES: dict[str, list[Case]] = {
    "/vo/tap": _same("/vo/tap", statuses=(303, 303, 303, 303)),
    "/vo/tap/sync": [
        *_per_dataset(f"/vo/tap/sync?{_FORM}", QUERIES),
        *_per_dataset("/vo/tap/sync", QUERIES, _FORM),
        *_same(tap("SELECT COUNT(*) AS n FROM ivoa.obscore"), tap("SELECT * FROM tap_schema.tables")),
    ],
    # a job is created by everybody; what it may read is decided when it runs: see tests/worker
    "/vo/tap/async": [*_same("/vo/tap/async"), Case("/vo/tap/async", (303, 303, 303, 303), f"{_FORM}&PHASE=RUN")],
    "/vo/tap/async/{job}": [
        *_same(_JOB, statuses=NOBODY),
        Case(_JOB, NOBODY, "PHASE=ABORT"),
    ],
    "/vo/tap/async/{job}/{part}": [
        *_same(*(f"{_JOB}/{part}" for part in ("phase", "parameters", "error", "owner")), statuses=NOBODY),
        Case(f"{_JOB}/phase", NOBODY, "PHASE=RUN"),
    ],
    "/vo/tap/async/{job}/results/{result}": _same(f"{_JOB}/results/result", statuses=NOBODY),
    "/vo/tap/capabilities": _same("/vo/tap/capabilities"),
    "/vo/tap/availability": _same("/vo/tap/availability"),
    "/vo/tap/examples": _same("/vo/tap/examples"),
    "/vo/tap/tables": _same("/vo/tap/tables", "/vo/tap/tables?detail=min"),
    "/vo/tap/tables/{name}": _per_dataset("/vo/tap/tables/%S.%T", ROWS),
    # the links table tells of each id by itself: see test_links_tell_who_may_follow_them
    "/vo/datalink/links": [
        *_same("/vo/datalink/links"),
        *_per_dataset("/vo/datalink/links?ID=%I", dict.fromkeys(LISTED, ALL)),
    ],
    "/vo/datalink/{within:path}/links": _per_dataset(
        "/vo/datalink/%D/lrs/links?ID={key}", dict.fromkeys(LISTED, ALL)
    ),
    "/vo/datalink/capabilities": _same("/vo/datalink/capabilities"),
    "/vo/datalink/availability": _same("/vo/datalink/availability"),
    "/vo/soda/sync": [
        *_per_dataset("/vo/soda/sync?ID=%I", FILES),
        *_per_dataset("/vo/soda/sync", FILES, "ID=%I&BAND=-Inf+Inf"),
    ],
    "/vo/soda/capabilities": _same("/vo/soda/capabilities"),
    "/vo/soda/availability": _same("/vo/soda/availability"),
    # the data sets of these tests have no images: what images are seen is that of ObsCore's rows
    "/vo/{path:path}/sia": _same(
        "/vo/nothing/dr1/ccd/sia?POS=1,1&SIZE=1", f"/vo/{SPECTRA}/lrs/sia?POS=1,1&SIZE=1", statuses=NOBODY
    ),
    **{
        f"/vo/{{path:path}}/sia/{s}": _same("/vo/nothing/dr1/ccd/sia/" + s, statuses=NOBODY)
        for s in ("capabilities", "tables")
    },
    "/vo/{path:path}/sia/availability": _same("/vo/nothing/dr1/ccd/sia/availability"),
    "/vo/sia2/query": _same("/vo/sia2/query", "/vo/sia2/query?POS=CIRCLE+1+1+1"),
    "/vo/sia2/capabilities": _same("/vo/sia2/capabilities"),
    "/vo/sia2/tables": _same("/vo/sia2/tables"),
    "/vo/sia2/availability": _same("/vo/sia2/availability"),
    **{
        f"/vo/{{path:path}}/sia2/{s}": _same(
            f"/vo/nothing/dr1/sia2/{s}", f"/vo/{SPECTRA}/sia2/{s}", statuses=NOBODY
        )
        for s in ("query", "capabilities", "tables")
    },
    "/vo/{path:path}/sia2/availability": _same("/vo/nothing/dr1/sia2/availability"),
    "/vo/{path:path}/ssa": [
        *_per_dataset("/vo/%D/lrs/ssa?REQUEST=queryData", ROWS),
        *_per_dataset("/vo/%D/lrs/ssa", ROWS, "REQUEST=queryData"),
        *_per_dataset("/vo/%D/lrs/ssa?REQUEST=queryData&FORMAT=METADATA", ROWS),
        *_same("/vo/nothing/dr1/lrs/ssa?REQUEST=queryData", statuses=NOBODY),
    ],
    "/vo/{path:path}/ssa/capabilities": _per_dataset("/vo/%D/lrs/ssa/capabilities", ROWS),
    "/vo/{path:path}/ssa/tables": _per_dataset("/vo/%D/lrs/ssa/tables", ROWS),
    "/vo/{path:path}/ssa/availability": _per_dataset("/vo/%D/lrs/ssa/availability", dict.fromkeys(LISTED, ALL)),
    "/vo/{path:path}": [
        *_per_dataset("/vo/%D/%T/scs?RA=10&DEC=20&SR=1", ROWS),
        *_per_dataset("/vo/%D/%T/scs", ROWS, "RA=10&DEC=20&SR=1"),
        *_per_dataset("/vo/%D/%T/scs/capabilities", ROWS),
        *_per_dataset("/vo/%D/%T/scs/tables", ROWS),
        *_per_dataset("/vo/%D/%T/scs/availability", dict.fromkeys(LISTED, ALL)),
        *_same("/vo/nothing", "/vo/nothing/dr1/stars/scs?RA=1&DEC=1&SR=1", statuses=NOBODY),
    ],
    "/xmatch/api/v1/sync": _per_dataset("/xmatch/api/v1/sync?cat1=%S.%T&cat2=vizier:%S.%T&distMaxArcsec=1", ROWS),
    "/xmatch/api/v1/sync/tables": _same("/xmatch/api/v1/sync/tables?action=getVizieRTableNames"),
    "/api/v1/openapi.json": _same("/api/v1/openapi.json"),
    "/api/docs": _same("/api/docs"),
    "/api/v1/datasets": _same("/api/v1/datasets", "/api/v1/datasets?q=data&type=spectrum&access=restricted"),
    "/api/v1/datasets/{dataset:path}/downloads": _per_dataset("/api/v1/datasets/%D/downloads", LISTED),
    "/api/v1/datasets/{dataset:path}": _per_dataset("/api/v1/datasets/%D", LISTED),
    "/api/v1/datasets/{dataset:path}/tables/{table}": _per_dataset("/api/v1/datasets/%D/tables/%T", LISTED),
    **_MOVED,
    "/api/v1/datasets/{dataset:path}/difference/{other:path}": [
        *_per_dataset("/api/v1/datasets/%D/difference/%D", LISTED),
        *_per_dataset("/api/v1/datasets/%D/difference/%D?table=%T", ROWS),
    ],
    "/api/v1/datasets/{dataset:path}/difference/{other:path}/rows": _per_dataset(
        "/api/v1/datasets/%D/difference/%D/rows?table=%T", ROWS
    ),
    "/api/v1/datasets/{dataset:path}/epochs": [
        *_per_dataset("/api/v1/datasets/%D/epochs?uid=x", dict.fromkeys(LISTED, NOBODY)),
        *_same(f"/api/v1/datasets/{SPECTRA}/epochs", statuses=(400, 400, 400, 400)),
    ],
    "/api/v1/schema": _same("/api/v1/schema"),
    "/api/v1/count": _per_dataset("/api/v1/count", QUERIES, '{"adql": "SELECT COUNT(*) FROM %S.%T"}'),
    "/api/v1/datasets/{dataset:path}/tables/{table}/positions": _per_dataset(
        "/api/v1/datasets/%D/tables/%T/positions", ROWS, '{"positions": "1 2"}'
    ),
    "/api/v1/query": _per_dataset("/api/v1/query", QUERIES, '{"adql": "SELECT TOP 1 * FROM %S.%T"}'),
    "/api/v1/crossmatch": _per_dataset("/api/v1/crossmatch", ROWS, _MATCHED),
    "/api/v1/crossmatch/jobs": _per_dataset("/api/v1/crossmatch/jobs", dict.fromkeys(LISTED, ALL), _MATCHED),
    "/api/v1/jobs": [*_same("/api/v1/jobs"), *_per_dataset("/api/v1/jobs", dict.fromkeys(LISTED, ALL), _ASKED)],
    "/api/v1/jobs/{job}": _same(_API_JOB, statuses=NOBODY),
    "/api/v1/jobs/{job}/abort": [Case(f"{_API_JOB}/abort", NOBODY, "{}")],
    "/api/v1/jobs/{job}/results/{result}": _same(f"{_API_JOB}/results/result", statuses=NOBODY),
    "/api/v1/products/{product:path}": [
        *_per_dataset("/api/v1/products/%D/lrs/{key}", ROWS),
        *(
            c
            for s in ("", ".csv", ".vot", ".fits", ".png")
            for c in _per_dataset("/api/v1/products/%D/lrs/{key}/spectrum" + s, FILES)
        ),
        *_per_dataset("/api/v1/products/%D/lrs/{key}/preview.png?size=small", FILES),
    ],
    "/api/{path:path}": _same("/api/v1/nothing", "/api/", statuses=NOBODY),
    "/download": [
        *_same("/download", statuses=(400, 400, 400, 400)),
        *_per_dataset("/download?ids=%I", _made(303)),
        *_per_dataset("/download", _made(201), '{"ids": ["%J"]}'),
        *_per_dataset("/download", _made(201), '{"set": "%D/lrs"}'),
        *_per_dataset("/download", _made(201), '{"set": "%D/lrs", "folder": "spectra/58800"}'),
    ],
    # what each caller gets of an archive is told by test_an_archive_holds_what_its_reader_may_have
    "/download/{archive}": _same(
        *(f"/download/{64 * '0'}{form}" for form in ("", ".tar", ".meta4")), statuses=NOBODY
    ),
    "/download/{archive}/{list}": _same(f"/download/{64 * '0'}/manifest.csv", statuses=NOBODY),
    "/download/{product:path}": [
        *_per_dataset("/download/%D/lrs/{key}", FILES),
        *_same("/download/a/b/c", statuses=NOBODY),
    ],
    "/sas": _same("/sas", statuses=(301, 301, 301, 301)),
    "/sas/{path:path}": [
        *_same("/sas/", "/sas/half/"),
        *_per_dataset("/sas/%D/", LISTED),
        *_per_dataset("/sas/%D/lrs/", ROWS),
        *_per_dataset("/sas/%D/lrs/spectra/", ROWS),
        *_per_dataset("/sas/%D/lrs/{file}", FILES),
        *_per_dataset("/sas/%D/catalogues/", ROWS),
        *_per_dataset("/sas/%D/catalogues/SHA256SUMS", ROWS),
        *_per_dataset("/sas/%D/catalogues/%S_%T.csv.gz", FILES),
        *_same("/sas/nothing/", "/sas/hidden/nothing", statuses=NOBODY),
    ],
    "/openapi/dr_versions": _same("/openapi/dr_versions"),
    "/openapi/openapi.yaml": _same("/openapi/openapi.yaml"),
    "/openapi/docs": _same("/openapi/docs"),
    # none of these data sets is in the families: tests/compat asks those that are
    "/openapi/{path:path}": _same("/openapi/dr1/sql?sql=x", statuses=NOBODY),
    "/query/openapi/ping": _same("/query/openapi/ping"),
    "/query/openapi/get_catalogs": _same("/query/openapi/get_catalogs"),
    **{
        f"/query/openapi/{path}": _same("/query/openapi/" + path.format(**_NAMED), statuses=NOBODY)
        for path in (
            "catalogs/{cat}",
            "catalogs/{cat}/tables",
            "catalogs/{cat}/tables/{table}/columns",
            "catalogs/{cat}/tables/{table}/coordinate_groups",
            "catalogs/{cat}/table_links",
            "catalogs/{cat}/docs",
            "catalogs/{cat}/docs/{id}",
            "sqlid/{id}/count",
            "sqlid/{id}/results.{ext}",
        )
    },
    **{
        f"/query/openapi/{path}": [Case("/query/openapi/" + path.format(**_NAMED), NOBODY, "{}")]
        for path in ("catalogs/{cat}/query", "catalogs/{cat}/tables/{table}/query", "catalogs/{cat}/download")
    },
    "/query/openapi/catalogs/{cat}/file": _same("/query/openapi/catalogs/x/file?id=1", statuses=NOBODY),
    "/query/openapi/catalogs/{cat}/tables/{table}/vo/conesearch": _same(
        "/query/openapi/catalogs/x/tables/y/vo/conesearch?RA=1&DEC=1&SR=1", statuses=NOBODY
    ),
    "/query/openapi/vo/{cat}/conesearch": _same("/query/openapi/vo/x/conesearch?RA=1&DEC=1&SR=1", statuses=NOBODY),
    "/query/openapi/vo/{cat}/siap": _same("/query/openapi/vo/x/siap?POS=1,1&SIZE=1", statuses=NOBODY),
    "/query/openapi/{path:path}": _same("/query/openapi/nothing", statuses=NOBODY),
    "/{path:path}": _same("/dr1/v0/spectrum/fits/1", statuses=NOBODY),
    "/healthz": _same("/healthz"),
    "/readyz": _same("/readyz"),
    # this machine may read its numbers; a request that a proxy passed on may not
    "/metrics": _same("/metrics"),
    "/robots.txt": _same("/robots.txt"),
}
#: by Django's pattern; each is asked for in English and in Chinese, with a session
PAGES: dict[str, list[Case]] = {
    "": _same("/"),
    "data/": _same("/data/", "/data/?q=data&type=spectrum&access=granted"),
    "^data/*/latest/*$": _latest("/data", 302, "/"),
    "^data/*/difference/*/$": [
        *_per_dataset("/data/%D/difference/%D/", LISTED),
        *_per_dataset("/data/%D/difference/%D/?table=%T", ROWS),
    ],
    "^data/*/downloads/$": _per_dataset("/data/%D/downloads/", LISTED),
    "^data/*/tables/*/$": _per_dataset("/data/%D/tables/%T/", LISTED),
    "^data/*/tables/*/query$": _per_dataset("/data/%D/tables/%T/query", LISTED),
    "^data/*/products/*/$": _per_dataset("/data/%D/products/lrs/", ROWS),
    "^data/*/products/*/*$": _per_dataset("/data/%D/products/lrs/{key}", ROWS),
    "^data/*/$": _per_dataset("/data/%D/", LISTED),
    "search": _same("/search", "/search?q=stars"),
    "sql": _same("/sql"),
    "match": _same("/match"),
    "jobs": _same("/jobs"),
    "jobs/*": _same("/jobs/" + 32 * "0", statuses=NOBODY),
    "account/": _same("/account/", statuses=(302, 200, 200, 200)),
    "account/tokens/": _same("/account/tokens/", statuses=(302, 405, 405, 405)),
    "account/tokens/*/revoke": _same("/account/tokens/1/revoke", statuses=(302, 405, 405, 405)),
    "account/login/": _same("/account/login/", statuses=(200, 302, 302, 302)),
    "account/logout/": [],  # asked for by POST: test_accounts
    "account/inactive/": _same("/account/inactive/"),
    "account/signup/": _same("/account/signup/", statuses=(200, 302, 302, 302)),
    "account/reauthenticate/": _same("/account/reauthenticate/", statuses=(302, 200, 200, 200)),
    "account/email/": _same("/account/email/", statuses=(302, 200, 200, 200)),
    "account/confirm-email/": _same("/account/confirm-email/"),
    "account/^confirm-email/*/$": _same("/account/confirm-email/abc/"),
    "account/password/change/": _same("/account/password/change/", statuses=(302, 200, 200, 200)),
    "account/password/set/": _same("/account/password/set/", statuses=ELSEWHERE),
    "account/password/reset/": _same("/account/password/reset/"),
    "account/password/reset/done/": _same("/account/password/reset/done/"),
    "account/^password/reset/key/*-*/$": _same("/account/password/reset/key/1-a/"),
    "account/password/reset/key/done/": _same("/account/password/reset/key/done/"),
    "account/login/code/confirm/": _same("/account/login/code/confirm/", statuses=ELSEWHERE),
    "docs/_util/login/": _same("/docs/_util/login/", statuses=(302, 403, 403, 403)),
    "docs/_util/authenticate_with_password/*/*/": _same(
        "/docs/_util/authenticate_with_password/1/1/", statuses=NOBODY
    ),
    "docs/^*$": [*_same("/docs/"), *_same("/docs/nothing/", statuses=NOBODY)],
}
#: of the editor, what others than operators may have: nothing of it names content or people
EDITOR_OPEN = {"admin/cms/sprite/", "admin/cms/jsi18n/"}


def django_patterns(patterns: Iterable[Any], before: str = "") -> Iterator[str]:
    """Yield every pattern, with `*` for what varies."""
    for one in patterns:
        text = before + str(one.pattern)
        if hasattr(one, "url_patterns"):
            yield from django_patterns(one.url_patterns, text)
        else:
            yield varied(text)


def varied(pattern: str) -> str:
    """Return a pattern with `*` for its groups and converters."""
    while (shorter := re.sub(r"\((?:\?P<\w+>|\?:)?[^()]*\)[*+?]?(\{[\d,]+\})?", "*", pattern)) != pattern:
        pattern = shorter
    return re.sub(r"\*+", "*", re.sub(r"<\w+(:\w+)?>", "*", pattern))
