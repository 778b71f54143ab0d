"""get: download archives and files of any Tianku site."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.progress import BarColumn, DownloadColumn, Progress, TimeRemainingColumn, TransferSpeedColumn

from tianku import client
from tianku.cli.console import err, out


def register(app: typer.Typer) -> None:
    """Add this module's commands to `app`."""
    app.command()(get)


def get(
    address: Annotated[str, typer.Argument(help="an archive or file to download; with --query or --ids a site")],
    output: Annotated[Path | None, typer.Option("--output", "-o", help="file to write")] = None,
    query: Annotated[str | None, typer.Option(help="ADQL that gives a column obs_publisher_did")] = None,
    ids: Annotated[Path | None, typer.Option(help="file of publisher identifiers, one a line")] = None,
    segments: Annotated[int, typer.Option("--segments", "-x", min=1, max=32, help="connections at a time")] = 4,
    token: Annotated[str | None, typer.Option(envvar="TIANKU_TOKEN", help="access token of your account")] = None,
) -> None:
    """Download an archive: resumed after a break, checked, only what is damaged fetched again."""
    asked: dict[str, Any] = {}
    if query is not None:
        asked["query"] = query
    if ids is not None:
        asked["ids"] = ids.read_text("utf-8").split()
    url = client.choose(address, asked, token) if asked else address
    target = output or Path(url.rstrip("/").rpartition("/")[2][-24:])
    columns = (BarColumn(), DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn())
    with Progress(*columns, console=err) as bar:
        task = bar.add_task("", total=None)
        client.get(
            url,
            target,
            segments=segments,
            token=token,
            progress=lambda done, total: bar.update(task, completed=done, total=total),
        )
    out.print(str(target), markup=False, soft_wrap=True)
