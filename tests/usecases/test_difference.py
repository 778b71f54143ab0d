"""Two versions with planted changes: exactly these are found."""

from __future__ import annotations

import json
from collections.abc import Iterator

import numpy as np
import pytest

from tests.support.asgi import get
from tests.support.releases import Clock, Releases, releases
from tianku.model.access import ANONYMOUS
from tianku.model.errors import NotFoundError, UsageError
from tianku.pages.source import CentreSource
from tianku.usecases import difference
from tianku.usecases.centre import Centre
from tianku.web.app import create_app

OLD, NEW = "sim/dr1/v1", "sim/dr1/v2"
COUNT = 5000
NAMES = ("id", "ra", "dec", "teff", "feh", "class", "flag")


def _planted() -> tuple[list[dict], list[dict], dict[str, set[int]], set[int], set[int]]:
    """Rows before and after, which values were changed, and which rows came and went."""
    random = np.random.default_rng(11)
    old = [
        {
            "id": i,
            "ra": round(random.uniform(0, 360), 6),
            "dec": round(random.uniform(-60, 60), 6),
            "teff": round(random.uniform(3500, 9000), 2),
            "feh": None if i % 7 == 0 else round(random.uniform(-2, 1), 3),
            "class": random.choice(["A", "F", "G"]),
            "flag": int(random.integers(0, 9)),
        }
        for i in range(COUNT)
    ]
    new = [dict(row) for row in old]
    planted: dict[str, set[int]] = {name: set() for name in ("ra", "teff", "feh", "class", "flag")}
    for i in random.choice(COUNT, 40, replace=False):
        new[i]["teff"] = round(new[i]["teff"] + 0.01, 2)
        planted["teff"].add(int(i))
    for i in (7, 14, 21):  # a value where there was none
        new[i]["feh"] = 0.5
    for i in (1, 2):  # none where there was a value
        new[i]["feh"] = None
    planted["feh"] = {7, 14, 21, 1, 2}
    for i in (1, 30, 31):
        new[i]["class"] = "Q"
        planted["class"].add(i)
    new[40]["ra"] = new[40]["ra"] + 1e-6  # a row that moves on the sky
    planted["ra"].add(40)
    gone = {100, 200, 300}
    new = [row for row in new if row["id"] not in gone]
    came = {COUNT, COUNT + 1}
    new += [dict(old[0], id=i) for i in sorted(came)]
    random.shuffle(new)
    planted = {name: ids - gone for name, ids in planted.items()}
    return old, new, planted, came, gone


def _csv(rows: list[dict], drop: str = "", more: str = "") -> str:
    names = [n for n in NAMES if n != drop]
    head = ",".join([*names, more] if more else names)
    lines = [
        ",".join(["" if row[n] is None else str(row[n]) for n in names] + (["1"] if more else [])) for row in rows
    ]
    return "\n".join([head, *lines])


@pytest.fixture(scope="module")
def planted() -> tuple:
    return _planted()


@pytest.fixture(scope="module")
def made(planted: tuple, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Releases]:
    old, new, *_ = planted
    with releases(tmp_path_factory.mktemp("difference")) as one:
        one.csv("old.csv", _csv(old))
        one.csv("new.csv", _csv(new, drop="flag", more="extra"))
        one.csv("repeated.csv", "id,v\n1,2\n1,3\n")
        one.csv("dated.csv", "id,ra,dec,day\n1,1,1,2020-01-01\n2,2,2,2040-01-01\n")
        place = {"id": "id", "positions": [{"ra": "ra", "dec": "dec"}]}
        plain = {"from": "repeated.csv", "id": "id"}
        dated = {"from": "dated.csv", **place, "access": {"public_from": "day"}}
        texts = {"columns": [{"name": "id", "type": "string"}]}
        kelvin = {"name": "teff", "unit": "K", "type": "float32"}
        one.add(
            OLD,
            tables={"stars": {"from": "old.csv", **place}, "repeated": plain, "gone": plain, "dated": dated,
                    "named": {"from": "old.csv", **place} | texts},
        )  # fmt: skip
        one.add(
            NEW,
            supersedes=OLD,
            tables={"stars": {"from": "new.csv", **place, "columns": [kelvin]},
                    "repeated": plain, "fresh": plain, "dated": dated, "named": {"from": "new.csv", **place}},
        )  # fmt: skip
        yield one


@pytest.fixture(scope="module")
def centre(made: Releases) -> Iterator[Centre]:
    with made.opened(Clock(1.9e9)) as opened:
        yield opened


def listed(centre: Centre, **more) -> list[dict]:
    with difference.changes(centre, ANONYMOUS, NEW, OLD, "stars", **more) as answer:
        return [row for batch in answer.batches() for row in batch.to_pylist()]


def test_exactly_the_planted_changes_are_counted(centre: Centre, planted: tuple) -> None:
    old, new, values, came, gone = planted
    found = difference.table_difference(centre, ANONYMOUS, NEW, OLD, "stars")
    assert (found.old_rows, found.new_rows) == (len(old), len(new))
    assert (found.added, found.removed) == (len(came), len(gone))
    columns = {column.name: column for column in found.columns}
    # every temperature was rounded to single precision; 0.5 and the like survive it
    singles = sum(np.float32(r["teff"]) != r["teff"] for r in new if r["id"] not in came)
    assert columns["teff"].state == "retyped" and columns["teff"].changed >= singles
    assert (columns["teff"].old_type, columns["teff"].new_type) == ("float64", "float32")
    assert (columns["teff"].old_unit, columns["teff"].new_unit) == (None, "K")
    for name in ("ra", "feh", "class"):
        assert columns[name].changed == len(values[name]), name
    assert columns["dec"].changed == 0 and columns["dec"].state == "same"
    assert columns["extra"].state == "added" and columns["flag"].state == "removed"
    assert columns["flag"].changed is None and columns["extra"].changed is None


