"""Text becomes typed columns, and what is not of the type is named."""

import datetime as dt

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tianku.formats.text_values import blank_to_null, infer, parse
from tianku.model.types import DataType as T


@pytest.mark.parametrize(
    ("kind", "text", "values"),
    [
        (T.FLOAT64, ["1.5D+03", "+6.0", "nan2", "-.5", None, "1e400x"], [1500.0, 6.0, "bad", -0.5, None, "bad"]),
        (T.INT64, ["12.0", "+5", "1.5", "9" * 20, None], [12, 5, "bad", "bad", None]),
        (T.INT16, ["32767", "32768", "x"], [32767, "bad", "bad"]),
        (T.UINT8, ["255", "-1"], [255, "bad"]),
        (T.BOOLEAN, ["T", "no", "maybe", None], [True, False, "bad", None]),
        (
            T.TIMESTAMP,
            ["2011/06/07", "2013-10-31T01:02:03Z", "2013-13-01", "then"],
            [dt.datetime(2011, 6, 7), dt.datetime(2013, 10, 31, 1, 2, 3), "bad", "bad"],
        ),
        (T.STRING, ["a", None], ["a", None]),
    ],
)
def test_messy_values(kind, text, values):
    parsed, bad = parse(pa.array(text, pa.string()), kind)
    marks = [False] * len(text) if bad is None else bad.to_pylist()
    assert marks == [v == "bad" for v in values]
    assert parsed.to_pylist() == [None if v == "bad" else v for v in values]


@given(st.lists(st.floats(allow_nan=False, width=64)))
def test_floats_survive_their_text(values):
    parsed, bad = parse(pa.array([repr(v) for v in values], pa.string()), T.FLOAT64)
    assert bad is None and parsed.to_pylist() == values


@given(st.lists(st.integers(-(2**63), 2**63 - 1)))
def test_integers_survive_their_text(values):
    parsed, bad = parse(pa.array([str(v) for v in values], pa.string()), T.INT64)
    assert bad is None and parsed.to_pylist() == values


@pytest.mark.parametrize(
    ("batches", "kind"),
    [
        ([["1", "2"], ["3", None]], T.INT64),
        ([["1"], ["2.5"]], T.FLOAT64),
        ([["1.0"]], T.FLOAT64),
        ([["007"]], T.STRING),
        ([["2011-01-01"], ["x"]], T.STRING),
        ([["True"], ["False"]], T.BOOLEAN),
        ([["2011-01-01"], ["2012-01-01 10:00:00"]], T.TIMESTAMP),
        ([[None]], None),
        ([["1"], ["K01"]], T.STRING),
    ],
)
def test_guess_holds_every_batch(batches, kind):
    guess = None
    for batch in batches:
        guess = infer(pa.array(batch, pa.string()), guess)
    assert guess == kind


def test_blank_is_null():
    assert blank_to_null(pa.array(["  ", " a b ", None, ""])).to_pylist() == [None, "a b", None, None]
