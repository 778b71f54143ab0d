"""Errors name file, line, key and the fix."""

from __future__ import annotations

from pathlib import Path

import pytest

from tianku.model.config import ConfigError, load_collection, load_installation
from tianku.model.errors import UsageError

COLLECTION = "collection: demo\ntitle: Demo\n"


def write(folder: Path, text: str, collection: str = COLLECTION) -> Path:
    (folder / "demo").mkdir(parents=True, exist_ok=True)
    (folder / "demo/collection.yaml").write_text(collection)
    (folder / "demo/dataset.yaml").write_text(text)
    return folder / "demo/collection.yaml"


@pytest.mark.parametrize(
    ("text", "line", "key", "says"),
    [
        ("dataset: demo\ntabels: {}\n", 2, "tabels", "did you mean `tables`?"),
        ("dataset: demo\ntables:\n  a:\n    positions:\n      - {ra: x}\n", 5, "dec", "add `dec:`"),
        ("dataset: demo\ntables:\n  a:\n    kind: catalog\n", 4, "kind", "did you mean `catalogue`?"),
        ("dataset: Demo\n", 1, "dataset", "lower-case"),
        ("dataset: tap/x\n", 1, "dataset", "name of a service"),
        ("dataset: demo\nextends: demo/dr0\n", 2, "extends", "no dataset `demo/dr0`"),
        ("dataset: demo\nrelations: [a.b to c.d]\n", 2, "relations", "table.column -> table.column"),
        (
            "dataset: demo\ntables:\n  a:\n    positions:\n    - {ra: x, dec: y}\n    - {ra: u, dec: v}\n",
            3,
            "tables.a",
            "exactly one",
        ),
    ],
)
def test_error_names_line_key_and_fix(tmp_path, text, line, key, says):
    path = write(tmp_path, text)
    with pytest.raises(ConfigError) as caught:
        load_collection(path)
    problem = caught.value.problems[0]
    assert problem.file.name == "dataset.yaml"
    assert problem.line == line
    assert key in problem.key
    assert says in str(problem)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("dataset: demo\ndataset: demo\n", "twice"),
        ("dataset: !!python/object:os.system x\n", "tag"),
        ("dataset: [\n", "not valid YAML"),
        ("- 1\n", "mapping"),
    ],
)
def test_yaml_is_the_safe_subset(tmp_path, text, says):
    with pytest.raises(UsageError, match=says):
        load_collection(write(tmp_path, text))


def test_on_and_times_are_texts(tmp_path):
    path = write(tmp_path, "dataset: demo\ndescription: 05:11:48\ntitle: on\n")
    _, (dataset,) = load_collection(path)
    assert dataset.config.description.en == "05:11:48"
    assert dataset.config.title.en == "on"


def test_two_ids_of_one_schema_are_refused(tmp_path):
    (tmp_path / "site.yaml").write_text("authority: org.example\ntitle: Test\n")
    write(tmp_path / "collections", "dataset: demo/a.b\n")
    (tmp_path / "collections/demo/other").mkdir()
    (tmp_path / "collections/demo/other/dataset.yaml").write_text("dataset: demo/a-b\n")
    with pytest.raises(ConfigError, match="demo_a_b"):
        load_installation(tmp_path)


def test_extends_in_a_circle_is_refused(tmp_path):
    path = write(tmp_path, "dataset: demo/a\nextends: demo/b\n")
    (tmp_path / "demo/b").mkdir()
    (tmp_path / "demo/b/dataset.yaml").write_text("dataset: demo/b\nextends: demo/a\n")
    with pytest.raises(ConfigError, match="circle"):
        load_collection(path)