def test_exactly_the_planted_changes_are_listed(centre: Centre, planted: tuple) -> None:
    old, new, values, came, gone = planted
    before, after = ({row["id"]: row for row in rows} for rows in (old, new))
    for name in ("ra", "feh", "class"):
        rows = listed(centre, kinds=["changed"], columns=[name])
        assert [row["id"] for row in rows] == sorted(values[name])
        for row in rows:
            assert row["column_name"] == name and row["change"] == "changed"
            for side, text in ((before, row["old"]), (after, row["new"])):
                value = side[row["id"]][name]
                assert text == (None if value is None else str(value))
    assert [(r["id"], r["change"], r["old"]) for r in listed(centre, kinds=["added"])] == [
        (i, "added", None) for i in sorted(came)
    ]
    assert {r["id"] for r in listed(centre, kinds=["removed"])} == gone


def test_the_list_is_paged_in_order(centre: Centre) -> None:
    whole = listed(centre, columns=["class", "feh"])
    pages = [listed(centre, columns=["class", "feh"], offset=i, maxrec=4) for i in range(0, len(whole), 4)]
    assert [row for page in pages for row in page] == whole and len(whole) == 3 + 5 + 2 + 3
    with difference.changes(centre, ANONYMOUS, NEW, OLD, "stars", maxrec=4) as answer:
        assert sum(b.num_rows for b in answer.batches()) == 4 and answer.overflowed


def test_backwards_added_and_removed_change_places(centre: Centre, planted: tuple) -> None:
    found = difference.table_difference(centre, ANONYMOUS, OLD, NEW, "stars")
    assert (found.added, found.removed) == (len(planted[4]), len(planted[3]))


def test_a_comparison_is_made_once(centre: Centre, monkeypatch: pytest.MonkeyPatch) -> None:
    first = difference.table_difference(centre, ANONYMOUS, NEW, OLD, "stars")
    monkeypatch.setattr(centre.long, "run", None)
    assert difference.table_difference(centre, ANONYMOUS, NEW, OLD, "stars") == first


def test_rows_that_are_closed_are_not_compared(centre: Centre) -> None:
    found = difference.table_difference(centre, ANONYMOUS, NEW, OLD, "dated")
    assert (found.old_rows, found.new_rows, found.changed) == (1, 1, 0)


def test_tables_of_both_versions(centre: Centre) -> None:
    found = difference.dataset_difference(centre, ANONYMOUS, NEW, OLD)
    assert (found.added, found.removed) == (("fresh",), ("gone",))
    assert found.common == ("stars", "repeated", "dated", "named")


@pytest.mark.parametrize(("table", "code"), [("repeated", "difference.repeated"), ("named", "difference.id_type")])
def test_rows_that_cannot_be_told_apart(centre: Centre, table: str, code: str) -> None:
    with pytest.raises(UsageError) as caught:
        difference.table_difference(centre, ANONYMOUS, NEW, OLD, table)
    assert caught.value.code == code


def test_unknown_names(centre: Centre) -> None:
    for dataset, other, table in ((NEW, "sim/dr9", "stars"), (NEW, OLD, "fresh"), (NEW, OLD, "nothing")):
        with pytest.raises(NotFoundError):
            difference.table_difference(centre, ANONYMOUS, dataset, other, table)
    with pytest.raises(UsageError, match="change is one of"):
        listed(centre, kinds=["moved"])


def test_the_api_tells_the_same(centre: Centre) -> None:
    app = create_app(centre)
    base = f"/api/v1/datasets/{NEW}/difference/{OLD}"
    assert json.loads(get(app, base).text)["common"] == ["stars", "repeated", "dated", "named"]
    whole = difference.table_difference(centre, ANONYMOUS, NEW, OLD, "stars")
    assert json.loads(get(app, f"{base}?table=stars").text) == whole.model_dump(mode="json")
    lines = get(app, f"{base}/rows?table=stars&column=class&change=changed&format=csv").text.split()
    assert lines[0] == "id,change,column_name,old,new" and len(lines) == 4
    assert [line.split(",")[0] for line in lines[1:]] == ["1", "30", "31"]
    page = json.loads(get(app, f"{base}/rows?table=stars&column=feh&change=changed&offset=1&limit=2").text)
    assert [row[0] for row in page["data"]] == [2, 7]
    for query, status in (
        ("", 400),
        ("?table=stars&change=x", 400),
        ("?table=stars&limit=x", 400),
        ("?table=no", 404),
    ):
        assert get(app, f"{base}/rows{query}").status == status, query


def test_the_page_shows_a_part_of_the_list(centre: Centre) -> None:
    view = CentreSource(centre).difference(ANONYMOUS, NEW, OLD, "stars", 0, 10)
    assert len(view.lines) == 10 and view.more and view.other.id == OLD
    assert CentreSource(centre).difference(ANONYMOUS, NEW, OLD, None, 0, 10).found is None
