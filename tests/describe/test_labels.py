"""Describe, judged by labels that existed before it did."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tianku.model.vocabulary import same_unit
from tianku.usecases.describe import ColumnDescription, TableDescription

from .draw import COUNT, HEADERLESS, SEED, TABLES, draw
from .real import described

LABELS: dict[str, Any] = json.loads(Path(__file__).with_name("labels.json").read_text("utf-8"))


def _table(folder: Path, table: str) -> TableDescription:
    """The table as `describe` sees it; its configuration is valid."""
    found = described(folder / table)
    assert list(found.config().tables) == [found.tables[0].name]
    return found.tables[0]


def _source(table: TableDescription, name: str | None) -> str | None:
    return None if name is None else table.column(name).source


def _same_ucd(left: str, right: str) -> bool:
    first, *others = (w for w in left.lower().split(";") if w != "meta.main")
    second, *rest = (w for w in right.lower().split(";") if w != "meta.main")
    return first == second and set(others) == set(rest)


def _wrong(column: ColumnDescription, label: dict[str, Any]) -> list[str]:
    wrong = []
    if not any(same_unit(column.unit or "", unit) for unit in label["units"]):
        wrong.append(f"unit {column.unit!r}, labelled {label['units']}")
    if not any(_same_ucd(column.ucd or "none", ucd) for ucd in label["ucds"]):
        wrong.append(f"ucd {column.ucd!r}, labelled {label['ucds']}")
    return wrong


def test_the_labels_are_of_the_columns_drawn_with_the_seed(test_data: Path) -> None:
    assert LABELS["seed"] == SEED
    labelled = [(c["table"], c["index"], c["name"]) for c in LABELS["columns"]]
    assert labelled == draw(test_data)
    assert len(labelled) == COUNT


def test_nine_units_and_ucds_of_ten_are_right(test_data: Path) -> None:
    misses, units, ucds = [], 0, 0
    for label in LABELS["columns"]:
        column = _table(test_data, label["table"]).columns[label["index"]]
        wrong = _wrong(column, label)
        units += not any(w.startswith("unit") for w in wrong)
        ucds += not any(w.startswith("ucd") for w in wrong)
        misses += [f"{label['table']} {label['name']}: {w}" for w in wrong]
    score = f"seed {SEED}: units {units}/{COUNT}, UCDs {ucds}/{COUNT}\n" + "\n".join(misses)
    print(score)
    assert min(units, ucds) >= 0.9 * COUNT, score


@pytest.mark.parametrize("table", TABLES)
def test_position_id_and_kind_are_right(test_data: Path, table: str) -> None:
    found, label = _table(test_data, table), LABELS["tables"][table]
    main = found.main_position
    decimal = main is not None and main.format == "degrees"  # what the labels are about
    position = [_source(found, main.ra), _source(found, main.dec)] if main and decimal else None
    assert position == label["position"]
    if table in HEADERLESS:
        assert found.id == found.columns[0].name
    elif label["id"]:
        assert _source(found, found.id) in label["id"]
    else:
        assert found.id is None
    assert found.content == label["kind"]
