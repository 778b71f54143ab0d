"""PostgreSQL's SELECT as the checked tree: what is taken over, and what is refused with a place."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tianku.adql.postgres import parse_postgres
from tianku.model.errors import LimitError, UsageError

TAKEN = {
    "SELECT * FROM combined LIMIT 3": "SELECT * FROM combined LIMIT 3",
    "select c.obsid, s.teff::real from catalogue c, stellar s where c.obsid = s.obsid limit 10 offset 3": (
        "SELECT c.obsid, CAST(s.teff AS FLOAT) FROM catalogue AS c, stellar AS s WHERE c.obsid = s.obsid "
        "LIMIT 10 OFFSET 3"
    ),
    "select a from t where q3c_radial_query(ra, dec, 10, 20, 1)": (
        "SELECT a FROM t WHERE 1 = CONTAINS(POINT(ra, dec), CIRCLE(10, 20, 1))"
    ),
    "select 1 from a join b on q3c_join(a.ra, a.dec, b.ra, b.dec, 1)": (
        "SELECT 1 FROM a JOIN b ON 1 = CONTAINS(POINT(b.ra, b.dec), CIRCLE(a.ra, a.dec, 1))"
    ),
    "select class, count(*) n from t group by 1 order by 2 desc": (
        "SELECT class, COUNT(*) AS n FROM t GROUP BY class ORDER BY 2 DESC"
    ),
    "select x % 2, x ^ 2 from t where name not ilike '%a%' and y is not null": (
        "SELECT MOD(x, 2), POWER(x, 2) FROM t WHERE NOT name ILIKE '%a%' AND NOT y IS NULL"
    ),
    "select case x when 1 then 'a' end from t": "SELECT CASE WHEN x = 1 THEN 'a' END FROM t",
    "select * from a left join b using (x) where exists (select 1 from b where not b.dropped)": (
        "SELECT * FROM a LEFT JOIN b USING (x) WHERE EXISTS((SELECT 1 FROM b WHERE NOT (b.dropped = 1)))"
    ),
    'with q as (select x from t) select "X" from q union all select y from u limit 2;': (
        'WITH q AS (SELECT x FROM t) SELECT "X" FROM q UNION ALL SELECT y FROM u LIMIT 2'
    ),
}  # fmt: skip

REFUSED = [
    "select from t", "select distinct from t", "select , from t", "select x from (select from t) q",
    "select a,,b from t", "select a, from t", "select x from t where x in (1,,2)", "select x from t order by x,",
    "select x from t group by , x", "select coalesce(,a) from t", "select a from t,",
    "select pg_sleep(3) from t", "select x from generate_series(1, 10)", "select x from t where x ~ 'a'",
    "select x from t for update", "select current_user from t", "select x into y from t", "select 1",
    "select x from t tablesample system (10)", "select x from only t", "select distinct on (x) x from t",
    "select array[1] from t", "select row_number() over () from t", "select x from t limit all(select 1)",
    "select (select 1) from t", "select x from t where x > all (select y from u)", "drop table t",
    "insert into t values (1)", "copy t to '/tmp/x'", "select x from t; select y from t", "", "select 'a",
    "with recursive q as (select 1 from t) select * from q", "select x frm t", "select x from t where",
    "select lo_import('/etc/passwd') from t", "select * from t cross join lateral (select 1) q",
    "explain select x from t",
    "select x from t where x between symmetric 2 and 1", "select x from t where x like 'a' escape '!'",
    "select x from t where x is distinct from 1", "select count(*) filter (where x = 1) from t",
    "select x from t order by x nulls first fetch first 3 rows with ties",
    "select string_agg(x, ',' order by x) from t", "select x from t where x = any(array[1])",
    "select x::regclass from t",
]  # fmt: skip


@pytest.mark.parametrize("text", TAKEN)
def test_what_is_taken_over(text: str) -> None:
    assert parse_postgres(text).tree.sql() == TAKEN[text]


@pytest.mark.parametrize("text", REFUSED)
def test_everything_else_is_refused_with_a_place(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_postgres(text)
    assert caught.value.code in ("adql.syntax", "adql.not_supported")
    assert caught.value.message.startswith("line ")


def test_the_place_is_that_of_the_word() -> None:
    with pytest.raises(UsageError) as caught:
        parse_postgres("select x\nfrom t\nwhere x ~ 'a'")
    assert (caught.value.params["line"], caught.value.params["column"]) == (3, 7)


@pytest.mark.parametrize(
    "text",
    [
        "select x from t where " + "(" * 200 + "x = 1" + ")" * 200,
        "select x from t where x = " + "+".join(["1"] * 5000),
        "select " + "-" * 5000 + "x from t",
        "select x from t where " + "not " * 5000 + "x = 1",
        "select x from " + "(select x from " * 25 + "t" + ") q" * 25,
        "select " + "case when x = 1 then " * 300 + "1" + " end" * 300 + " from t",
        "select 1 from t" + " union select 1 from t" * 2000,
        "select '" + "a" * 300_000 + "' from t",
    ],
    ids=["parentheses", "sum", "signs", "not", "sub-queries", "case", "union", "long"],
)
def test_hostile_depths_are_limits(text: str) -> None:
    with pytest.raises((LimitError, UsageError)):
        parse_postgres(text)


def test_long_chains_are_not_deep() -> None:
    chain = " and ".join(["x = 1"] * 3000)
    assert parse_postgres(f"select x from t where {chain}").tree.find_all is not None


@given(st.text(alphabet="selctfromwhx ,().*'\"$-:;=<>1\n", max_size=60))
def test_any_text_is_a_statement_or_an_error(text: str) -> None:
    for whole in (text, f"select {text} from t", f"select x from t where {text}"):
        try:
            parse_postgres(whole)
        except UsageError:
            continue
