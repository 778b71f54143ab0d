"""Serving copies: made within their room, the least used going first, rebuilt behind what is shown."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from tests.support.releases import Clock, Releases, releases
from tianku.model.access import ANONYMOUS
from tianku.model.config.site import SiteConfig
from tianku.model.errors import UsageError
from tianku.usecases import serving
from tianku.usecases.gc import collect
from tianku.usecases.installation import connect
from tianku.usecases.jobs import copies, registry
from tianku.usecases.query import run_adql

TABLE = {"from": "stars.csv", "id": "id", "positions": [{"ra": "ra", "dec": "dec"}]}
SETS = ("sim/a", "sim/b")


def site(**said: str) -> SiteConfig:
    return SiteConfig.model_validate({"authority": "test.example", "title": "Test", "serving": said})


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Releases]:
    monkeypatch.delenv(serving.VARIABLE, raising=False)
    with releases(tmp_path) as one:
        one.csv("stars.csv", "id,ra,dec\n1,10,20\n2,11,21\n")
        for dataset in SETS:
            one.add(dataset, tables={"stars": TABLE})
        yield one


def configure(one: Releases, **said: str) -> SiteConfig:
    """Change what `site.yaml` says of serving copies."""
    path = one.root / "site.yaml"
    path.write_text(yaml.safe_dump(yaml.safe_load(path.read_text()) | {"serving": said}))
    return connect(one.root)


def there(one: Releases) -> set[str]:
    return {copy.path.parent.name for copy in serving.copies(one.root / "data")}


@pytest.mark.parametrize(
    ("of_site", "of_dataset", "forced", "expected"),
    [
        ("auto", "auto", None, "auto"),
        ("auto", "never", None, "never"),
        ("auto", "always", None, "always"),
        ("never", "always", None, "never"),
        ("always", "auto", None, "always"),
        ("always", "always", "never", "never"),
        ("never", "never", "always", "always"),
    ],
)
def test_the_site_and_then_the_data_set_decide(
    of_site: str, of_dataset: str, forced: str | None, expected: str
) -> None:
    environment = {serving.VARIABLE: forced} if forced else {}
    assert serving.mode(site(copies=of_site), of_dataset, environment) == expected


def test_other_words_of_the_environment_are_refused() -> None:
    with pytest.raises(UsageError, match="use auto, always or never"):
        serving.mode(site(), "auto", {serving.VARIABLE: "no"})


def test_the_least_recently_used_makes_room(made: Releases) -> None:
    first, second = (one.path for one in serving.copies(made.root / "data"))
    os.utime(first, (time.time() + 60,) * 2)
    size = first.stat().st_size
    shelf = serving.Shelf(made.root / "data", 2 * size + size // 2)
    assert shelf.make_room(size) and first.is_file() and not second.exists()
    assert not serving.Shelf(made.root / "data", size - 1).make_room(size) and first.is_file()


def test_queries_stamp_the_copies_they_use(made: Releases) -> None:
    paths = {one.path.parent.name: one.path for one in serving.copies(made.root / "data")}
    for path in paths.values():
        os.utime(path, (0, 0))
    with made.opened(Clock(0)) as centre:
        with run_adql(centre, ANONYMOUS, "SELECT * FROM sim_b.stars") as answer:
            assert sum(len(batch) for batch in answer.batches()) == 2
        centre.current().note_use()
    assert paths["a@1"].stat().st_mtime == 0 and paths["b@1"].stat().st_mtime > 0


def test_a_lost_copy_is_rebuilt_by_a_job_and_taken_up(made: Releases) -> None:
    lost = next(one.path for one in serving.copies(made.root / "data") if one.path.parent.name == "a@1")
    serving.delete(lost)
    with made.opened(Clock(0)) as centre:
        assert centre.current().stored["sim_a.stars"].serving is None
        (arguments,) = copies.lacking(centre)
        assert copies.queue_copy(arguments) and not copies.queue_copy(arguments)
        prepared = copies.prepare_copy(centre, ANONYMOUS, arguments, "")
        prepared.work.run(made.root / "data" / "jobs", 0)
        assert list(copies.lacking(centre)) == []
        centre.refresh()
        assert centre.current().stored["sim_a.stars"].serving == str(lost)


def test_nobody_can_ask_for_such_a_job() -> None:
    with pytest.raises(UsageError, match="There are no jobs of kind serving-copy"):
        registry.operation(copies.KIND)
    assert copies.KIND not in registry.OPERATIONS and registry.any_operation(copies.KIND).kind == copies.KIND


def test_without_copies_every_answer_is_the_same(made: Releases) -> None:
    configure(made, copies="never")
    assert there(made) == {"a@1", "b@1"}
    list(collect(made.root))
    assert there(made) == set()
    with made.opened(Clock(0)) as centre:
        assert list(copies.lacking(centre)) == []
        with run_adql(centre, ANONYMOUS, "SELECT id FROM sim_b.stars ORDER BY id") as answer:
            assert [row["id"] for batch in answer.batches() for row in batch.to_pylist()] == [1, 2]
