"""backup, restore and migrate: the state database; fsck and gc: the files."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tianku.cli.console import out, root_of
from tianku.usecases import fsck as checks
from tianku.usecases import gc as garbage
from tianku.usecases import maintenance as use


def register(app: typer.Typer) -> None:
    """Add this module's commands to `app`."""
    for command in (backup, restore, migrate, fsck, gc):
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


def fsck(
    context: typer.Context,
    dataset: Annotated[str | None, typer.Argument(help="id of a data set; all if left out")] = None,
    deep: Annotated[bool, typer.Option("--deep", help="read every value and every product file too")] = False,
) -> None:
    """Compare every file of the snapshots, and what was made from them, with what was written."""
    found = 0
    for finding in checks.fsck(root_of(context), dataset, deep=deep):
        found += 1
        out.print(f"{finding.file}: {finding.what}\n    {finding.fix}", markup=False, soft_wrap=True)
    out.print(f"{found} problem(s) found.")
    if found:
        raise typer.Exit(1)


def gc(
    context: typer.Context,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="only list what would be deleted")] = False,
    originals: Annotated[
        bool, typer.Option("--originals", help="also copied product files that no snapshot names")
    ] = False,
) -> None:
    """Delete snapshots, caches and temporary files that nothing needs any more."""
    count = freed = 0
    for waste in garbage.collect(root_of(context), dry_run=dry_run, originals=originals):
        count, freed = count + 1, freed + waste.bytes
        out.print(f"{waste.bytes / 1e6:12,.3f} MB  {waste.path}: {waste.reason}", markup=False, soft_wrap=True)
    out.print(f"{count} {'would be' if dry_run else 'were'} deleted, {freed / 1e6:,.3f} MB.")
