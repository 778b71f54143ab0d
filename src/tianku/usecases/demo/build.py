"""The demo installation: real catalogues from packages, a simulated release, and your own files."""

from __future__ import annotations

import importlib.resources
import secrets
import shutil
from dataclasses import dataclass
from pathlib import Path

from tianku.model.config.load import load_installation
from tianku.model.text import Text
from tianku.products.simulate import simulate_release
from tianku.state import repositories
from tianku.usecases.download_files import make_downloads
from tianku.usecases.ingest import ingest_dataset
from tianku.usecases.installation import connect, create
from tianku.usecases.progress import Progress, Step, silent
from tianku.usecases.publish import publish

ACCOUNT = "demo"
SIMULATED = "lamost-sim"
_TITLE = Text(en="Tianku demo", zh="天库演示站")
_PUBLISHER = Text(en="A demonstration of Tianku", zh="天库软件演示")
_THANKS = Text(
    en="Hipparcos and Gaia are missions of the European Space Agency.", zh="依巴谷与盖亚为欧洲空间局的空间任务。"
)


@dataclass(frozen=True, slots=True)
class Account:
    """The operator account of the demo; its password is only in `file` (mode 0600)."""

    user: str
    password: str
    file: Path


def prepare_demo(root: Path, *, lamost_files: Path | None = None, progress: Progress = silent) -> Account:
    """Make the demo installation in `root` where something of it is missing; return its operator account.

    Every step is left out when it was done before, so a second run takes seconds.
    """
    if not (root / "site.yaml").exists():
        create(root, authority="tianku.example", title=_TITLE, publisher=_PUBLISHER, acknowledgement=_THANKS)
    else:
        connect(root, profile="web", migrate=True)
    sources = _configure(root, lamost_files)
    _site_sources(root, sources)
    if not any(sources[SIMULATED].rglob("*.fits.gz")):
        progress(Step("simulating spectra", 0, unit="files"))
        simulate_release(sources[SIMULATED])
    for name in load_installation(root).datasets:
        report = ingest_dataset(root, name, progress=progress)
        if not report.unchanged or not _shown(name):
            publish(root, name, report.revision)
        if report.manifest.tables:
            make_downloads(root, name, progress=progress)
    return _account(root)


def _configure(root: Path, lamost_files: Path | None) -> dict[str, Path]:
    """Copy the collections' configurations into the installation; return where their sources are."""
    templates = importlib.resources.files("tianku.usecases.demo")
    folder = root / "collections"
    with importlib.resources.as_file(templates / "collections") as collections:
        shutil.copytree(collections, folder, dirs_exist_ok=True)
    sources = {SIMULATED: (root / "sources" / SIMULATED).resolve()}
    with importlib.resources.as_file(templates / "lamost") as lamost:
        if lamost_files is None:
            shutil.copy(lamost / "collection.yaml", folder / "lamost")
        else:
            shutil.copytree(lamost, folder / "lamost", dirs_exist_ok=True)
            sources["lamost"] = lamost_files.resolve()
    for path in sources.values():
        path.mkdir(parents=True, exist_ok=True)
    return sources


def _site_sources(root: Path, sources: dict[str, Path]) -> None:
    path = root / "site.yaml"
    kept = path.read_text("utf-8").split("\nsources:")[0].rstrip()
    lines = [f"  {name}: {str(folder)!r}" for name, folder in sources.items()]
    if "lamost" not in sources:
        lines += [line for line in path.read_text("utf-8").splitlines() if line.startswith("  lamost: ")]
    path.write_text("\n".join([kept, "sources:", *lines]) + "\n", "utf-8")


def _shown(dataset: str) -> bool:
    with repositories.session():
        return any(r.dataset == dataset and r.state == "published" for r in repositories.publications())


def _account(root: Path) -> Account:
    site = connect(root, profile="web")
    file = (root / site.data_root).resolve() / "demo-account"
    with repositories.session():
        exists = any(user.username == ACCOUNT for user in repositories.users())
        if exists and file.exists():
            return Account(ACCOUNT, file.read_text("utf-8").strip(), file)
        password = secrets.token_urlsafe(12)
        if exists:
            repositories.set_password(ACCOUNT, password)
        else:
            repositories.create_user(ACCOUNT, password=password, operator=True)
    file.touch(mode=0o600)
    file.write_text(password + "\n", "utf-8")
    return Account(ACCOUNT, password, file)
