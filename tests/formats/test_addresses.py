"""Addresses in rows."""

from __future__ import annotations

import pyarrow as pa

from tianku.formats.addresses import absolute_links
from tianku.model.metadata import Column
from tianku.model.types import DataType

COLUMNS = (
    Column(name="url", type=DataType.STRING, ucd="meta.ref.url;meta.main"),
    Column(name="path", type=DataType.STRING, ucd="meta.id"),
)


def test_only_paths_in_columns_of_addresses_change() -> None:
    batch = pa.record_batch({"url": ["/a", None, "https://x/y", ""], "path": ["/a", "/b", None, ""]})
    (found,) = absolute_links(COLUMNS, [batch], "http://here")
    assert found.to_pydict() == {"url": ["http://here/a", None, "https://x/y", ""], "path": ["/a", "/b", None, ""]}


def test_other_results_pass_untouched() -> None:
    batch = pa.record_batch({"path": ["/a"]})
    assert next(absolute_links(COLUMNS[1:], [batch], "http://here")) is batch
