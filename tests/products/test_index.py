"""Look-ups in the index of a product set."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tianku.model.errors import NotFoundError
from tianku.products.index import ProductIndex, index_schema

SIZES = [3, 1, 7, 1, 1, 12, 2]


def index(folder: Path, sizes: list[int], group: int) -> ProductIndex:
    """Write an index of products with so many parts each, `group` rows to a row group."""
    schema = index_schema(["desig"])
    rows = [
        {"key": f"{number:03d}", "part": str(part), "category": "science", "store": "copy", "path": "x.fits",
         "size": 1, "sha256": "", "crc32": 0, "h_desig": f"J{number}"}
        for number, parts in enumerate(sizes)
        for part in range(parts)
    ]  # fmt: skip
    pq.write_table(pa.Table.from_pylist(rows, schema), folder / "index.parquet", row_group_size=group)
    return ProductIndex(folder / "index.parquet")


@given(
    sizes=st.lists(st.integers(1, 6), max_size=12),
    group=st.integers(1, 8),
    offset=st.integers(-1, 14),
    limit=st.integers(1, 14),
)
def test_products_are_paged_whole_wherever_row_groups_end(
    tmp_path_factory: pytest.TempPathFactory, sizes: list[int], group: int, offset: int, limit: int
) -> None:
    found = index(tmp_path_factory.mktemp("index"), sizes, group).products(offset, limit)
    wanted = range(len(sizes))[offset : offset + limit] if offset >= 0 else []
    assert [(one[0].key, [e.part for e in one]) for one in found] == [
        (f"{n:03d}", [str(part) for part in range(sizes[n])]) for n in wanted
    ]


def test_a_product_brings_the_header_words_that_are_kept(tmp_path: Path) -> None:
    found = index(tmp_path, SIZES, 4).find("005")
    assert len(found) == 12
    assert {e.header["desig"] for e in found} == {"J5"}


def test_an_unknown_key_is_told(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError) as told:
        index(tmp_path, SIZES, 4).find("100")
    assert told.value.code == "products.no_product"
