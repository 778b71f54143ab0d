"""Making an installation, and getting at the state database of one."""

from __future__ import annotations

import json
from pathlib import Path

from tianku.model.config.load import load_site
from tianku.model.config.site import SiteConfig
from tianku.model.errors import UsageError
from tianku.model.text import Text
from tianku.state import repositories
from tianku.state.repositories import Profile

_HEAD = "# The installation. Paths are relative to this file.\n"
_TAIL = """\
data_root: data              # snapshots, state database, caches
collections: collections     # <collection>/collection.yaml, <collection>/…/dataset.yaml
# sources: {lamost: /archive/lamost}    folder that a collection's source patterns start from
"""


def _yaml(value: object) -> str:
    """JSON is YAML too."""
    plain = value.model_dump(exclude_none=True) if isinstance(value, Text) else value
    return json.dumps(plain, ensure_ascii=False)


def create(root: Path, *, authority: str, title: str | Text, **more: object) -> SiteConfig:
    """Make ``site.yaml``, the folders and the state database in `root`; `more` are further keys.

    Raises
    ------
    UsageError
        ``installation.exists``
    """
    path = root / "site.yaml"
    if path.exists():
        raise UsageError("installation.exists", "{path} exists already; nothing was changed", path=path)
    root.mkdir(parents=True, exist_ok=True)
    keys = {"authority": authority, "title": title, **more}
    path.write_text("".join([_HEAD, *(f"{key}: {_yaml(value)}\n" for key, value in keys.items()), _TAIL]), "utf-8")
    try:
        site = load_site(root)
    except UsageError:
        path.unlink()
        raise
    (root / site.collections).mkdir(exist_ok=True)
    connect(root, site, profile="web", migrate=True)
    return site


def connect(
    root: Path, site: SiteConfig | None = None, *, profile: Profile = "worker", migrate: bool = False
) -> SiteConfig:
    """Set this process up for the state database of the installation in `root`.

    Raises
    ------
    FatalError
        ``state.newer``: the database is newer than this code.
    UsageError
        ``state.older``: `tianku migrate` is due.
    """
    site = site or load_site(root)
    repositories.setup((root / site.data_root).resolve(), site.database, profile, options={"site": site})
    if migrate:
        repositories.migrate()
    else:
        repositories.check_schema()
    return site
