"""The root command: what every sub-command shares."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from tianku import __version__
from tianku.cli import access, accounts, configure, get, maintain, publishing, serving
from tianku.cli.console import report_error
from tianku.model.errors import TiankuError

app = typer.Typer(
    name="tianku",
    help="Publish astronomical data by configuration, and serve them.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
for part in (configure, publishing, serving, get, maintain):
    part.register(app)
app.add_typer(access.app, name="access")
app.add_typer(accounts.users, name="user")
app.add_typer(accounts.tokens, name="token")


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"tianku {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    context: typer.Context,
    root: Annotated[
        Path, typer.Option("--root", "-r", envvar="TIANKU_ROOT", help="folder of the installation (site.yaml)")
    ] = Path(),
    version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True)] = False,
) -> None:
    context.obj = root


def run() -> None:
    """Run the command; a `TiankuError` becomes one clear message and exit code 1."""
    try:
        app()
    except TiankuError as error:
        report_error(error)
        sys.exit(1)
