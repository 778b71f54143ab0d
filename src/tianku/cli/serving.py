"""serve, worker and demo."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from tianku.cli.console import out, root_of
from tianku.cli.publishing import Bar
from tianku.usecases.demo.build import prepare_demo
from tianku.web.server import serve as run_server
from tianku.worker.run import LEASE_SECONDS, command

Host = Annotated[str, typer.Option(help="address to listen on")]
Port = Annotated[int, typer.Option(help="port to listen on")]
Workers = Annotated[int, typer.Option(min=1, help="server processes")]
Jobs = Annotated[bool, typer.Option("--worker/--no-worker", help="also do jobs here")]


def register(app: typer.Typer) -> None:
    """Add this module's commands to `app`."""
    app.command()(serve)
    app.command()(worker)
    app.command()(demo)


def serve(
    context: typer.Context,
    host: Host = "127.0.0.1",
    port: Port = 8000,
    workers: Workers = 1,
    worker: Jobs = True,
) -> None:
    """Serve the web site and all protocols, and do jobs."""
    run_server(root_of(context), host=host, port=port, workers=workers, jobs=worker)


def worker(
    context: typer.Context,
    lease: Annotated[float, typer.Option(min=1, help="seconds after which a dead worker's jobs go to another")] = (
        LEASE_SECONDS
    ),
) -> None:
    """Do jobs; as many of these as wanted run beside servers, on any node."""
    words = command(root_of(context), lease_seconds=lease)
    os.execv(words[0], words)  # noqa: S606 - our own interpreter and module


def demo(
    folder: Annotated[Path, typer.Argument(help="folder of the demo installation")] = Path("demo"),
    data: Annotated[Path | None, typer.Option(help="a folder of real LAMOST files to publish too")] = None,
    host: Host = "127.0.0.1",
    port: Port = 8000,
    workers: Workers = 1,
    worker: Jobs = True,
    no_serve: Annotated[bool, typer.Option("--no-serve", help="only build and publish")] = False,
) -> None:
    """Build and publish the demo installation (once), then serve it."""
    with Bar() as bar:
        account = prepare_demo(folder, lamost_files=data, progress=bar.step)
    out.print(
        f"Operator account: [bold]{account.user}[/]  password: [bold]{account.password}[/]  ({account.file})"
    )
    if not no_serve:
        out.print(f"Tianku is at [bold]http://{host}:{port}/[/]  (Ctrl-C stops it)")
        run_server(folder, host=host, port=port, workers=workers, jobs=worker)
