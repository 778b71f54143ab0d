"""Rules that operators set while the site runs."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from typer.testing import CliRunner

from tests.support.releases import Clock, Releases, releases
from tianku.cli.main import app
from tianku.model.access import ANONYMOUS, Principal
from tianku.model.errors import AuthError, NotFoundError, TiankuError
from tianku.usecases.access import access
from tianku.usecases.centre import Centre
from tianku.usecases.query import run_adql

DATASET = "sim/dr1"
MEMBER = Principal(user="ada", groups=frozenset({"team"}))


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Releases]:
    with releases(tmp_path_factory.mktemp("access")) as one:
        one.csv("rows.csv", "id,v\n1,2\n")
        table = {"from": "rows.csv", "id": "id"}
        one.add(DATASET, tables={"stars": table, "own": table | {"access": {"data": ["group:team"]}}})
        yield one


@pytest.fixture
def centre(made: Releases) -> Iterator[Centre]:
    with made.opened(Clock(1.9e9)) as opened:
        yield opened


def tianku(made: Releases, *words: str) -> str:
    result = CliRunner().invoke(app, ["--root", str(made.root), "access", *words])
    if isinstance(result.exception, TiankuError):
        raise result.exception
    assert result.exit_code == 0, result.output
    return result.output


def rows(centre: Centre, who: Principal = ANONYMOUS) -> int:
    with run_adql(centre, who, "SELECT id FROM sim_dr1.stars") as answer:
        return sum(batch.num_rows for batch in answer.batches())


def test_a_level_is_closed_and_opened_again(made: Releases, centre: Centre) -> None:
    assert rows(centre) == 1
    said = tianku(made, "set", DATASET, "--metadata", "group:team", "--data", "group:team")
    assert "metadata: group:team" in said and "set by an operator" in said
    centre.refresh()
    with pytest.raises(AuthError):
        rows(centre)
    assert rows(centre, MEMBER) == 1
    assert "set by an operator" in tianku(made, "show", DATASET)
    assert "follows its configuration" in tianku(made, "reset", DATASET)
    centre.refresh()
    assert rows(centre) == 1


def test_a_change_builds_no_site_table_anew(made: Releases, centre: Centre) -> None:
    """ObsCore may be large, and a change must hold at once."""
    kept = made.root / "data" / "cache" / "site"
    before = sorted(kept.iterdir())
    tianku(made, "set", DATASET, "--data", "group:team")
    centre.refresh()
    assert sorted(kept.iterdir()) == before
    tianku(made, "reset", DATASET)


def test_a_date_is_set(made: Releases, centre: Centre) -> None:
    tianku(made, "set", f"{DATASET}/stars", "--public", "2030-03-17T17:46:40")  # 1.9e9
    centre.refresh()
    assert rows(centre) == 1
    centre.clock.now -= 1  # type: ignore[attr-defined]
    with pytest.raises(AuthError):
        rows(centre)
    tianku(made, "set", f"{DATASET}/stars", "--public", "never")
    assert "metadata: nobody" in tianku(made, "show", f"{DATASET}/stars")
    tianku(made, "reset", f"{DATASET}/stars")


def test_what_holds_is_listed(made: Releases) -> None:
    lines = {line.resource: line.text() for line in access(made.root)}
    assert lines == {
        DATASET: "existence: public; metadata: public; data: public",
        f"{DATASET}/own": "existence: public; metadata: public; data: group:team",
    }


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (["set", DATASET], "say which level"),
        (["set", DATASET, "--data", "everybody"], "is not `public`"),
        (["set", DATASET, "--public", "soon"], "is no date"),
        (["set", "sim/dr9", "--data", "public"], "no configured dataset"),
        (["set", f"{DATASET}/nothing", "--data", "public"], "no configured dataset"),
        (["reset", DATASET], "no operator has set"),
        (["show", "sim/dr9"], "no configured dataset"),
    ],
)
def test_mistakes_are_named(made: Releases, words: list[str], text: str) -> None:
    with pytest.raises((TiankuError, NotFoundError), match=text):
        tianku(made, *words)
