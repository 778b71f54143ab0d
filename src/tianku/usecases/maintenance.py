"""Looking after the state database."""

from __future__ import annotations

from pathlib import Path

from tianku.model.config.load import load_site
from tianku.state import repositories
from tianku.usecases.installation import connect


def backup(root: Path, file: Path) -> None:
    """Copy the state database to `file` while it is in use."""
    connect(root)
    repositories.backup(file)


def restore(root: Path, file: Path) -> None:
    """Put `file` in place of the state database."""
    site = load_site(root)
    repositories.setup((root / site.data_root).resolve(), site.database)
    repositories.restore(file)


def migrate(root: Path) -> tuple[str, ...]:
    """Bring the database to this code's schema; return the migrations that were due."""
    site = load_site(root)
    repositories.setup((root / site.data_root).resolve(), site.database, "web", options={"site": site})
    due = repositories.schema_version().pending
    repositories.migrate()
    return due
