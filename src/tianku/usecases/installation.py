"""Making an installation, and getting at the state database of one."""

from __future__ import annotations

import json
from pathlib import Path

from tianku.model.config.load import load_site
from tianku.model.config.site import SiteConfig
from tianku.model.errors import UsageError
from tianku.state import repositories
from tianku.state.repositories import Profile

_SITE = """\
# The installation. Paths are relative to this file.
authority: {authority}
title: {title}
data_root: data              # snapshots, state database, caches
collections: collections     # <collection>/collection.yaml, <collection>/…/dataset.yaml
# sources: {{lamost: /archive/lamost}}    folder that a collection's source patterns start from
"""


def create(root: Path, *, authority: str, title: str) -> SiteConfig:
    """Make ``site.yaml``, the folders and the state database in `root`.

    Raises
    ------
    UsageError
        ``installation.exists``
    """
    path = root / "site.yaml"
    if path.exists():
        raise UsageError("installation.exists", "{path} exists already; nothing was changed", path=path)
    root.mkdir(parents=True, exist_ok=True)
    quoted = json.dumps(title, ensure_ascii=False)
    path.write_text(_SITE.format(authority=json.dumps(authority), title=quoted), "utf-8")
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
