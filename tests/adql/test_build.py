"""Identifiers as values of columns."""

import pytest

from tianku.adql.build import scalar_of
from tianku.model.metadata import Column
from tianku.model.types import DataType


@pytest.mark.parametrize(
    "kind,text,value",
    [
        (DataType.STRING, "--5", "--5"),
        (DataType.INT64, "6917528997577384320", 6917528997577384320),  # a source of Gaia
        (DataType.INT64, "-7", -7),
        (DataType.INT32, "--5", None),
        (DataType.INT64, "5-", None),
        (DataType.INT64, "-", None),
        (DataType.INT64, "٣", None),
        (DataType.INT64, "9" * 19, None),
        (DataType.INT64, "1e3", None),
        (DataType.FLOAT64, "1", None),
    ],
)
def test_identifiers_are_values_of_their_column_or_none(kind: DataType, text: str, value: object) -> None:
    assert scalar_of(text, Column(name="id", type=kind)) == value
