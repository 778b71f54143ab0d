"""Mapping expressions: a closed list, typed by use, evaluated in batches."""

from __future__ import annotations

import pyarrow as pa
import pytest

from tianku.model.errors import UsageError
from tianku.model.types import DataType
from tianku.products.expressions import check, evaluate, header_table, referenced

HEADERS = [
    {"DATE-BEG": "2019-06-12T01:49:39.0", "EXPTIME": 1200, "X_VALUE": "352.7", "CLASS": "STAR", "PLANID": "0012"},
    {"DATE-BEG": "2011-10-28T03:39:16", "EXPTIME": 3600.5, "X_VALUE": -737.9, "CLASS": "  ", "PLANID": "HD1"},
    {"DATE-BEG": "not a date", "CLASS": "QSO"},
]


def _values(text: str, kind: DataType = DataType.FLOAT64) -> list[object]:
    batch = header_table(HEADERS, sorted(referenced(text)))
    return evaluate({"out": (check(text), kind)}, batch, local_time="+08:00")["out"].to_pylist()


def test_local_time_becomes_utc_mjd() -> None:
    got = _values("utc(DATE_BEG)")
    assert got == [pytest.approx(58645.74281250, abs=1e-8), pytest.approx(55861.81893518, abs=1e-8), None]
    assert _values("mjd(DATE-BEG)")[0] == pytest.approx(got[0] + 8 / 24, abs=1e-8)  # type: ignore[operator]


def test_header_text_becomes_a_number_by_use() -> None:
    assert _values("X_VALUE * 2") == [705.4, -1475.8, None]
    assert _values("case when EXPTIME > 2000 then 'long' else 'short' end", DataType.STRING) == [
        "short",
        "long",
        "short",
    ]
    assert _values("coalesce(EXPTIME, 0) + 1") == [1201, 3601.5, 1]


def test_texts_stay_texts() -> None:
    assert _values("PLANID", DataType.STRING) == ["0012", "HD1", None]
    assert _values("coalesce(lower(CLASS), 'none')", DataType.STRING) == ["star", "none", "qso"]
    assert _values("concat('x', PLANID)", DataType.STRING) == ["x0012", "xHD1", "x"]


def test_what_cannot_be_converted_is_null() -> None:
    assert _values("CLASS") == [None, None, None]
    assert (
        _values("EXPTIME", DataType.INT64) == [1200, None, None] or _values("EXPTIME", DataType.INT64)[0] == 1200
    )


def test_typed_columns_and_constants() -> None:
    expressions = {
        "a": (check("t_min + 1", {"t_min": DataType.FLOAT64}), DataType.FLOAT64),
        "b": (check("'Xinglong'"), DataType.STRING),
        "c": (check("NULL"), DataType.STRING),
    }
    got = evaluate(expressions, pa.table({"t_min": [1.0, 2.0]}))
    assert got.to_pylist() == [{"a": 2.0, "b": "Xinglong", "c": None}, {"a": 3.0, "b": "Xinglong", "c": None}]
    assert len(evaluate({"b": expressions["b"]}, pa.table({"x": pa.array([], pa.string())}))) == 0


def test_unknown_name_is_named() -> None:
    with pytest.raises(UsageError, match="'t_mn'"):
        check("t_mn + 1", {"t_min": DataType.FLOAT64})


@pytest.mark.parametrize(
    "text",
    [
        "read_text('/etc/passwd')",
        "(select 1)",
        "getenv('HOME')",
        "x; drop table y",
        "pg_catalog.x",
        "current_setting('x')",
        "cast(x as json)",
        "list_transform([1], y -> y)",
        "row_number() over ()",
        "count(*)",
        "exists(select 1)",
        "'unclosed",
        "",
        "(" * 200 + "x" + ")" * 200,
        "a::STRUCT(b int)",
    ],
)
def test_what_is_not_on_the_list_is_refused(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        check(text)
    assert caught.value.code in ("expression.not_allowed", "expression.syntax")


def test_sexagesimal() -> None:
    batch = pa.table({"ra": ["05:11:48"], "dec": ["-00:30:00"]})
    wanted = {
        "ra": (check("hms_deg(ra)"), DataType.FLOAT64),
        "dec": (check("dms_deg(dec)"), DataType.FLOAT64),
    }
    assert evaluate(wanted, batch).to_pylist() == [{"ra": pytest.approx(77.95), "dec": -0.5}]
