"""backup, restore and migrate: the state database."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tianku.cli.console import out, root_of
from tianku.usecases import maintenance as use


def register(app: typer.Typer) -> None:
    """Add this module's commands to `app`."""
    for command in (backup, restore, migrate):
        app.command()(command)


def backup(context: typer.Context, file: Annotated[Path, typer.Argument(help="file to write")]) -> None:
    """Copy the state database while it is in use."""
    use.backup(root_of(context), file)
    out.print(f"Wrote {file}.")


def restore(context: typer.Context, file: Annotated[Path, typer.Argument(exists=True)]) -> None:
    """Put a backup in place of the state database; stop the servers first."""
    use.restore(root_of(context), file)
    out.print(f"Restored {file}.")


def migrate(context: typer.Context) -> None:
    """Bring the state database to this version's schema."""
    applied = use.migrate(root_of(context))
    out.print(f"Applied: {', '.join(applied)}." if applied else "Nothing to do.")
