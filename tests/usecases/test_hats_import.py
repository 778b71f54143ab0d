"""A catalogue that hats-import wrote, served where it is by the configuration of `examples/gaia-hats`."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from pyarrow.csv import read_csv

from tests.conftest import ROOT
from tests.support.state import empty_state
from tianku.model.access import ANONYMOUS
from tianku.usecases.centre import Centre
from tianku.usecases.ingest import ingest_dataset
from tianku.usecases.publish import publish
from tianku.usecases.query import run_adql

MADE = ROOT / "tests" / "data" / "hats-import"
DATASET = "gaia-hats"


def digests() -> dict[Path, str]:
    return {p: hashlib.sha256(p.read_bytes()).hexdigest() for p in MADE.rglob("*") if p.is_file()}


@pytest.fixture(scope="module")
def centre(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Centre]:
    root = tmp_path_factory.mktemp("gaia-hats")
    shutil.copytree(ROOT / "examples" / DATASET, root / "collections" / DATASET)
    (root / "data").mkdir()
    (root / "site.yaml").write_text(
        f'authority: test.example\ntitle: Test\ndata_root: data\nsources: {{{DATASET}: "{MADE}"}}\n'
    )
    before = digests()
    with empty_state(root / "data"):
        ingest_dataset(root, DATASET)
        publish(root, DATASET)
        opened = Centre.open(root)
        yield opened
        opened.close()
    assert digests() == before


@pytest.fixture(scope="module")
def stars() -> pa.Table:
    return read_csv(MADE / "stars.csv")


def answered(centre: Centre, adql: str) -> pa.Table:
    with run_adql(centre, ANONYMOUS, adql) as answer:
        return pa.Table.from_batches(answer.batches())


def test_every_row_is_that_of_the_source(centre: Centre, stars: pa.Table) -> None:
    found = answered(centre, f"SELECT {', '.join(stars.schema.names)} FROM gaia_hats.source ORDER BY source_id")
    for name in stars.schema.names:
        given = stars[name].cast(found[name].type)
        assert found[name].to_pylist() == given.to_pylist(), name
    assert found["pmra"].null_count == 50


def test_cones_are_those_of_brute_force(centre: Centre, stars: pa.Table) -> None:
    ra, dec = (np.radians(stars[name].to_numpy()) for name in ("ra", "dec"))
    cosine = np.sin(dec) * np.sin(0.5) + np.cos(dec) * np.cos(0.5) * np.cos(ra - 1.0)
    inside = set(stars["source_id"].to_numpy()[np.degrees(np.arccos(cosine)) < 20].tolist())
    circle = f"CIRCLE({np.degrees(1.0)}, {np.degrees(0.5)}, 20)"
    query = f"SELECT source_id FROM gaia_hats.source WHERE 1 = CONTAINS(POINT(ra, dec), {circle})"
    assert set(answered(centre, query)["source_id"].to_pylist()) == inside and 5 < len(inside) < 100
