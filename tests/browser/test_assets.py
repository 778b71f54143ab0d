"""The build of the front end: complete, reproducible, free of addresses."""

from __future__ import annotations

import json
import re
from pathlib import Path
from types import ModuleType

from tests.support.pages_server import serving


def test_every_entry_has_a_hashed_file(static: Path, build_assets: ModuleType) -> None:
    names = json.loads((static / "manifest.json").read_text())
    assert set(names) == {Path(entry).name for entry in build_assets.ENTRIES}
    for logical, hashed in names.items():
        stem, suffix = logical.rsplit(".", 1)
        assert re.fullmatch(rf"assets/{stem}-[A-Z0-9]{{8}}\.{suffix}", hashed)
        assert (static / hashed).stat().st_size > 0


def test_a_second_build_does_nothing(static: Path, build_assets: ModuleType) -> None:
    assert build_assets.build(static) is False


def test_the_result_depends_only_on_the_inputs(static: Path, build_assets: ModuleType, tmp_path: Path) -> None:
    assert build_assets.build(tmp_path / "again") is True
    again = {p.name: p.read_bytes() for p in (tmp_path / "again" / "assets").iterdir()}
    assert again == {p.name: p.read_bytes() for p in (static / "assets").iterdir()}


def test_nothing_is_loaded_from_elsewhere(static: Path, build_assets: ModuleType) -> None:
    lock = (build_assets.SOURCES / "package-lock.json").read_text()
    assert '"resolved"' not in lock
    for file in (static / "assets").glob("*.css"):
        assert not re.search(r"url\(|@import", file.read_text().replace("url(data:", ""))
    for file in (static / "assets").glob("*.js"):
        assert not re.search(r"""(?:import|fetch)\s*\(\s*["'`]https?:""", file.read_text())


def test_licences_of_the_bundled_packages_travel_along(static: Path) -> None:
    text = (static / "assets" / "THIRD-PARTY.txt").read_text()
    for package in ("codemirror 6.0.2", "uplot 1.6.32", "@codemirror/view"):
        assert package in text


def test_the_small_server_says_what_is_missing(static: Path) -> None:
    with serving(static) as site:
        assert site.answer("/static/none.js", b"")[0] == 404


def test_files_of_the_admin_are_collected_with_hashed_names(static: Path, build_assets: ModuleType) -> None:
    build_assets.collect_django(static)
    names = json.loads((static / "staticfiles.json").read_text())["paths"]
    hashed = names["wagtailadmin/css/core.css"]
    assert hashed != "wagtailadmin/css/core.css"
    assert (static / hashed).is_file()
    assert build_assets.collect_django(static) is False
