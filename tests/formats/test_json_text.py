"""Nested values are written as the JSON that Python's own module reads back."""

from __future__ import annotations

import json

import pyarrow as pa
import pytest

from tianku.formats.json_text import json_text

NESTED = {
    "struct": ([{"a": 1, "b": 'x"y'}, None, {"a": None, "b": "天"}], None),
    "lists of lists": ([[[1, 2], []], None, [[3], None]], None),
    "lists of structs": ([[{"a": 1.5}], [], [{"a": None}]], None),
    "maps": ([[("k", 1.5)], None, []], pa.map_(pa.string(), pa.float64())),
}


@pytest.mark.parametrize("name", NESTED)
def test_nested_values(name: str) -> None:
    values, kind = NESTED[name]
    array = pa.array(values, kind) if kind else pa.array(values)
    expected = [None if v is None else dict(v) if kind else v for v in values]
    for part in (array, array[1:]):
        found = [None if t is None else json.loads(t) for t in json_text(part).to_pylist()]
        assert found == expected[len(array) - len(part) :]


def test_numbers_that_json_lacks_become_null() -> None:
    values = pa.array([{"x": float("nan"), "y": [1.0, float("inf")]}, {"x": 2.5, "y": None}])
    assert json_text(values).to_pylist() == ['{"x":null,"y":[1.0,null]}', '{"x":2.5,"y":null}']
