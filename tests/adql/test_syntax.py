"""Errors of grammar say where and what; texts of forms read back."""

from __future__ import annotations

import pytest

from tests.adql.support import PAIRS, STARS, resolved
from tianku.adql.build import Condition, Order, select
from tianku.adql.parser import parse
from tianku.adql.text import to_adql
from tianku.model.errors import UsageError
from tianku.model.metadata import Position


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("SELECT FROM stars", "line 1, column 8: expected an expression, found `FROM`"),
        ("SELECT id\nFROM stars\nWHERE", "line 3, column 6: expected an expression, found the end of the query"),
        ("SELECT point FROM stars", 'quote it to use it as a name: "point"'),
        ("SELECT id FROM stars WHERE id % 2 = 0", "write MOD(x, y)"),
        ("SELECT id FROM a JOIN b", "expected ON or USING after JOIN"),
        (
            "SELECT id FROM a WHERE x = (SELECT 1 FROM b)",
            "a sub-query may stand after IN, EXISTS and in FROM only",
        ),
        ("SELECT id FROM a WHERE name = 'M31", "line 1, column 31: this string has no closing '"),
        ("SELECT _x FROM a", "a name starts with a letter"),
        ("SELECT 98x FROM a", "put a space between the number 98 and what follows"),
        ("SELECT POINT(1) FROM a", "it is called as POINT(ra, dec)"),
        ("SELECT ROUND(1,2,3) FROM a", "ROUND takes 1 to 2 arguments, not 3"),
        ("SELECT a FROM t WHERE a < 1 < 2", "expected AND, OR or the end of the condition"),
        ("SELECT TOP x a FROM t", "expected an unsigned integer after TOP"),
        ("SELECT a FROM t LIMIT 5", "expected the end of the query, found `5`"),
        ("SELECT CAST(a AS FLOAT) FROM t", "expected a type of CAST (SMALLINT"),
    ],
)
def test_messages(query: str, message: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse(query)
    assert caught.value.code == "adql.syntax"
    assert message in caught.value.message
    assert caught.value.params["line"] >= 1


def test_form_becomes_adql() -> None:
    statement = select(
        STARS,
        columns=["ID", "class", "teff"],
        where=[
            Condition("teff", "between", (4000, 5000.5)),
            Condition("class", "contains", ("O'Brien",)),
            Condition("n", "in", (1, -2)),
            Condition("seen", "notnull"),
            Condition("size", "greaterequal", (0.25,)),
        ],
        cone=(10.5, -20.25, 0.1),
        order_by=[Order("teff", descending=True), "id"],
        limit=50,
        offset=100,
    )
    text = to_adql(statement)
    assert text == (
        "SELECT TOP 50 id, class, teff FROM survey_dr1.stars WHERE 1 = CONTAINS(POINT(ra, dec),"
        " CIRCLE(10.5, -20.25, 0.1)) AND teff BETWEEN 4000 AND 5000.5 AND class ILIKE '%O''Brien%'"
        " AND n IN (1, -2)"
        ' AND seen IS NOT NULL AND "size" >= 0.25 ORDER BY teff DESC, id OFFSET 100'
    )
    assert parse(text).tree == statement.tree


@pytest.mark.parametrize("operator", ["equal", "notequal", "less", "lessequal", "greater", "greaterequal"])
def test_every_comparison_reads_back(operator: str) -> None:
    statement = select(STARS, where=[Condition("mag", operator, (-1.5e-7,)), Condition("class", operator, ("x",))])  # type: ignore[arg-type]
    assert parse(to_adql(statement)).tree == statement.tree


@pytest.mark.parametrize(
    ("condition", "code"),
    [
        (Condition("tef", "equal", (1,)), "adql.unknown_column"),
        (Condition("teff", "between", (1,)), "adql.condition"),
        (Condition("teff", "in"), "adql.condition"),
        (Condition("teff", "isnull", (1,)), "adql.condition"),
    ],
)
def test_wrong_forms(condition: Condition, code: str) -> None:
    with pytest.raises(UsageError) as caught:
        select(STARS, where=[condition])
    assert caught.value.code == code


def test_cone_needs_a_position() -> None:
    with pytest.raises(UsageError) as caught:
        select(PAIRS, cone=(1, 2, 3))
    assert caught.value.code == "adql.no_position"
    other = select(STARS, cone=(1, 2, 3), position=Position(name="swapped", ra="dec", dec="ra"))
    assert "POINT(dec, ra)" in to_adql(other)


def test_errors_of_names_in_built_statements_have_a_place() -> None:
    with pytest.raises(UsageError) as caught:
        resolved("SELECT id\nFROM survey.starts")
    assert caught.value.message == "line 2, column 6: no table `survey.starts`; did you mean `survey_dr1.stars`?"
