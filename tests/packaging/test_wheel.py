"""The wheel works where there is neither node nor a clone."""

from __future__ import annotations

import re
import subprocess
import sys
import sysconfig
import threading
import urllib.request
import zipfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.docs.session import wait_for

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]
#: what is no Python module, by folder and suffix
DATA = {
    "tianku/api/templates": {".html"},
    "tianku/model/vocabulary": {".yaml"},
    "tianku/pages/locale": {".yaml"},
    "tianku/pages/templates": {".html"},
    "tianku/products/readers": {".yaml"},
    "tianku/usecases/demo": {".yaml"},
    "tianku/vo": {".xml"},
}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of this tree, as `make wheel` builds it."""
    if not (ROOT / "src/tianku/static/manifest.json").is_file():
        pytest.fail("the front end is not built: run `make assets`")
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True, timeout=120)
    (found,) = folder.glob("*.whl")
    return found


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A virtual environment with the wheel; what it depends on is lent by the one that runs the tests."""
    folder = tmp_path_factory.mktemp("clean") / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True, timeout=60)
    python = str(folder / "bin" / "python")
    pip = [sys.executable, "-m", "pip", "--python", python, "install", "--quiet", "--no-index", "--no-deps"]
    subprocess.run([*pip, str(wheel)], check=True, timeout=120)
    # a .pth file lends the folder, without the .pth files in it: the clone of these tests is not among it
    (packages,) = folder.glob("lib/python*/site-packages")
    (packages / "lent.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return folder


@pytest.fixture(scope="module")
def bare(installed: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """An environment with an empty home, and nothing but the virtual environment in PATH."""
    return {"PATH": str(installed / "bin"), "HOME": str(tmp_path_factory.mktemp("home")), "LANG": "C.UTF-8"}


def run(installed: Path, bare: dict[str, str], *arguments: str) -> str:
    command = [str(installed / "bin" / "tianku"), *arguments]
    done = subprocess.run(command, env=bare, check=True, capture_output=True, text=True, timeout=120)
    return done.stdout


def _unexpected(name: str) -> bool:
    path = Path(name)
    if path.suffix == ".py" or name == "tianku/py.typed" or name.startswith("tianku/static/"):
        return not name.startswith("tianku/")
    if path.parts[0].endswith(".dist-info"):
        return False
    return not any(name.startswith(f"{folder}/") and path.suffix in kinds for folder, kinds in DATA.items())


def test_the_wheel_holds_the_package_its_texts_and_its_assets(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        broken = archive.testzip()
    assert broken is None
    assert [name for name, count in Counter(names).items() if count > 1] == []
    assert [name for name in names if _unexpected(name)] == []
    for folder in DATA:
        assert any(name.startswith(f"{folder}/") for name in names), folder
    tracked = subprocess.run(
        ["git", "ls-files", "src"], cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout
    wanted = {name.removeprefix("src/") for name in tracked.split() if (ROOT / name).is_file()}
    assert wanted - set(names) == set()
    assert {"tianku/static/manifest.json", "tianku/static/staticfiles.json"} <= set(names)
    assert any(name.endswith("licenses/LICENSE") for name in names)
    assert "tianku/static/assets/THIRD-PARTY.txt" in names


def test_the_installed_command_is_the_wheels(installed: Path, bare: dict[str, str]) -> None:
    python = [str(installed / "bin" / "python"), "-c", "import tianku; print(tianku.__file__)"]
    where = subprocess.run(python, env=bare, check=True, capture_output=True, text=True).stdout
    assert Path(where.strip()).is_relative_to(installed)
    assert re.fullmatch(r"tianku \d+\.\d+\S*\n", run(installed, bare, "--version"))


@pytest.fixture(scope="module")
def address(installed: Path, bare: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A new installation, served by the wheel."""
    root = tmp_path_factory.mktemp("site") / "site"
    run(installed, bare, "init", str(root))
    command = [str(installed / "bin" / "tianku"), "-r", str(root), "serve", "--port", "0"]
    with subprocess.Popen(command, env=bare, stderr=subprocess.PIPE, text=True) as server:
        assert server.stderr is not None
        line = server.stderr.readline()
        # read on, so that the server never waits for its log
        threading.Thread(target=server.stderr.read, daemon=True).start()
        found = re.search(r"http://[\d.]+:\d+", line)
        try:
            assert found is not None, line
            wait_for(found[0], server)
            yield found[0]
        finally:
            server.terminate()


@pytest.mark.parametrize("page", ["/", "/zh/", "/sql", "/account/login/", "/admin/cms/login/"])
def test_a_page_comes_with_its_assets(address: str, page: str) -> None:
    html = urllib.request.urlopen(address + page, timeout=30).read().decode()
    assets = set(re.findall(r'(?:src|href)="(/static/[^"]+)"', html))
    assert assets, html[:500]
    for asset in assets:
        with urllib.request.urlopen(address + asset, timeout=30) as reply:
            assert reply.status == 200
            assert reply.read()


def test_services_answer(address: str) -> None:
    reply = urllib.request.urlopen(f"{address}/vo/tap/tables", timeout=30).read().decode()
    assert "tap_schema.columns" in reply.lower()
