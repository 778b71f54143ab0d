"""Which product a path names."""

from __future__ import annotations

import pytest

from tianku.api.address import ProductAddress, parse_product
from tianku.model.errors import NotFoundError


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("a/s/k", ProductAddress("a", "s", "k")),
        ("a/b/c/s/55859-F5902", ProductAddress("a/b/c", "s", "55859-F5902")),
    ],
)
def test_paths_are_read_from_their_end(path: str, found: ProductAddress) -> None:
    assert parse_product(path) == found


@pytest.mark.parametrize("path", ["", "a", "a/b", "a//k", "a/b/c/d/s/k", "a/s/"])
def test_other_paths_name_nothing(path: str) -> None:
    with pytest.raises(NotFoundError):
        parse_product(path)
